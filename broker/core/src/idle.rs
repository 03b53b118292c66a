//! Idle: who is reminded, and who is signed off because nobody answered.
//!
//! Unknown never counts as idle. Seats that hang on a process are exempt. Where a seat is only
//! taken when it is wanted, the pool picks; this machine judges and answers.

use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, SeatId, SeatRef, WallTime};
use hotseat_protocol::ipc::Notice;
use hotseat_protocol::link::{MachineMessage, WarningOutcome};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::view::PolicyView;

use super::Core;
use super::clocks::later;
use super::hangs::Hangs;
use super::in_flight::InFlight;
use super::limits::ACTIVITY_MS;
use super::saved::OsUser;
use super::seats::Seat;
use super::warning::RunningWarning;

impl Core {
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
        let idle = self.sessions.idle_ms(&hangs, self.ctx.now.boot_ms);
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
        let now = self.ctx.now;
        let Some(idle_since) =
            self.seats.get(&id).and_then(|seat| self.sessions.idle_since(&seat.hangs, now.boot_ms))
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
            self.ctx.notify(&owner, &hangs, Notice::IdleWarning { pool, warning });
        }
    }

    /// Looks at every seat: who is to be warned, who is back, who did not answer.
    pub(super) fn judge_idleness(&mut self) {
        for id in self.seats.keys().copied().collect::<Vec<_>>() {
            self.judge(id);
        }
    }

    fn judge(&mut self, id: SeatId) {
        let now = self.ctx.now.boot_ms;
        let Some(seat) = self.seats.get(&id) else {
            return;
        };
        let idle_since = self.sessions.idle_since(&seat.hangs, now);
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
        let idle_ms = self.ctx.now.boot_ms.saturating_sub(idle_since);
        let Some(seat) = self.seats.get(&id) else {
            return;
        };
        let (owner, hangs) = (seat.saved.owner.clone(), seat.hangs.clone());
        let pool = seat.saved.pool.clone();
        let next = seat.warning.as_ref().and_then(|w| w.waiter.clone());
        let ended = Some(self.ended_seat(seat));
        self.sign_off_seat(id, ReleaseReason::Idle);
        let ago = i64::try_from(idle_ms).unwrap_or(i64::MAX);
        let idle_since = WallTime { unix_ms: self.ctx.now.wall.unix_ms.saturating_sub(ago) };
        let notice = Notice::SignedOffIdle { pool, idle_since, next, seat: ended };
        self.ctx.notify(&owner, &hangs, notice);
    }

    /// "Keep my seat": counts as activity, whether or not a warning runs.
    pub(super) fn keep(&mut self, owner: &OsUser, pool: &PoolId) {
        let now = self.ctx.now.boot_ms;
        let kept: Vec<(SeatId, Hangs)> = self
            .seats
            .values()
            .filter(|seat| seat.saved.owner == *owner && seat.saved.pool == *pool)
            .map(|seat| (seat.saved.seat.id, seat.hangs.clone()))
            .collect();
        for (id, hangs) in kept {
            self.sessions.note_kept(&hangs, now);
            self.end_warning(id, WarningOutcome::Kept);
        }
    }

    /// The holder said elsewhere, over REST, that the seat is kept. The pool has written down the
    /// answer to a warning that it asked for; of one of our own it hears from us.
    pub(super) fn kept_elsewhere(&mut self, seat: SeatRef, ago_ms: u64) {
        let at = self.ctx.now.boot_ms.saturating_sub(ago_ms);
        let Some(held) = self.seats.get(&seat.id) else {
            return;
        };
        if !seat.epoch.covers(held.saved.seat.epoch) {
            return;
        }
        if held.hangs.session().is_none() {
            return;
        }
        self.sessions.note_kept(&held.hangs, at);
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
            self.ctx.notify(&owner, &hangs, Notice::WarningOver { pool });
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
            self.ctx.notify(&owner, &hangs, Notice::WarningOver { pool });
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
        self.ctx.send(InFlight::Nothing, body);
    }

    /// When a seat is to be looked at again.
    pub(super) fn idle_deadline(&self) -> Option<u64> {
        self.seats
            .values()
            .filter_map(|seat| {
                let since = self.sessions.idle_since(&seat.hangs, self.ctx.now.boot_ms)?;
                match &seat.warning {
                    Some(warning) => {
                        let stale = self.sessions.stale_at(&seat.hangs);
                        // A report that is stale already changes nothing when it gets older.
                        let stale = stale.filter(|at| *at > self.ctx.now.boot_ms);
                        Some(stale.map_or(warning.ends, |at| at.min(warning.ends)))
                    }
                    None => self.warns_at(seat, since),
                }
            })
            .min()
    }
}
