//! Idle: who is reminded, and who is signed off because nobody answered.
//!
//! Unknown never counts as idle. Seats that hang on a process are exempt. Where a seat is only
//! taken when it is wanted, the pool picks; this machine judges and answers.

use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, SeatId, SeatRef, WallTime};
use hotseat_protocol::ipc::{Notice, Warning};
use hotseat_protocol::link::{MachineMessage, WarningOutcome};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::view::PolicyView;

use super::Core;
use super::input::ConnectionId;
use super::limits::{ACTIVITY_MS, IDLE_STALE_MS};
use super::line::later;
use super::link::What;
use super::saved::OsUser;
use super::seats::{Hangs, Seat};

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
    fn report(&mut self, idle_s: Option<u64>, now: u64) {
        let told = idle_s.map(|s| now.saturating_sub(s.saturating_mul(1_000)));
        self.last_input = match (self.last_input, told) {
            (Some(known), Some(told)) if self.tells_of_no_input(idle_s, now) => {
                Some(known.min(told))
            }
            _ => told,
        };
        (self.reported_at, self.reported_idle_s) = (Some(now), idle_s);
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
    fn stale_at(&self) -> Option<u64> {
        self.reported_at.map(|at| at.saturating_add(IDLE_STALE_MS))
    }

    /// The tray is gone, and what it knew with it.
    pub(super) fn tray_gone(&mut self) {
        *self = Self { os_locked: self.os_locked, kept_at: self.kept_at, ..Self::default() };
    }
}

/// A warning that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunningWarning {
    ends: u64,
    ends_at: WallTime,
    idle_s: u64,
    idle_since: u64,
    waiter: Option<String>,
    wanted: bool,
}

impl RunningWarning {
    pub(super) fn view(&self) -> Warning {
        Warning {
            ends_boot_ms: self.ends,
            ends_at: self.ends_at,
            idle_s: self.idle_s,
            waiter: self.waiter.clone(),
            wanted: self.wanted,
        }
    }
}

impl Core {
    /// A tray reports.
    pub(super) fn idle_reported(
        &mut self,
        connection: ConnectionId,
        idle_s: Option<u64>,
        locked: bool,
    ) {
        let now = self.now.boot_ms;
        let session = self.sessions.values_mut().find(|session| session.tray == Some(connection));
        let Some(session) = session else {
            return;
        };
        let presence = &mut session.presence;
        presence.report(idle_s, now);
        presence.tray_locked = match (locked, presence.tray_locked) {
            (true, Some(since)) => Some(since),
            (true, None) => Some(now),
            (false, _) => None,
        };
    }

    /// The OS says that a session was locked or unlocked.
    pub(super) fn locked(&mut self, name: &str, locked: bool) {
        let now = self.now.boot_ms;
        for (_, session) in self.sessions.iter_mut().filter(|(key, _)| key.name == name) {
            let since = session.presence.os_locked;
            session.presence.os_locked = locked.then(|| since.unwrap_or(now));
        }
    }

    /// How long the person whom a seat hangs on has been idle, in ms; none: unknown or exempt.
    pub(super) fn idle_of(&self, hangs: &Hangs) -> Option<u64> {
        let since = self.idle_since_of(hangs)?;
        Some(self.now.boot_ms.saturating_sub(since))
    }

    pub(super) fn idle_since_of(&self, hangs: &Hangs) -> Option<u64> {
        let session = self.sessions.get(hangs.session()?)?;
        session.presence.idle_since(self.now.boot_ms)
    }

    /// The pool picked this seat for somebody who waits.
    pub(super) fn warn_wanted(&mut self, seat: SeatRef, waiter: Option<String>) {
        let Some(held) = self.seats.get_mut(&seat.id) else {
            return;
        };
        if held.leaving.is_some() || !seat.epoch.covers(held.saved.seat.epoch) {
            return;
        }
        if let Some(warning) = &mut held.warning {
            warning.wanted = true;
            warning.waiter = waiter;
            return;
        }
        let hangs = held.hangs.clone();
        let Some(policy) = self.policy_of(seat.id) else {
            return;
        };
        let idle = self.idle_of(&hangs);
        let outcome = match idle {
            // The pool knows whole seconds.
            Some(ms) if ms.saturating_add(1_000) >= policy.warn_after_ms.get() => {
                return self.warn(seat.id, &policy, Some(waiter));
            }
            Some(_) => WarningOutcome::Active,
            None => WarningOutcome::Unknown,
        };
        let idle_s = idle.unwrap_or(0) / 1_000;
        self.say_warning_ended(seat, outcome, idle_s);
    }

    fn policy_of(&self, seat: SeatId) -> Option<PolicyView> {
        let pool = &self.seats.get(&seat)?.saved.pool;
        Some(self.mirror.pool(pool)?.policy.clone())
    }

    /// Begins a warning. Its countdown runs in full from now.
    fn warn(&mut self, id: SeatId, policy: &PolicyView, wanted: Option<Option<String>>) {
        let now = self.now;
        let Some(idle_since) = self.seats.get(&id).and_then(|seat| self.idle_since_of(&seat.hangs))
        else {
            return;
        };
        let countdown = policy.countdown_ms();
        let warning = RunningWarning {
            ends: now.boot_ms.saturating_add(countdown),
            ends_at: later(now.wall, countdown),
            idle_s: now.boot_ms.saturating_sub(idle_since) / 1_000,
            idle_since,
            wanted: wanted.is_some(),
            waiter: wanted.flatten(),
        };
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.warning = Some(warning.clone());
            let (owner, hangs) = (seat.saved.owner.clone(), seat.hangs.clone());
            let (pool, warning) = (seat.saved.pool.clone(), warning.view());
            self.notify(&owner, &hangs, Notice::IdleWarning { pool, warning });
        }
    }

    /// Looks at every seat: who is to be warned, who is back, who did not answer.
    pub(super) fn judge_idleness(&mut self) {
        for id in self.seats.keys().copied().collect::<Vec<_>>() {
            self.judge(id);
        }
    }

    fn judge(&mut self, id: SeatId) {
        let now = self.now.boot_ms;
        let Some(seat) = self.seats.get(&id) else {
            return;
        };
        let idle_since = self.idle_since_of(&seat.hangs);
        match (&seat.warning, idle_since) {
            (Some(_), None) => self.end_warning(id, WarningOutcome::Unknown),
            (Some(warning), Some(since)) => {
                if since > warning.idle_since.saturating_add(ACTIVITY_MS) {
                    self.end_warning(id, WarningOutcome::Active);
                } else if now >= warning.ends {
                    self.sign_off_idle(id, since);
                }
            }
            (None, Some(since)) => {
                let warns = self.warns_at(seat, since).is_some_and(|at| now >= at);
                if warns && let Some(policy) = self.policy_of(id) {
                    let wanted = self.first_in_line(&seat.saved.pool);
                    self.warn(id, &policy, wanted);
                }
            }
            (None, None) => {}
        }
    }

    /// When this machine warns of its own accord.
    fn warns_at(&self, seat: &Seat, idle_since: u64) -> Option<u64> {
        let policy = &self.mirror.pool(&seat.saved.pool)?.policy;
        let alone = !policy.only_when_wanted && self.held(seat);
        alone.then(|| idle_since.saturating_add(policy.warn_after_ms.get()))
    }

    /// The first in line by name, as privacy allows; none when nobody waits.
    fn first_in_line(&self, pool: &PoolId) -> Option<Option<String>> {
        let view = self.mirror.pool(pool)?;
        let first = view.line.first().map(|waiter| waiter.user.clone());
        (view.waiting > 0).then(|| first.flatten())
    }

    fn sign_off_idle(&mut self, id: SeatId, idle_since: u64) {
        let idle_ms = self.now.boot_ms.saturating_sub(idle_since);
        let Some(seat) = self.seats.get(&id) else {
            return;
        };
        let (owner, hangs) = (seat.saved.owner.clone(), seat.hangs.clone());
        let pool = seat.saved.pool.clone();
        let next = seat.warning.as_ref().and_then(|w| w.waiter.clone());
        let ended = Some(self.ended_seat(seat));
        self.sign_off_seat(id, ReleaseReason::Idle);
        let ago = i64::try_from(idle_ms).unwrap_or(i64::MAX);
        let idle_since = WallTime { unix_ms: self.now.wall.unix_ms.saturating_sub(ago) };
        let notice = Notice::SignedOffIdle { pool, idle_since, next, seat: ended };
        self.notify(&owner, &hangs, notice);
    }

    /// "Keep my seat": counts as activity, whether or not a warning runs.
    pub(super) fn keep(&mut self, owner: &OsUser, pool: &PoolId) {
        let now = self.now.boot_ms;
        let kept: Vec<(SeatId, Hangs)> = self
            .seats
            .values()
            .filter(|seat| seat.saved.owner == *owner && seat.saved.pool == *pool)
            .map(|seat| (seat.saved.seat.id, seat.hangs.clone()))
            .collect();
        for (id, hangs) in kept {
            if let Some(key) = hangs.session()
                && let Some(session) = self.sessions.get_mut(key)
            {
                session.presence.kept_at = now;
            }
            self.end_warning(id, WarningOutcome::Kept);
        }
    }

    /// The holder said elsewhere, over REST, that the seat is kept. The pool has written down the
    /// answer to a warning that it asked for; of one of our own it hears from us.
    pub(super) fn kept_elsewhere(&mut self, seat: SeatRef, ago_ms: u64) {
        let at = self.now.boot_ms.saturating_sub(ago_ms);
        let Some(held) = self.seats.get(&seat.id) else {
            return;
        };
        if !seat.epoch.covers(held.saved.seat.epoch) {
            return;
        }
        let Some(key) = held.hangs.session() else {
            return;
        };
        if let Some(session) = self.sessions.get_mut(key) {
            session.presence.kept_at = session.presence.kept_at.max(at);
        }
        let Some(warning) = &held.warning else {
            return;
        };
        // What is said again may be older than what the warning is about.
        if at <= warning.idle_since.saturating_add(ACTIVITY_MS) {
            return;
        }
        if warning.wanted {
            let (owner, hangs) = (held.saved.owner.clone(), held.hangs.clone());
            let pool = held.saved.pool.clone();
            self.end_warning_silently(seat.id);
            self.notify(&owner, &hangs, Notice::WarningOver { pool });
        } else {
            self.end_warning(seat.id, WarningOutcome::Kept);
        }
    }

    /// Takes back warnings that were given for a waiter, where nobody waits any more.
    pub(super) fn withdraw_unwanted_warnings(&mut self) {
        let unwanted: Vec<SeatId> = self
            .seats
            .values()
            .filter(|seat| seat.warning.is_some())
            .filter(|seat| {
                let view = self.mirror.pool(&seat.saved.pool);
                view.is_some_and(|view| view.policy.only_when_wanted && view.waiting == 0)
            })
            .map(|seat| seat.saved.seat.id)
            .collect();
        for id in unwanted {
            self.end_warning(id, WarningOutcome::Withdrawn);
        }
    }

    /// Ends a warning, if one is running: the pool hears how, the person that it is over.
    pub(super) fn end_warning(&mut self, id: SeatId, outcome: WarningOutcome) {
        let Some(seat) = self.seats.get_mut(&id) else {
            return;
        };
        let Some(warning) = seat.warning.take() else {
            return;
        };
        let reference = seat.saved.seat;
        let (owner, hangs) = (seat.saved.owner.clone(), seat.hangs.clone());
        let pool = seat.saved.pool.clone();
        self.say_warning_ended(reference, outcome, warning.idle_s);
        if !matches!(outcome, WarningOutcome::SignedOff | WarningOutcome::Unanswered) {
            self.notify(&owner, &hangs, Notice::WarningOver { pool });
        }
    }

    /// Ends a warning of which nothing more is to be said.
    pub(super) fn end_warning_silently(&mut self, id: SeatId) {
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.warning = None;
        }
    }

    fn say_warning_ended(&mut self, seat: SeatRef, outcome: WarningOutcome, idle_s: u64) {
        let idle_s = IdleSeconds::clamped(idle_s);
        let body = MachineMessage::WarningEnded { seat, outcome, idle_s };
        self.send(What::Nothing, body);
    }

    /// When a seat is to be looked at again.
    pub(super) fn idle_deadline(&self) -> Option<u64> {
        self.seats
            .values()
            .filter_map(|seat| {
                let session = self.sessions.get(seat.hangs.session()?)?;
                let since = session.presence.idle_since(self.now.boot_ms)?;
                match &seat.warning {
                    Some(warning) => {
                        let stale = session.presence.stale_at();
                        // A report that is stale already changes nothing when it gets older.
                        let stale = stale.filter(|at| *at > self.now.boot_ms);
                        Some(stale.map_or(warning.ends, |at| at.min(warning.ends)))
                    }
                    None => self.warns_at(seat, since),
                }
            })
            .min()
    }
}
