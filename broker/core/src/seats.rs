//! Belief: which seats this machine holds, until when, and what they hang on.

use alloc::vec::Vec;

use hotseat_protocol::ids::{SeatId, SeatRef, WallTime};
use hotseat_protocol::ipc::{AnchorKind, Lost, Notice};
use hotseat_protocol::link::SeatEnd;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::clocks::{Sending, fence_ms};
use super::hangs::Hangs;
use super::outbox::repeat::Repeat;
use super::saved::{Change, SavedAnchor, SavedSeat};
use super::warning::RunningWarning;

/// A seat of this machine.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) saved: SavedSeat,
    pub(super) hangs: Hangs,
    /// Until when the answers allow it to be believed, on the boot-time clock, in ms.
    pub(super) deadline: u64,
    /// The same on the wall clock, for people.
    pub(super) deadline_at: WallTime,
    /// The newest message that was answered with a lease; none: never confirmed.
    pub(super) fenced: Option<Sending>,
    /// False while it waits for its tray or process after a restart of the broker.
    pub(super) returned: bool,
    /// Set while the pool takes it back.
    pub(super) leaving: Option<Leaving>,
    /// An idle warning that is running.
    pub(super) warning: Option<RunningWarning>,
    /// The person was told that it is lost.
    pub(super) lost_told: bool,
    /// The deadline has passed, and the pool tolerates that people work on without a seat; they
    /// were not told of a loss.
    pub(super) without_seat: bool,
}

/// A seat that the pool takes back: belief has ended, the pool is told until it answers.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    pub(super) end: SeatEnd,
    pub(super) repeat: Repeat,
}

impl Seat {
    /// A seat that no answer speaks for yet.
    pub(super) fn new(saved: SavedSeat, hangs: Hangs, returned: bool) -> Self {
        Self {
            deadline_at: saved.since,
            saved,
            hangs,
            deadline: 0,
            fenced: None,
            returned,
            leaving: None,
            warning: None,
            lost_told: false,
            without_seat: false,
        }
    }

    /// Whether a message was sent and answered since the machine last stood still.
    pub(super) fn confirmed(&self, leaps: u64) -> bool {
        self.fenced.is_some_and(|sending| sending.leaps == leaps)
    }

    /// What it hangs on, for people.
    pub(super) fn anchor_kind(&self) -> AnchorKind {
        match self.saved.anchor {
            SavedAnchor::Session(_) => AnchorKind::Session,
            SavedAnchor::Connection { .. } => AnchorKind::Connection,
        }
    }
}

impl Core {
    /// Whether a seat is held now: always computed, never remembered.
    pub(super) fn held(&self, seat: &Seat) -> bool {
        seat.leaving.is_none()
            && seat.confirmed(self.ctx.clocks.leaps)
            && self.ctx.now.boot_ms < seat.deadline
    }

    /// The answer to a message says what is left of a seat's lease.
    pub(super) fn extend(&mut self, seat: SeatRef, sending: Sending, left_ms: u64) {
        let now = self.ctx.now;
        let Some(held) = self.seats.get_mut(&seat.id) else {
            return;
        };
        if held.leaving.is_some() || !seat.epoch.covers(held.saved.seat.epoch) {
            return;
        }
        if held.fenced.is_none_or(|old| old.at <= sending.at) {
            held.fenced = Some(sending);
        }
        let deadline = sending.at.saturating_add(fence_ms(left_ms));
        if deadline > held.deadline {
            held.deadline = deadline;
            let ahead = i64::try_from(deadline).unwrap_or(i64::MAX);
            let boot = i64::try_from(now.boot_ms).unwrap_or(i64::MAX);
            let unix_ms = now.wall.unix_ms.saturating_add(ahead.saturating_sub(boot));
            held.deadline_at = WallTime { unix_ms };
        }
        if held.lost_told && now.boot_ms < held.deadline {
            held.lost_told = false;
            held.without_seat = false;
            let key = (held.saved.owner.clone(), held.saved.pool.clone());
            self.lost.remove(&key);
        }
    }

    /// The pool says that a seat is gone.
    pub(super) fn gone(&mut self, seat: SeatRef, end: Option<SeatEnd>) {
        self.note_ended(seat);
        let Some(held) = self.seats.get(&seat.id) else {
            return;
        };
        if !seat.epoch.covers(held.saved.seat.epoch) {
            return;
        }
        let was_leaving = held.leaving.is_some();
        let was_told = held.lost_told && !held.without_seat;
        if let Some(held) = self.seats.remove(&seat.id) {
            self.ctx.save(Change::DropSeat(seat.id));
            let end = end.unwrap_or_else(|| self.expired());
            // Superseded: signed on to again, and the answer to that is on its way.
            let replaced = end.reason == ReleaseReason::Superseded && self.asks_for(&held);
            let quiet = end.reason == ReleaseReason::SignedOffByTheUser || replaced;
            // One that was lost before was logged out then.
            if !was_leaving && !was_told && !replaced {
                self.run_hook(&held.saved, end.reason);
            }
            if !was_leaving && !was_told && !quiet {
                self.tell_lost(&held, end);
            }
        }
    }

    fn asks_for(&self, seat: &Seat) -> bool {
        self.intents.values().any(|intent| {
            intent.saved.owner == seat.saved.owner && intent.saved.pool == seat.saved.pool
        })
    }

    /// The pool reclaims a seat: belief ends now, and the pool is told so.
    pub(super) fn seat_leaving(&mut self, seat: SeatRef, end: Option<SeatEnd>) {
        let Some(held) = self.seats.get(&seat.id) else {
            return;
        };
        if held.leaving.is_some() || !seat.epoch.covers(held.saved.seat.epoch) {
            return;
        }
        let end =
            end.unwrap_or_else(|| SeatEnd { reason: ReleaseReason::Reclaimed, ..self.expired() });
        let (owner, pool) = (held.saved.owner.clone(), held.saved.pool.clone());
        let hangs = held.hangs.clone();
        let hook = (!held.lost_told || held.without_seat).then(|| held.saved.clone());
        let ended = Some(self.ended_seat(held));
        let lost = Lost { end: end.clone(), silent_s: None, slept: false, seat: ended };
        self.lost.insert((owner.clone(), pool.clone()), lost);
        if let Some(held) = self.seats.get_mut(&seat.id) {
            held.saved.seat = seat;
            self.newest_epochs.learn(&held.saved);
            held.warning = None;
            held.without_seat = false;
            held.leaving = Some(Leaving { end: end.clone(), repeat: Repeat::default() });
        }
        if let Some(saved) = hook {
            self.run_hook(&saved, end.reason);
        }
        self.ctx.notify(&owner, &hangs, Notice::Reclaimed { pool, end, seat: ended });
    }

    /// Tells people of seats whose deadline has passed. They are claimed on: the pool may have
    /// renewed them.
    pub(super) fn look_for_lost_seats(&mut self) {
        let past: Vec<SeatId> = self
            .seats
            .values()
            .filter(|seat| seat.leaving.is_none() && !seat.lost_told && seat.fenced.is_some())
            .filter(|seat| self.ctx.now.boot_ms >= seat.deadline)
            .map(|seat| seat.saved.seat.id)
            .collect();
        for id in past {
            self.end_warning_silently(id);
            if let Some(mut seat) = self.seats.remove(&id) {
                seat.lost_told = true;
                if self.is_tolerated(&seat) {
                    seat.without_seat = true;
                    self.begin_overdraft(&seat);
                    self.seats.insert(id, seat);
                    continue;
                }
                let end = SeatEnd { at: seat.deadline_at.min(self.ctx.now.wall), ..self.expired() };
                self.run_hook(&seat.saved, end.reason);
                self.tell_lost(&seat, end);
                self.seats.insert(id, seat);
            }
        }
    }

    fn tell_lost(&mut self, seat: &Seat, end: SeatEnd) {
        let silent_s = (end.reason == ReleaseReason::LeaseExpired)
            .then_some(self.heard_at)
            .flatten()
            .map(|at| self.ctx.now.boot_ms.saturating_sub(at) / 1_000);
        let ended = Some(self.ended_seat(seat));
        let lost = Lost { end, silent_s, slept: self.tells_later(), seat: ended };
        if self.tells_later() {
            return self.missed(seat, lost);
        }
        let (owner, pool) = (seat.saved.owner.clone(), seat.saved.pool.clone());
        self.lost.insert((owner.clone(), pool.clone()), lost.clone());
        self.ctx.notify(&owner, &seat.hangs, Notice::Lost { pool, lost });
    }

    /// The end of a lease, for people.
    fn expired(&self) -> SeatEnd {
        SeatEnd { reason: ReleaseReason::LeaseExpired, by: None, note: None, at: self.ctx.now.wall }
    }

    /// When the next seat's deadline passes.
    pub(super) fn seats_deadline(&self) -> Option<u64> {
        self.seats
            .values()
            .filter(|seat| seat.leaving.is_none() && !seat.lost_told && seat.fenced.is_some())
            .map(|seat| seat.deadline)
            .min()
    }
}
