//! What is known of the person in front of an OS session.

use crate::limits::IDLE_STALE_MS;

/// What is known of the person in front of a session. Times are on the boot-time clock, in ms.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Presence {
    reported_at: Option<u64>,
    /// Whole seconds, as the last report said.
    reported_idle_s: Option<u64>,
    last_input: Option<u64>,
    /// Locked since, as the tray says.
    tray_locked: Option<u64>,
    /// Locked since, as the OS says.
    os_locked: Option<u64>,
    /// "Keep my seat" counts as activity.
    kept_at: u64,
}

impl Presence {
    /// Since when the person is idle; none: unknown.
    pub(super) fn idle_since(&self, now: u64) -> Option<u64> {
        let fresh = self.stale_at().is_some_and(|stale| now < stale);
        let input = self.last_input.filter(|_| fresh);
        let locked = self.os_locked.into_iter().chain(self.tray_locked).min();
        let since = input.into_iter().chain(locked).min()?;
        Some(since.max(self.kept_at))
    }

    /// A tray reports. A report can be under way for a while, and then tells of an input that is
    /// older than it seems.
    pub(super) fn report(&mut self, idle_s: Option<u64>, locked: bool, now: u64) {
        let told = idle_s.map(|s| now.saturating_sub(s.saturating_mul(1_000)));
        self.last_input = match (self.last_input, told) {
            (Some(known), Some(told)) if self.tells_of_no_input(idle_s, now) => {
                Some(known.min(told))
            }
            _ => told,
        };
        (self.reported_at, self.reported_idle_s) = (Some(now), idle_s);
        self.tray_locked = locked.then(|| self.tray_locked.unwrap_or(now));
    }

    /// Whether a report says that nothing happened since the one before: an input in between would
    /// have set its seconds back, or be younger than the time between the two.
    fn tells_of_no_input(&self, idle_s: Option<u64>, now: u64) -> bool {
        let (Some(before), Some(idle_s), Some(at)) =
            (self.reported_idle_s, idle_s, self.reported_at)
        else {
            return false;
        };
        idle_s >= before && idle_s.saturating_mul(1_000) > now.saturating_sub(at)
    }

    /// When the tray's last report says nothing any more.
    pub(super) fn stale_at(&self) -> Option<u64> {
        self.reported_at.map(|at| at.saturating_add(IDLE_STALE_MS))
    }

    /// The tray is gone, and what it knew with it.
    pub(super) fn tray_gone(&mut self) {
        *self = Self { os_locked: self.os_locked, kept_at: self.kept_at, ..Self::default() };
    }

    /// The OS says that the session is locked or unlocked.
    pub(super) fn os_locks(&mut self, locked: bool, now: u64) {
        self.os_locked = locked.then(|| self.os_locked.unwrap_or(now));
    }

    /// "Keep my seat", said at this time.
    pub(super) fn kept(&mut self, at: u64) {
        self.kept_at = self.kept_at.max(at);
    }
}
