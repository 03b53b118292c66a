//! How long log-ins and invitations last, by the server's own time: pure, so that the simulation
//! plays with it.
//!
//! Log-ins must outlive a restart, which no monotonic clock does; and no setting of the wall clock
//! may end them. So the server counts: while it runs by the monotonic clock, and over a stop by
//! what the wall clock has gained, at least nothing and at most [`Lives::stop`]. What was counted
//! is durable. Own time never goes back; it is behind the wall clock by what longer stops left
//! out.

use std::time::Duration;

use hotseat_protocol::ids::WallTime;
use hotseat_rules::Mono;

/// How long what lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lives {
    /// A log-in that nobody uses.
    pub log_in: Duration,
    /// A use prolongs a log-in, but is written down at most so often.
    pub use_noted_every: Duration,
    /// An invitation.
    pub invitation: Duration,
    /// A stop of the server counts as at most this long: what a wall clock that is wrong at a start
    /// can cost a log-in, and what a longer stop gives it.
    pub stop: Duration,
    /// Own time is written down this often: a crash forgets no more, and what it forgets the wall
    /// clock makes up for at the next start.
    pub written_every: Duration,
}

/// As the server has them: a log-in survives a holiday, an invitation is for one visit.
pub const LIVES: Lives = Lives {
    log_in: Duration::from_hours(30 * 24),
    use_noted_every: Duration::from_hours(1),
    invitation: Duration::from_hours(1),
    stop: Duration::from_hours(24),
    written_every: Duration::from_hours(1),
};

/// A moment in the server's own time, in milliseconds. Not comparable with the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    /// This much later; the end of time at the latest.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// How long it is since `earlier`; nothing when that is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// What a server leaves for the next one: its own time, and what the wall clock showed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How far it had come.
    pub own: Moment,
    /// What everybody could set.
    pub wall: WallTime,
}

/// Own time while a server runs.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    began: (Moment, Mono),
}

impl Counted {
    /// Goes on at a moment.
    #[must_use]
    pub fn from(began: Moment, mono: Mono) -> Self {
        Self { began: (began, mono) }
    }

    /// What it is when the monotonic clock shows this.
    #[must_use]
    pub fn at(&self, mono: Mono) -> Moment {
        let (began, since) = self.began;
        began.after(mono.since(since))
    }
}

impl Lives {
    /// Where own time goes on after a stop. A crash may have come before it was written down again;
    /// `noted` is the newest that stands in the store elsewhere.
    #[must_use]
    pub fn resumed(&self, left: Left, noted: Option<Moment>, wall: WallTime) -> Moment {
        let gained = wall.unix_ms.saturating_sub(left.wall.unix_ms);
        let counted = Moment(left.own.0.saturating_add(gained.clamp(0, millis(self.stop))));
        noted.map_or(counted, |noted| counted.max(noted))
    }

    /// Where own time begins in a store that had none: on the wall clock, unless that is far ahead
    /// of the journal's newest record.
    #[must_use]
    pub fn first(&self, newest_record: Option<WallTime>, wall: WallTime) -> Moment {
        let latest = newest_record
            .map_or(wall.unix_ms, |newest| newest.unix_ms.saturating_add(millis(self.stop)));
        Moment(wall.unix_ms.min(latest))
    }

    /// What a use makes of a log-in that ends at `ends`: its new end, where that is to be written
    /// down.
    #[must_use]
    pub fn used(&self, ends: Moment, now: Moment) -> Option<Moment> {
        let noted = ends.since(now) + self.use_noted_every <= self.log_in;
        noted.then(|| now.after(self.log_in))
    }
}

/// Whether what ends at a moment is over.
#[must_use]
pub fn is_over(ends: Moment, now: Moment) -> bool {
    ends <= now
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
