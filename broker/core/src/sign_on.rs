//! Sign-ons, from the intent that is written down to a seat, a place or an end.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{
    ClientName, OfferId, PlaceId, PoolId, RequestId, SeatId, Secret, WallTime,
};
use hotseat_protocol::ipc::{Reply, ResumeKey};
use hotseat_protocol::link::{Accept, Outcome};
use hotseat_protocol::problem::Problem;
use hotseat_protocol::quantity::LeftMs;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::asker::Asker;
use super::hangs::Hangs;
use super::input::ConnectionId;
use super::limits::ANSWER_LIMIT_MS;
use super::outbox::repeat::Repeat;
use super::problems;
use super::saved::{Change, OsUser, SavedAnchor, SavedIntent};
use super::sessions::hash_of;
use super::writes::Then;

/// A sign-on without a final answer.
#[derive(Debug, Clone)]
pub(super) struct Intent {
    /// In the order in which they came.
    pub(super) number: u64,
    pub(super) saved: SavedIntent,
    pub(super) hangs: Hangs,
    /// False while it waits for its tray or process after a restart of the broker.
    pub(super) returned: bool,
    pub(super) stage: Stage,
    /// Who wants to hear of it, each with a limit of its own.
    pub(super) askers: Vec<Asker>,
    /// Takings of its offer that the link has carried and the pool has not answered.
    pub(super) takings: u32,
    /// When an unanswered one is given up.
    pub(super) give_up_at: Option<u64>,
    /// What lets the process keep the seat over a restart of the broker.
    pub(super) key: Option<Secret>,
}

/// Where a sign-on stands.
#[derive(Debug, Clone)]
pub(super) enum Stage {
    /// It is being written down; the pool has not heard of it.
    Saving,
    /// It is asked.
    Asking(Repeat),
    /// It has a place in the line.
    Waiting(Place),
}

impl Stage {
    /// What is said until it is answered: the sign-on, or the taking of an offer.
    pub(super) fn repeat(&self) -> Option<&Repeat> {
        match self {
            Self::Asking(repeat) => Some(repeat),
            Self::Waiting(place) => place.offer.as_ref()?.taking.as_ref(),
            Self::Saving => None,
        }
    }

    pub(super) fn repeat_mut(&mut self) -> Option<&mut Repeat> {
        match self {
            Self::Asking(repeat) => Some(repeat),
            Self::Waiting(place) => place.offer.as_mut()?.taking.as_mut(),
            Self::Saving => None,
        }
    }
}

/// A place in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: PlaceId,
    pub(super) rank: u32,
    pub(super) since: WallTime,
    pub(super) offer: Option<Offer>,
}

/// A seat that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) id: OfferId,
    /// When it ends, on the boot-time clock, in ms: never later than the pool's own end.
    pub(super) ends: u64,
    /// The same on the wall clock.
    pub(super) ends_at: WallTime,
    /// Whoever waits at the command line takes it at once: the taking, until it is answered.
    pub(super) taking: Option<Repeat>,
}

/// A sign-on as a program asks for it.
pub(super) struct Wanted {
    pub(super) request: RequestId,
    pub(super) pool: PoolId,
    pub(super) client: Option<ClientName>,
    pub(super) wait: Option<Accept>,
    pub(super) fresh: Secret,
}

impl Core {
    /// A program wants a seat.
    pub(super) fn sign_on(&mut self, connection: ConnectionId, id: u64, wanted: Wanted) {
        let give_up_at = self.ctx.now.boot_ms.saturating_add(ANSWER_LIMIT_MS);
        let asker = Asker { connection, id, give_up_at };
        if let Err(problem) = self.try_sign_on(asker, wanted) {
            self.ctx.reply(connection, id, Reply::Problem { problem });
        }
    }

    fn try_sign_on(&mut self, asker: Asker, wanted: Wanted) -> Result<(), Problem> {
        let caller = self.sessions.caller_of(asker.connection)?;
        let owner = caller.user().clone();
        if self.repeated(&asker, &owner, &wanted)? {
            return Ok(());
        }
        let user = self.may_ask(&owner)?;
        if self.mirror.filled() && self.mirror.pool(&wanted.pool).is_none() {
            return Err(problems::no_such_pool(&wanted.pool));
        }
        let (hangs, told, anchor) = self.sessions.anchor_for(asker.connection, &wanted.fresh)?;
        let client = wanted.client.or_else(|| {
            let pool = self.mirror.pool(&wanted.pool);
            pool.map(|view| view.desktop_client.clone())
        });
        if let Some(seat) = self.held_already(&owner, user, &wanted.pool, client.as_ref(), &hangs) {
            self.tell_seat(&asker, seat, None);
            return Ok(());
        }
        let saved = SavedIntent {
            request: wanted.request,
            owner,
            user,
            pool: wanted.pool,
            client,
            wait: wanted.wait,
            told,
            anchor,
        };
        self.ctx.save(Change::PutIntent(Box::new(saved.clone())));
        self.ctx.once_saved(Then::Ask(wanted.request));
        self.last_intent = self.last_intent.saturating_add(1);
        let intent = Intent {
            number: self.last_intent,
            saved,
            key: matches!(hangs, Hangs::Connection(_)).then_some(wanted.fresh),
            hangs,
            returned: true,
            stage: Stage::Saving,
            give_up_at: Some(asker.give_up_at),
            askers: vec![asker],
            takings: 0,
        };
        self.intents.insert(wanted.request, intent);
        Ok(())
    }

    /// Whether the request is known: then it is answered, or will be.
    fn repeated(
        &mut self,
        asker: &Asker,
        owner: &OsUser,
        wanted: &Wanted,
    ) -> Result<bool, Problem> {
        let request = wanted.request;
        if self.outbox.cancels.contains(request) {
            self.reply_outcome(asker, Outcome::Cancelled, None, None);
            return Ok(true);
        }
        let connection = self.sessions.anchors(asker.connection).then_some(asker.connection);
        // Whoever asks again after a restart of the broker is back for what he asked for.
        let session = self.sessions.session_for(asker.connection).ok();
        if let Some(intent) = self.intents.get_mut(&request) {
            if intent.saved.owner != *owner {
                return Err(problems::request_reused());
            }
            if intent.hangs == Hangs::Nobody && connection.is_some() {
                intent.hangs = Hangs::Connection(asker.connection);
                intent.returned = true;
            }
            intent.returned |= session.is_some() && intent.hangs.session() == session.as_ref();
            if intent.hangs == Hangs::Connection(asker.connection) {
                let resume = hash_of(&wanted.fresh);
                intent.key = Some(wanted.fresh.clone());
                intent.saved.anchor = SavedAnchor::Connection { resume };
                let saved = Box::new(intent.saved.clone());
                self.ctx.save(Change::PutIntent(saved));
            }
            self.answer_or_join(request, asker.clone());
            return Ok(true);
        }
        let seat = self.seats.values_mut().find(|s| s.saved.request == request);
        let Some(seat) = seat else {
            return Ok(false);
        };
        if seat.saved.owner != *owner {
            return Err(problems::request_reused());
        }
        if seat.hangs == Hangs::Nobody && connection.is_some() {
            seat.hangs = Hangs::Connection(asker.connection);
            seat.returned = true;
        }
        seat.returned |= session.is_some() && seat.hangs.session() == session.as_ref();
        if seat.leaving.is_some() || !seat.confirmed(self.ctx.clocks.leaps) {
            return Ok(false);
        }
        let id = seat.saved.seat.id;
        let mut key = None;
        if seat.hangs == Hangs::Connection(asker.connection) {
            let resume = hash_of(&wanted.fresh);
            seat.saved.anchor = SavedAnchor::Connection { resume };
            key = Some(wanted.fresh.clone());
            let saved = Box::new(seat.saved.clone());
            self.ctx.save(Change::PutSeat(saved));
        }
        self.tell_seat(asker, id, key);
        Ok(true)
    }

    fn answer_or_join(&mut self, request: RequestId, asker: Asker) {
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        if let Stage::Waiting(place) = &intent.stage {
            let outcome = place.outcome(self.ctx.now.boot_ms);
            self.reply_outcome(&asker, outcome, None, None);
        } else {
            intent.askers.push(asker);
        }
    }

    /// The intent is durable, or cannot be made so.
    pub(super) fn intent_saved(&mut self, request: RequestId, ok: bool) {
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        if !matches!(intent.stage, Stage::Saving) {
            return;
        }
        if ok {
            intent.stage = Stage::Asking(Repeat::default());
        } else {
            self.drop_intent(request, &problems::state_unwritable());
        }
    }

    /// Ends an intent that came to nothing, with a problem for its askers.
    pub(super) fn drop_intent(&mut self, request: RequestId, problem: &Problem) {
        let Some(intent) = self.intents.remove(&request) else {
            return;
        };
        self.ctx.save(Change::DropIntent(request));
        for asker in intent.askers {
            let problem = problem.clone();
            self.ctx.reply(asker.connection, asker.id, Reply::Problem { problem });
        }
    }

    /// Gives up what the pool has not answered in time.
    pub(super) fn give_up(&mut self) {
        let now = self.ctx.now.boot_ms;
        let late: Vec<RequestId> = self
            .intents
            .values()
            .filter(|i| !matches!(i.stage, Stage::Waiting(_)))
            .filter(|intent| intent.give_up_at.is_some_and(|at| now >= at))
            .map(|intent| intent.saved.request)
            .collect();
        for request in late {
            self.refuse_askers(request, |_| true);
            if self.same_key(request).is_empty() {
                self.cancel(request, ReleaseReason::NobodyTookIt);
            } else if let Some(intent) = self.intents.get_mut(&request) {
                // It can only have signed on again to the seat that is claimed anyway: a cancel
                // would end it.
                intent.give_up_at = None;
            }
        }
        let waiting: Vec<RequestId> = self.intents.keys().copied().collect();
        for request in waiting {
            self.refuse_askers(request, |asker| now >= asker.give_up_at);
        }
    }

    fn refuse_askers(&mut self, request: RequestId, which: impl Fn(&Asker) -> bool) {
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        let askers = core::mem::take(&mut intent.askers);
        let (late, patient): (Vec<_>, Vec<_>) = askers.into_iter().partition(which);
        intent.askers = patient;
        for asker in late {
            let problem = problems::no_answer();
            self.ctx.reply(asker.connection, asker.id, Reply::Problem { problem });
        }
    }

    /// When the next unanswered sign-on, or its asker, is given up.
    pub(super) fn give_up_deadline(&self) -> Option<u64> {
        self.intents
            .values()
            .flat_map(|intent| {
                let unanswered = !matches!(intent.stage, Stage::Waiting(_));
                let own = intent.give_up_at.filter(|_| unanswered);
                own.into_iter().chain(intent.askers.iter().map(|asker| asker.give_up_at))
            })
            .min()
    }

    /// Replies with a seat of this machine as it is now.
    pub(super) fn tell_seat(&mut self, asker: &Asker, id: SeatId, key: Option<Secret>) {
        let Some(seat) = self.seats.get(&id) else {
            return;
        };
        let deadline = seat.deadline;
        let outcome = Outcome::Seat {
            seat: seat.saved.seat,
            client: seat.saved.client.clone(),
            since: seat.saved.since,
            counted: seat.saved.counted,
            left_ms: LeftMs::clamped(deadline.saturating_sub(self.ctx.now.boot_ms)),
        };
        let resume = key.map(|key| ResumeKey { seat: id, key });
        self.reply_outcome(asker, outcome, Some(deadline), resume);
    }

    pub(super) fn reply_outcome(
        &mut self,
        asker: &Asker,
        outcome: Outcome,
        deadline_boot_ms: Option<u64>,
        resume: Option<ResumeKey>,
    ) {
        let reply = Reply::Outcome { outcome, deadline_boot_ms, resume };
        self.ctx.reply(asker.connection, asker.id, reply);
    }
}
