//! A time on the pool's monotonic clock.

use core::ops::Add;
use core::time::Duration;

/// Milliseconds on the pool's monotonic clock, from any beginning.
///
/// It says nothing after a restart and is never stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

impl Mono {
    /// The time from `earlier` to this one; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The time `duration` after this one, the end of all time at the latest.
    ///
    /// Rounds a part of a millisecond up: an end that comes later is always safe.
    #[must_use]
    pub fn later_by(self, duration: Duration) -> Mono {
        let whole = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let part = u64::from(!duration.subsec_nanos().is_multiple_of(1_000_000));
        Mono(self.0.saturating_add(whole).saturating_add(part))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;

    /// As [`Mono::later_by`].
    fn add(self, duration: Duration) -> Mono {
        self.later_by(duration)
    }
}
