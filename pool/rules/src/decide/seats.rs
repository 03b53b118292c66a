//! How seats end because somebody wants it.

use alloc::borrow::ToOwned;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{MachineId, SeatId, SeatRef};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::super::command::{Caller, Keeper};
use super::super::event::{Event, Release, RequestKey};
use super::super::refusal::Refusal;
use super::super::state::{Became, Seat, State};
use super::{end_place, may_act, release, take_back};

/// The seat that a message about one epoch speaks of; none when it was released.
fn spoken_of(state: &State, by: Caller, seat: SeatRef) -> Result<Option<&Seat>, Refusal> {
    let Some(found) = state.seat(seat.id) else {
        return Ok(None);
    };
    if !may_act(by, found.keeper, found.asked.user) {
        return Err(Refusal::NotYours);
    }
    // A machine may have heard of its seat in a history that a restored store has lost. Over REST
    // only the epoch that was granted counts, so that none can be made up.
    let is_now = match by {
        Caller::Machine(_) => seat.epoch.covers(found.epoch),
        Caller::Service(_) | Caller::User(_) | Caller::Admin => seat.epoch == found.epoch,
    };
    if !is_now {
        return Err(Refusal::OlderEpoch { seat: seat.id });
    }
    Ok(Some(found))
}

/// Gives a seat back. Nothing follows when it was released already.
pub(super) fn sign_off(
    state: &State,
    by: Caller,
    seat: SeatRef,
    reason: ReleaseReason,
) -> Result<Vec<Event>, Refusal> {
    is_the_callers(by, reason)?;
    let Some(seat) = spoken_of(state, by, seat)? else {
        return Ok(Vec::new());
    };
    // Only the keeper itself can promise that the seat is used no more.
    let by_keeper = match by {
        Caller::Machine(machine) => seat.keeper == Keeper::Machine(machine),
        Caller::Service(_) | Caller::User(_) | Caller::Admin => seat.keeper == Keeper::Calls,
    };
    if by_keeper {
        return Ok(vec![release(seat, Release::by(reason, by))]);
    }
    Ok(take_back(seat, Release::by(reason, by)).into_iter().collect())
}

/// A machine is believed about what happens there, and about nothing else.
fn is_the_callers(by: Caller, reason: ReleaseReason) -> Result<(), Refusal> {
    match by {
        Caller::Machine(_) if reason.is_the_pools() => Err(Refusal::NotAMachinesReason(reason)),
        Caller::Machine(_) | Caller::Service(_) | Caller::User(_) | Caller::Admin => Ok(()),
    }
}

/// A machine uses a leaving seat no more.
pub(super) fn confirm_leaving(
    state: &State,
    machine: MachineId,
    seat: SeatRef,
) -> Result<Vec<Event>, Refusal> {
    let Some(seat) = spoken_of(state, Caller::Machine(machine), seat)? else {
        return Ok(Vec::new());
    };
    let leaving = seat.leaving.clone();
    let released =
        leaving.map(|leaving| Event::SeatReleased { seat: seat.id, release: leaving.release });
    Ok(released.into_iter().collect())
}

/// Ends what a request brought, or leaves a tombstone that will refuse it.
pub(super) fn cancel(
    state: &State,
    key: &RequestKey,
    reason: ReleaseReason,
) -> Result<Vec<Event>, Refusal> {
    is_the_callers(key.caller, reason)?;
    if state.refused(key).is_some() {
        return Ok(Vec::new());
    }
    let Some(request) = state.request(key) else {
        return Ok(vec![Event::RequestCancelled { request: *key }]);
    };
    let event = match &request.became {
        Became::Waiting(place) => state.place(*place).map(|place| end_place(place, PlaceEnd::Left)),
        Became::Granted(granted) => {
            // A request whose seat was signed on to again has ended, so this grant is its own.
            let seat = state.seat(granted.id);
            seat.map(|seat| release(seat, Release::by(reason, key.caller)))
        }
        Became::Ended(_) => None,
    };
    Ok(event.into_iter().collect())
}

/// Takes a seat back from whoever holds it.
pub(super) fn reclaim(
    state: &State,
    by: Caller,
    seat: SeatId,
    why: Option<&str>,
) -> Result<Vec<Event>, Refusal> {
    let Some(found) = state.seat(seat) else {
        let known = state.granted_to(seat).is_some();
        return if known { Ok(Vec::new()) } else { Err(Refusal::UnknownSeat(seat)) };
    };
    let release =
        Release { reason: ReleaseReason::Reclaimed, by: Some(by), why: why.map(ToOwned::to_owned) };
    Ok(take_back(found, release).into_iter().collect())
}
