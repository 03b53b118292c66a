//! Places in a pool's line, and the offers to them.

use alloc::vec::Vec;

use hotseat_protocol::ids::{OfferId, PoolId, RequestId};
use hotseat_protocol::ipc::{MyOffer, MyPlace, Notice, Reply};
use hotseat_protocol::link::{Accept, MachineMessage, OfferState, Outcome};
use hotseat_protocol::quantity::LeftMs;
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::Core;
use super::asker::Asker;
use super::asks::Ask;
use super::clocks::later;
use super::in_flight::InFlight;
use super::input::ConnectionId;
use super::limits::ANSWER_LIMIT_MS;
use super::outbox::repeat::Repeat;
use super::problems;
use super::saved::{Change, OsUser};
use super::sign_on::{Intent, Offer, Place, Stage};

impl Place {
    /// The place as an answer states it.
    pub(super) fn outcome(&self, boot_ms: u64) -> Outcome {
        Outcome::Waiting {
            place: self.id,
            rank: self.rank,
            offer: self.offer.as_ref().map(|offer| OfferState {
                id: offer.id,
                left_ms: LeftMs::clamped(offer.ends.saturating_sub(boot_ms)),
            }),
        }
    }

    /// The place as its owner is shown it.
    pub(super) fn view(&self, request: RequestId) -> MyPlace {
        MyPlace {
            id: self.id,
            request,
            rank: self.rank,
            since: self.since,
            offer: self.offer.as_ref().map(Offer::view),
        }
    }
}

impl Offer {
    pub(super) fn view(&self) -> MyOffer {
        MyOffer { id: self.id, ends_boot_ms: self.ends, ends_at: self.ends_at }
    }
}

impl Core {
    /// A request has, or keeps, a place.
    pub(super) fn placed(&mut self, request: RequestId, place: Place, offer: Option<OfferState>) {
        let now = self.ctx.now;
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        let (known, since) = match &intent.stage {
            Stage::Waiting(old) => (old.offer.clone(), old.since),
            Stage::Saving | Stage::Asking(_) => (None, place.since),
        };
        let offer = offer.map(|offer| match &known {
            Some(known) if known.id == offer.id => known.clone(),
            _ => Offer {
                id: offer.id,
                ends: now.boot_ms.saturating_add(offer.left_ms.get()),
                ends_at: later(now.wall, offer.left_ms.get()),
                taking: (intent.saved.wait == Some(Accept::Auto)).then(Repeat::default),
            },
        });
        let fresh = offer.clone().filter(|offer| {
            intent.saved.wait == Some(Accept::Ask)
                && known.as_ref().is_none_or(|known| known.id != offer.id)
        });
        let place = Place { since, offer, ..place };
        let askers = if matches!(intent.stage, Stage::Waiting(_)) {
            Vec::new()
        } else {
            core::mem::take(&mut intent.askers)
        };
        let outcome = place.outcome(now.boot_ms);
        intent.stage = Stage::Waiting(place);
        let (owner, hangs) = (intent.saved.owner.clone(), intent.hangs.clone());
        let pool = intent.saved.pool.clone();
        for asker in &askers {
            self.reply_outcome(asker, outcome.clone(), None, None);
        }
        if let Some(offer) = fresh {
            let offer = offer.view();
            self.ctx.notify(&owner, &hangs, Notice::YourTurn { pool, offer });
        }
    }

    /// Takes the offers to those who want no questions.
    pub(super) fn take_offers(&mut self) {
        let now = self.ctx.now.boot_ms;
        // Few wait with an offer; only of these is asked, of each about all, whether it must wait.
        let takes = |intent: &Intent| {
            let taking =
                intent.stage.repeat().filter(|_| matches!(intent.stage, Stage::Waiting(_)));
            taking.is_some_and(|taking| taking.due(now))
        };
        let takers = self.intents.values().filter(|intent| takes(intent));
        for request in takers.map(|intent| intent.saved.request).collect::<Vec<_>>() {
            if self.key_is_busy(request) {
                continue;
            }
            let Some(intent) = self.intents.get_mut(&request) else {
                continue;
            };
            let Stage::Waiting(Place { offer: Some(offer), .. }) = &mut intent.stage else {
                continue;
            };
            let id = offer.id;
            if let Some(taking) = offer.taking.as_mut() {
                taking.sent();
                self.take_offer(id, request);
            }
        }
    }

    /// A place is gone.
    pub(super) fn place_gone(&mut self, request: RequestId, end: Option<PlaceEnd>) {
        let Some(intent) = self.intents.get(&request) else {
            return;
        };
        let Stage::Waiting(place) = &intent.stage else {
            return;
        };
        let place = place.id;
        let end = match end {
            // The seat is told of as a seat; what became of the request says where it is.
            Some(PlaceEnd::Seated) => return self.ask_again(request),
            Some(end) => end,
            None => PlaceEnd::Lapsed,
        };
        let (owner, hangs) = (intent.saved.owner.clone(), intent.hangs.clone());
        let (pool, askers) = (intent.saved.pool.clone(), intent.askers.clone());
        self.intents.remove(&request);
        self.ctx.save(Change::DropIntent(request));
        for asker in &askers {
            self.reply_outcome(asker, Outcome::PlaceEnded { end }, None, None);
        }
        let on_purpose = matches!(end, PlaceEnd::Left | PlaceEnd::Declined);
        if askers.is_empty() && !on_purpose {
            let newest = self.newest_epochs.of(&owner, &pool);
            let notice = Notice::PlaceEnded { pool, end, place: Some(place), newest };
            self.ctx.notify(&owner, &hangs, notice);
        }
    }

    /// A person leaves a pool's line.
    pub(super) fn leave_line(
        &mut self,
        connection: ConnectionId,
        id: u64,
        owner: &OsUser,
        pool: &PoolId,
    ) {
        let requests: Vec<RequestId> = self
            .intents
            .values()
            .filter(|i| i.saved.owner == *owner && i.saved.pool == *pool)
            .filter(|intent| intent.saved.wait.is_some())
            .map(|intent| intent.saved.request)
            .collect();
        // A cancel, not a message that a link may lose: an offer that became a seat at the same
        // moment ends too.
        for request in requests {
            self.cancel(request, ReleaseReason::SignedOffByTheUser);
        }
        self.ctx.reply(connection, id, Reply::Done);
    }

    /// A person takes the offered seat.
    pub(super) fn accept_offer(
        &mut self,
        connection: ConnectionId,
        id: u64,
        owner: &OsUser,
        offer: OfferId,
    ) {
        let give_up_at = self.ctx.now.boot_ms.saturating_add(ANSWER_LIMIT_MS);
        match self.offered_to(owner, offer) {
            Ok(request) => {
                if let Some(intent) = self.intents.get_mut(&request) {
                    intent.askers.push(Asker { connection, id, give_up_at });
                }
                self.take_offer(offer, request);
            }
            Err(problem) => self.ctx.reply(connection, id, Reply::Problem { problem }),
        }
    }

    fn take_offer(&mut self, offer: OfferId, request: RequestId) {
        let sent = self
            .ctx
            .send(InFlight::Accept(request), MachineMessage::AcceptOffer { offer, request });
        if sent && let Some(intent) = self.intents.get_mut(&request) {
            intent.takings = intent.takings.saturating_add(1);
        }
    }

    /// A person passes the offered seat on.
    pub(super) fn decline_offer(
        &mut self,
        connection: ConnectionId,
        id: u64,
        owner: &OsUser,
        offer: OfferId,
    ) {
        match self.offered_to(owner, offer) {
            Ok(request) => {
                let ask = self.asks.remember(
                    self.ctx.now.boot_ms,
                    (connection, id),
                    Ask::Decline(request),
                );
                self.ctx.send(InFlight::Ask(ask), MachineMessage::DeclineOffer { offer, request });
            }
            Err(problem) => self.ctx.reply(connection, id, Reply::Problem { problem }),
        }
    }

    fn offered_to(
        &self,
        owner: &OsUser,
        offer: OfferId,
    ) -> Result<RequestId, hotseat_protocol::problem::Problem> {
        let request = self
            .intents
            .values()
            .filter(|intent| intent.saved.owner == *owner)
            .find(|intent| match &intent.stage {
                Stage::Waiting(place) => place.offer.as_ref().is_some_and(|o| o.id == offer),
                Stage::Saving | Stage::Asking(_) => false,
            })
            .map(|intent| intent.saved.request)
            .filter(|request| !self.key_is_busy(*request))
            .ok_or_else(problems::offer_ended)?;
        self.link_is_up()?;
        Ok(request)
    }

    /// A declined offer was answered: its place is over.
    pub(super) fn declined(&mut self, request: RequestId) {
        if self.intents.remove(&request).is_some() {
            self.ctx.save(Change::DropIntent(request));
        }
    }
}
