//! Time: the only file of the pool server that reads it.

use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hotseat_protocol::ids::WallTime;

use hotseat_rules::Mono;

/// What the pool knows of time. Everything that is decided is decided by [`Clock::mono`].
pub trait Clock: Debug + Send + Sync {
    /// Milliseconds on a clock that never goes back; it may stand still while the computer sleeps,
    /// and waiting longer is always safe.
    fn mono(&self) -> Mono;

    /// The time of day, for people only.
    fn wall(&self) -> WallTime;
}

/// The computer's clocks.
#[derive(Debug)]
pub struct SystemClock {
    began: Instant,
}

impl SystemClock {
    /// A clock whose [`Clock::mono`] begins now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the home of clocks")]
    pub fn new() -> Self {
        Self { began: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn mono(&self) -> Mono {
        let elapsed = self.began.elapsed().as_millis();
        Mono(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the home of clocks")]
    fn wall(&self) -> WallTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let unix_ms = since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        WallTime { unix_ms }.min(WallTime::MAX)
    }
}

/// A clock that goes on order, for tests and simulation.
#[derive(Debug, Default)]
pub struct FakeClock {
    now: Mutex<(Duration, i64)>,
}

impl FakeClock {
    /// A clock at zero, whose wall shows `wall`.
    #[must_use]
    pub fn at(wall: WallTime) -> Self {
        Self { now: Mutex::new((Duration::ZERO, wall.unix_ms)) }
    }

    /// Both clocks go on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now();
        now.0 += by;
        now.1 = now.1.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, wall: WallTime) {
        self.now().1 = wall.unix_ms;
    }

    fn now(&self) -> MutexGuard<'_, (Duration, i64)> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for FakeClock {
    fn mono(&self) -> Mono {
        Mono(u64::try_from(self.now().0.as_millis()).unwrap_or(u64::MAX))
    }

    fn wall(&self) -> WallTime {
        WallTime { unix_ms: self.now().1 }
    }
}
