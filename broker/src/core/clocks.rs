//! Fencing in time: how long an answer may be believed, and when the clocks give cause for doubt.

use super::Core;
use super::input::Now;
use super::limits::{LEAP_MS, REACT_MS};

/// H(T): how long, counted from *before the message was sent*, a lease of which the answer says
/// that `left_ms` are left may be believed.
///
/// With ρ = 0.05 the drift allowed to either clock and r = 1 s to react it is
/// `T·(1 − ρ)/(1 + ρ) − r`; 0.95/1.05 = 19/21.
#[must_use]
pub fn fence_ms(left_ms: u64) -> u64 {
    let scaled = u128::from(left_ms) * 19 / 21;
    u64::try_from(scaled)
        .unwrap_or(u64::MAX)
        .saturating_sub(REACT_MS)
}

/// The two clocks against each other.
#[derive(Debug)]
pub(super) struct Clocks {
    /// Wall clock minus boot-time clock, in ms: the smallest since the sending of the renewal
    /// that was answered last.
    base: i64,
    /// Answers to messages sent earlier than this, on the boot-time clock, confirm nothing: the
    /// machine may have stood still in between.
    pub(super) doubt_at: u64,
}

impl Clocks {
    pub(super) fn new(now: Now) -> Self {
        Self {
            base: offset(now),
            doubt_at: 0,
        }
    }
}

/// How far the wall clock is ahead of the boot-time clock.
pub(super) fn offset(now: Now) -> i64 {
    now.wall
        .unix_ms
        .saturating_sub(i64::try_from(now.boot_ms).unwrap_or(i64::MAX))
}

impl Core {
    /// Takes the step's readings and doubts every seat when the wall clock has run ahead.
    pub(super) fn observe_clocks(&mut self, now: Now) {
        self.now = Now {
            boot_ms: now.boot_ms.max(self.now.boot_ms),
            wall: now.wall,
        };
        let offset = offset(now);
        if offset > self.clocks.base.saturating_add(LEAP_MS) {
            self.clocks.doubt_at = self.now.boot_ms;
            self.clocks.base = offset;
            self.renew_now = true;
        }
        self.clocks.base = self.clocks.base.min(offset);
    }

    /// A renewal was answered: from now on only a leap after its sending is a leap.
    pub(super) fn settle_clocks(&mut self, sent_ms: u64, sent_offset: i64) {
        if sent_ms >= self.clocks.doubt_at {
            self.clocks.base = self.clocks.base.max(sent_offset);
        }
    }
}
