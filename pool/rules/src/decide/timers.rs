//! What the clock does. Each looks again whether its end has really come.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{OfferId, PlaceId, SeatId};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::super::command::Keeper;
use super::super::event::{Event, Release};
use super::super::mono::Mono;
use super::super::presence::Presence;
use super::super::state::State;
use super::super::timers::Timer;
use super::{end_place, release, take_back};

pub(super) fn expire_seat(state: &State, presence: &Presence, id: SeatId, now: Mono) -> Vec<Event> {
    if !presence.timers.over(&Timer::Lease(id), now) {
        return Vec::new();
    }
    let Some(seat) = state.seat(id) else {
        return Vec::new();
    };
    let reason = match seat.keeper {
        Keeper::Machine(_) => ReleaseReason::LeaseExpired,
        Keeper::Calls => ReleaseReason::SessionTimeOut,
    };
    vec![release(seat, Release::rule(reason))]
}

pub(super) fn time_out_session(
    state: &State,
    presence: &Presence,
    id: SeatId,
    now: Mono,
) -> Vec<Event> {
    if !presence.timers.over(&Timer::Session(id), now) {
        return Vec::new();
    }
    let Some(seat) = state.seat(id) else {
        return Vec::new();
    };
    let timeout = state
        .pool(&seat.asked.pool)
        .and_then(|pool| pool.definition.session_timeout(&seat.asked.client));
    if timeout.is_none() {
        return Vec::new();
    }
    take_back(seat, Release::rule(ReleaseReason::SessionTimeOut)).into_iter().collect()
}

pub(super) fn lapse_place(
    state: &State,
    presence: &Presence,
    id: PlaceId,
    now: Mono,
) -> Vec<Event> {
    let over = presence.timers.over(&Timer::Place(id), now);
    let place = state.place(id).filter(|_| over);
    place.map(|place| end_place(place, PlaceEnd::Lapsed)).into_iter().collect()
}

pub(super) fn lapse_offer(
    state: &State,
    presence: &Presence,
    id: OfferId,
    now: Mono,
) -> Vec<Event> {
    let over = presence.timers.over(&Timer::Offer(id), now);
    let place = state.offered_place(id).filter(|_| over);
    place.map(|place| end_place(place, PlaceEnd::OfferLapsed)).into_iter().collect()
}

/// An hour in which there is no request needs no event.
pub(super) fn age_requests(state: &State, presence: &Presence, now: Mono) -> Vec<Event> {
    let contents = state.contents();
    let any = !contents.requests.is_empty() || !contents.refused.is_empty();
    if presence.timers.over(&Timer::Hour, now) && any {
        vec![Event::RequestsAged]
    } else {
        Vec::new()
    }
}
