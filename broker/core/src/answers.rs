//! What became of a sign-on, as the pool says.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hotseat_protocol::ids::{ClientName, RequestId, SeatRef, WallTime};
use hotseat_protocol::ipc::{Notice, Reply};
use hotseat_protocol::link::Outcome;
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::asker::Asker;
use super::clocks::Sending;
use super::outbox::repeat::Repeat;
use super::problems;
use super::saved::{Change, SavedSeat};
use super::seats::Seat;
use super::sign_on::{Intent, Place, Stage};
use super::writes::Then;

/// A grant, as an answer or a push states it.
pub(super) struct Granted {
    pub(super) seat: SeatRef,
    pub(super) client: ClientName,
    pub(super) since: WallTime,
    pub(super) counted: bool,
}

/// Askers who hear of their seat as soon as it was tried to write it down.
#[derive(Debug, Clone)]
pub(super) struct Telling {
    seat: SeatRef,
    askers: Vec<Asker>,
    key: Option<hotseat_protocol::ids::Secret>,
}

impl Core {
    /// The answer to a sign-on or to an accepted offer as its message was sent.
    pub(super) fn outcome(&mut self, request: RequestId, outcome: Outcome, sending: Sending) {
        match outcome {
            Outcome::Seat { seat, client, since, counted, left_ms } => {
                let granted = Granted { seat, client, since, counted };
                self.seat_answered(request, granted, sending, left_ms.get());
            }
            Outcome::Waiting { place, rank, offer } => {
                let place = Place { id: place, rank, since: self.ctx.now.wall, offer: None };
                self.placed(request, place, offer);
            }
            Outcome::Refused { problem } => {
                let outcome = Outcome::Refused { problem };
                self.ended_without_seat(request, outcome);
            }
            Outcome::Ended { .. } | Outcome::PlaceEnded { .. } | Outcome::Cancelled => {
                self.ended_without_seat(request, outcome);
            }
            Outcome::Passed | Outcome::Unknown => {
                self.give_back(request, &problems::strange_answer());
            }
        }
    }

    fn seat_answered(
        &mut self,
        request: RequestId,
        granted: Granted,
        sending: Sending,
        left_ms: u64,
    ) {
        let seat = granted.seat;
        if self.is_signed_off(seat) || self.outbox.cancels.contains(request) {
            if let Some(intent) = self.intents.remove(&request) {
                self.ctx.save(Change::DropIntent(request));
                for asker in intent.askers {
                    self.reply_outcome(&asker, Outcome::Cancelled, None, None);
                }
            }
            return;
        }
        if self.intents.contains_key(&request) {
            if sending.leaps != self.ctx.clocks.leaps {
                // The machine stood still meanwhile, so that this says nothing of now: whoever was
                // told of it would believe in a seat that may have ended.
                return self.ask_again(request);
            }
            self.adopt(request, granted);
        } else if !self.seats.contains_key(&seat.id) {
            self.outbox.sign_off(&mut self.ctx, seat, ReleaseReason::NobodyTookIt);
            return;
        }
        self.extend(seat, sending, left_ms);
    }

    /// A sign-on of this machine has become a seat. What it may be believed for, an answer says.
    pub(super) fn adopt(&mut self, request: RequestId, granted: Granted) {
        let Some(intent) = self.intents.remove(&request) else {
            return;
        };
        let id = granted.seat.id;
        let known = self.seats.get(&id);
        let older = |seat: &Seat| granted.seat.epoch.covers(seat.saved.seat.epoch);
        if known.is_none_or(older) {
            let saved = SavedSeat {
                seat: granted.seat,
                pool: intent.saved.pool,
                owner: intent.saved.owner.clone(),
                user: intent.saved.user,
                client: granted.client,
                request,
                since: granted.since,
                counted: granted.counted,
                anchor: intent.saved.anchor,
            };
            self.ctx.save(Change::PutSeat(Box::new(saved.clone())));
            self.newest_epochs.learn(&saved);
            let mut seat = Seat::new(saved, intent.hangs, intent.returned);
            if let Some(known) = self.seats.remove(&id) {
                seat.deadline = known.deadline;
                seat.deadline_at = known.deadline_at;
                seat.fenced = known.fenced;
                seat.warning = known.warning;
                seat.lost_told = known.lost_told;
                seat.leaving = known.leaving.filter(|_| known.saved.seat == granted.seat);
            }
            let key = (intent.saved.owner, seat.saved.pool.clone());
            self.lost.remove(&key);
            self.seats.insert(id, seat);
        }
        self.ctx.save(Change::DropIntent(request));
        let telling = Telling { seat: granted.seat, askers: intent.askers, key: intent.key };
        self.telling.insert(request, telling);
        self.ctx.once_saved(Then::TellSeated(request));
        self.renew_now = true;
    }

    /// The seat is written down, or cannot be: either way its askers may hear of it.
    pub(super) fn tell_seated(&mut self, request: RequestId) {
        let Some(telling) = self.telling.remove(&request) else {
            return;
        };
        let id = telling.seat.id;
        for asker in &telling.askers {
            if self.seats.contains_key(&id) {
                self.tell_seat(asker, id, telling.key.clone());
            } else {
                self.reply_outcome(asker, Outcome::Cancelled, None, None);
            }
        }
    }

    fn ended_without_seat(&mut self, request: RequestId, outcome: Outcome) {
        let Some(intent) = self.intents.remove(&request) else {
            return;
        };
        self.ctx.save(Change::DropIntent(request));
        if intent.askers.is_empty() {
            self.notice_end(&intent, &outcome);
        }
        for asker in &intent.askers {
            self.reply_outcome(asker, outcome.clone(), None, None);
        }
    }

    fn notice_end(&mut self, intent: &Intent, outcome: &Outcome) {
        if let Outcome::PlaceEnded { end } = outcome {
            let pool = intent.saved.pool.clone();
            let place = match &intent.stage {
                Stage::Waiting(place) => Some(place.id),
                Stage::Saving | Stage::Asking(_) => None,
            };
            let newest = self.newest_epochs.of(&intent.saved.owner, &pool);
            let notice = Notice::PlaceEnded { pool, end: *end, place, newest };
            self.ctx.notify(&intent.saved.owner, &intent.hangs, notice);
        }
    }

    /// The pool answered a sign-on with an error.
    pub(super) fn sign_on_failed(&mut self, request: RequestId, problem: Problem) {
        let now = self.ctx.now.boot_ms;
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        if problem.code == Code::NotAuthenticated {
            let owner = intent.saved.owner.clone();
            self.accounts.mark_ended(&mut self.ctx, owner);
            self.drop_intent(request, &problems::log_in_ended());
        } else if matches!(problem.code, Code::Unavailable | Code::Internal | Code::TooMany) {
            if let Stage::Asking(repeat) = &mut intent.stage {
                repeat.failed(now);
            }
        } else {
            self.give_back(request, &problem);
        }
    }

    /// Answers the askers with a problem and makes sure that nothing stays granted.
    fn give_back(&mut self, request: RequestId, problem: &Problem) {
        if let Some(intent) = self.intents.get_mut(&request) {
            let askers = core::mem::take(&mut intent.askers);
            for asker in askers {
                let problem = problem.clone();
                self.ctx.reply(asker.connection, asker.id, Reply::Problem { problem });
            }
            self.cancel(request, ReleaseReason::NobodyTookIt);
        }
    }

    /// Asks again what became of a request that was answered, with the same words. A place that it
    /// had is no longer given up for having been asked for long ago.
    pub(super) fn ask_again(&mut self, request: RequestId) {
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        if matches!(intent.stage, Stage::Waiting(_)) {
            intent.give_up_at = None;
        }
        intent.stage = Stage::Asking(Repeat::default());
    }
}
