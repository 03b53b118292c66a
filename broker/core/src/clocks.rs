//! Fencing in time: how long an answer may be believed, and when the clocks give cause for doubt.

use alloc::collections::VecDeque;

use hotseat_protocol::ids::WallTime;
use hotseat_protocol::quantity::LeaseMs;

use super::input::Now;
use super::limits::{LEAP_MS, REACT_MS};

/// H(T): how long, counted from *before the message was sent*, a lease of which the answer says
/// that `left_ms` are left may be believed.
///
/// With ρ = 0.05 the drift allowed to either clock and r = 1 s to react it is
/// `T·(1 − ρ)/(1 + ρ) − r`; 0.95/1.05 = 19/21. More than the longest lease is never believed.
#[must_use]
pub fn fence_ms(left_ms: u64) -> u64 {
    let left_ms = left_ms.min(LeaseMs::MAX.get());
    let scaled = u128::from(left_ms).saturating_mul(19) / 21;
    u64::try_from(scaled).unwrap_or(u64::MAX).saturating_sub(REACT_MS)
}

/// The two clocks against each other.
#[derive(Debug, Clone)]
pub(super) struct Clocks {
    /// The lowest readings since the sending of the renewal that was answered last: each with the
    /// lowest after it. What the wall clock runs ahead of the boot-time clock is counted from the
    /// first. There is always one, and never more than [`LEAP_MS`] allows: each is higher than the
    /// one before, and none so much higher than the first.
    lows: VecDeque<Low>,
    /// How often the machine has stood still, or was taken for an older copy. An answer to a
    /// message that was sent before the last time confirms nothing; the boot-time clock cannot
    /// tell, it may have stood still too.
    pub(super) leaps: u64,
}

/// A reading of both clocks.
#[derive(Debug, Clone, Copy)]
struct Low {
    /// The boot-time clock, in ms.
    at: u64,
    /// Wall clock minus boot-time clock, in ms.
    offset: i64,
}

/// The clocks *before* a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sending {
    /// The boot-time clock, in ms.
    pub(super) at: u64,
    /// [`Clocks::leaps`] at that moment.
    pub(super) leaps: u64,
}

impl Clocks {
    pub(super) fn new(now: Now) -> Self {
        let low = Low { at: now.boot_ms, offset: offset(now) };
        Self { lows: VecDeque::from([low]), leaps: 0 }
    }

    /// From now on no answer to what was sent before confirms anything.
    pub(super) fn doubt(&mut self) {
        self.leaps = self.leaps.saturating_add(1);
    }

    /// Takes the readings of a step, which counts as taken at `at` of the boot-time clock; says
    /// whether the machine has stood still before it.
    pub(super) fn read(&mut self, at: u64, now: Now) -> bool {
        let offset = offset(now);
        let base = self.lows.front().map_or(offset, |low| low.offset);
        let leapt = offset > base.saturating_add(LEAP_MS);
        if leapt {
            self.doubt();
            self.lows.clear();
        }
        while self.lows.back().is_some_and(|low| low.offset >= offset) {
            self.lows.pop_back();
        }
        self.lows.push_back(Low { at, offset });
        leapt
    }

    /// A renewal was answered: from now on only a leap after its sending is a leap.
    pub(super) fn settle(&mut self, sent: Sending) {
        if sent.leaps == self.leaps {
            self.forget_before(sent.at);
        }
    }

    /// Forgets the readings from before this time, but never the newest.
    fn forget_before(&mut self, at: u64) {
        while self.lows.len() > 1 && self.lows.front().is_some_and(|low| low.at < at) {
            self.lows.pop_front();
        }
    }
}

/// How far the wall clock is ahead of the boot-time clock.
fn offset(now: Now) -> i64 {
    now.wall.unix_ms.saturating_sub(i64::try_from(now.boot_ms).unwrap_or(i64::MAX))
}

/// A wall time for people, some time after `wall`.
pub(super) fn later(wall: WallTime, ms: u64) -> WallTime {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    WallTime { unix_ms: wall.unix_ms.saturating_add(ms) }
}
