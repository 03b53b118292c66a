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
    u64::try_from(scaled).unwrap_or(u64::MAX).saturating_sub(REACT_MS)
}

/// The two clocks against each other.
#[derive(Debug, Clone)]
pub(super) struct Clocks {
    /// Wall clock minus boot-time clock, in ms: the smallest since the sending of the renewal
    /// that was answered last.
    base: i64,
    /// How often the machine has stood still. An answer to a message that was sent before the
    /// last time confirms nothing; the boot-time clock cannot tell, it may have stood still too.
    pub(super) leaps: u64,
}

/// The clocks *before* a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sending {
    /// The boot-time clock, in ms.
    pub(super) at: u64,
    /// Wall clock minus boot-time clock, in ms.
    offset: i64,
    /// [`Clocks::leaps`] at that moment.
    pub(super) leaps: u64,
}

impl Clocks {
    pub(super) fn new(now: Now) -> Self {
        Self { base: offset(now), leaps: 0 }
    }
}

/// How far the wall clock is ahead of the boot-time clock.
fn offset(now: Now) -> i64 {
    now.wall.unix_ms.saturating_sub(i64::try_from(now.boot_ms).unwrap_or(i64::MAX))
}

impl Core {
    /// Takes the step's readings and doubts every seat when the wall clock has run ahead.
    pub(super) fn observe_clocks(&mut self, now: Now) {
        self.now = Now { boot_ms: now.boot_ms.max(self.now.boot_ms), wall: now.wall };
        let offset = offset(now);
        if offset > self.clocks.base.saturating_add(LEAP_MS) {
            self.clocks.leaps += 1;
            self.clocks.base = offset;
            self.renew_now = true;
        }
        self.clocks.base = self.clocks.base.min(offset);
    }

    /// A renewal was answered: from now on only a leap after its sending is a leap.
    pub(super) fn settle_clocks(&mut self, sent: Sending) {
        if sent.leaps == self.clocks.leaps {
            self.clocks.base = self.clocks.base.max(sent.offset);
        }
    }

    /// The clocks, for a message that is sent in this step.
    pub(super) fn sending(&self) -> Sending {
        Sending { at: self.now.boot_ms, offset: offset(self.now), leaps: self.clocks.leaps }
    }
}
