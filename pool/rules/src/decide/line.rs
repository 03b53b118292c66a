//! The line: offers, how they are taken, and how places are left.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{OfferId, PlaceId, PoolId, SeatId};
use hotseat_protocol::reason::PlaceEnd;

use super::super::command::{Caller, Keeper};
use super::super::definition::Accept;
use super::super::event::{Event, RequestKey};
use super::super::line::next_to_offer;
use super::super::mono::Mono;
use super::super::presence::Presence;
use super::super::refusal::Refusal;
use super::super::state::{Became, Ending, Place, State};
use super::sign_on::Grant;
use super::{end_place, may_act};

pub(super) fn offer_next(
    state: &State,
    presence: &Presence,
    id: &PoolId,
    fresh_offer: OfferId,
    now: Mono,
) -> Result<Vec<Event>, Refusal> {
    let Some(pool) = state.pool(id) else {
        return Ok(Vec::new());
    };
    if state.contents().offers.contains_key(&fresh_offer) {
        return Err(Refusal::IdTaken);
    }
    let next = next_to_offer(state, presence, pool, now);
    let offered = next.map(|place| Event::Offered { place: place.id, offer: fresh_offer });
    Ok(offered.into_iter().collect())
}

pub(super) fn accept(
    state: &State,
    by: Caller,
    (offer, named): (OfferId, Option<&RequestKey>),
    fresh_seat: SeatId,
) -> Result<Vec<Event>, Refusal> {
    let now_of = state.contents().offers.get(&offer);
    if named.is_some() && named != now_of {
        return Err(Refusal::OfferOver(offer));
    }
    if let Some(place) = state.offered_place(offer) {
        own(by, place)?;
        return take(state, place, offer, fresh_seat);
    }
    // A repeat of an answer that was lost: the request says that it has its seat.
    let Some(request) = now_of.and_then(|key| state.request(key)) else {
        return Err(Refusal::OfferOver(offer));
    };
    let user = request.asked.as_ref().map(|asked| asked.user);
    match (&request.became, user) {
        (Became::Granted(seat), Some(user)) => {
            let keeper = state.seat(seat.id).map(|seat| seat.keeper);
            let yours = keeper.is_some_and(|keeper| may_act(by, keeper, user));
            if yours { Ok(Vec::new()) } else { Err(Refusal::NotYours) }
        }
        _ => Err(Refusal::OfferOver(offer)),
    }
}

fn take(
    state: &State,
    place: &Place,
    offer: OfferId,
    fresh_seat: SeatId,
) -> Result<Vec<Event>, Refusal> {
    let grant = Grant {
        state,
        asked: &place.asked,
        keeper: place.keeper,
        anchor: &place.anchor,
        fresh_seat,
        offer: Some(offer),
        waits: true,
    };
    grant.events()
}

pub(super) fn decline(
    state: &State,
    by: Caller,
    offer: OfferId,
    named: Option<&RequestKey>,
) -> Result<Vec<Event>, Refusal> {
    let now_of = state.contents().offers.get(&offer);
    if named.is_some() && named != now_of {
        return Err(Refusal::OfferOver(offer));
    }
    if let Some(place) = state.offered_place(offer) {
        own(by, place)?;
        return Ok(vec![end_place(place, PlaceEnd::Declined)]);
    }
    let Some((key, request)) = now_of.and_then(|key| Some((key, state.request(key)?))) else {
        return Err(Refusal::OfferOver(offer));
    };
    match (&request.became, &request.asked) {
        (Became::Ended(Ending::Place { end: PlaceEnd::Declined, .. }), Some(asked))
            if may_act(by, key.caller.keeper(), asked.user) =>
        {
            Ok(Vec::new())
        }
        _ => Err(Refusal::OfferOver(offer)),
    }
}

/// Leaves the line; nothing follows when the place has ended already.
pub(super) fn leave(state: &State, by: Caller, place: PlaceId) -> Result<Vec<Event>, Refusal> {
    let Some(place) = state.place(place) else {
        return Ok(Vec::new());
    };
    own(by, place)?;
    Ok(vec![end_place(place, PlaceEnd::Left)])
}

fn own(by: Caller, place: &Place) -> Result<(), Refusal> {
    if may_act(by, place.keeper, place.asked.user) { Ok(()) } else { Err(Refusal::NotYours) }
}

/// A caller over REST that waits hears of its offer only by asking; an `auto` one is taken by that.
pub(super) fn ask_request(
    state: &State,
    key: &RequestKey,
    fresh_seat: SeatId,
) -> Result<Vec<Event>, Refusal> {
    if state.refused(key).is_some() {
        return Ok(Vec::new());
    }
    let request = state.request(key).ok_or(Refusal::UnknownRequest(key.id))?;
    let Became::Waiting(place) = request.became else {
        return Ok(Vec::new());
    };
    let Some(place) = state.place(place) else {
        return Ok(Vec::new());
    };
    match (place.keeper, place.accept, place.offer_id()) {
        (Keeper::Calls, Accept::Auto, Some(offer)) => take(state, place, offer, fresh_seat),
        _ => Ok(Vec::new()),
    }
}
