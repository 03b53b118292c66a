//! How late is too late, and how early too early.

use std::time::Duration;

use super::yardstick::Busy;
use crate::world::{AT_ONCE, GRACE};

/// What whoever ended a seat may take for it: the second of the promise.
const TO_BE_TOLD: Duration = AT_ONCE;
/// Clocks of programs count whole milliseconds, and so may be a little early.
const ROUNDING: Duration = Duration::from_millis(10);

/// How long a seat may outlive an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// A second: whoever ended said so.
    AtOnce,
    /// The grace in which a tray may come back, and a second.
    Grace,
    /// T: nobody is there to say anything.
    Lease,
}

impl Within {
    /// The part of it that a clock measures: however busy the machine, it becomes no longer by that.
    fn clock(self, lease: Duration) -> Duration {
        match self {
            Within::AtOnce => Duration::ZERO,
            Within::Grace => GRACE.saturating_sub(TO_BE_TOLD),
            Within::Lease => lease,
        }
    }

    /// As the table promises it, where the lease is this.
    #[must_use]
    pub fn promised(self, lease: Duration) -> Duration {
        match self {
            Within::AtOnce => AT_ONCE,
            Within::Grace => GRACE,
            Within::Lease => lease,
        }
    }

    /// The latest time at which the seat must be seen to be free. On a machine at ease that is the clock's part and a
    /// second, in which the release is also read from the journal; the second becomes longer by as much as the machine
    /// is busy, and the clock's part does not.
    #[must_use]
    pub fn latest(self, lease: Duration, busy: Busy) -> Duration {
        self.clock(lease) + TO_BE_TOLD.mul_f64(busy.times())
    }

    /// The earliest time: a tray that comes back within its grace finds its seat.
    #[must_use]
    pub fn earliest(self) -> Duration {
        match self {
            Within::Grace => GRACE.saturating_sub(TO_BE_TOLD + ROUNDING),
            Within::AtOnce | Within::Lease => Duration::ZERO,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Within::AtOnce => "1 s",
            Within::Grace => "grace + 1 s",
            Within::Lease => "T",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Duration = Duration::from_secs(90);

    #[test]
    fn a_machine_at_ease_keeps_the_promise_to_the_second() {
        let latest = |within: Within| within.latest(T, Busy::NOT_AT_ALL).as_secs_f64();
        assert_eq!([Within::AtOnce, Within::Grace, Within::Lease].map(latest), [1.0, 11.0, 91.0]);
    }

    #[test]
    fn only_a_grace_has_an_earliest_end() {
        assert_eq!(Within::Grace.earliest(), Duration::from_millis(9_990));
        assert_eq!(Within::AtOnce.earliest(), Duration::ZERO);
    }
}
