//! Pools, users and machines.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use hotseat_protocol::ids::{Generation, MachineId, PoolId, Seq, UserId};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::super::command::Keeper;
use super::super::definition::{DefinitionError, PoolDefinition};
use super::super::event::Event;
use super::super::refusal::Refusal;
use super::super::state::{Place, Pool, State, UserKind};
use super::{end_place, take_back_all};

pub(super) fn initialise(state: &State, generation: Generation) -> Result<Vec<Event>, Refusal> {
    if state.seq() != Seq(0) {
        return Err(Refusal::IdTaken);
    }
    Ok(vec![Event::Initialised { generation }])
}

/// Makes or changes a pool. Fewer seats evict nobody; the newest offers are withdrawn until the
/// rest fits, before the number falls.
pub(super) fn define_pool(
    state: &State,
    definition: &PoolDefinition,
) -> Result<Vec<Event>, Refusal> {
    definition.validate()?;
    let mut events = Vec::new();
    if let Some(pool) = state.pool(&definition.id) {
        // What is in doubt is confirmed by saying the same again.
        if pool.definition == *definition && !pool.unconfirmed {
            return Ok(events);
        }
        keeps_used_clients(pool, definition)?;
        events.extend(withdrawals(state, pool, definition.seats));
    }
    events.push(Event::PoolDefined { definition: Box::new(definition.clone()) });
    Ok(events)
}

fn keeps_used_clients(pool: &Pool, definition: &PoolDefinition) -> Result<(), DefinitionError> {
    for client in pool.definition.clients.keys().filter(|client| !definition.holds(client)) {
        let seats = pool.seats.values().filter(|seat| seat.asked.client == *client).count();
        let places = pool.line.values().filter(|place| place.asked.client == *client).count();
        if seats > 0 || places > 0 {
            return Err(DefinitionError::ClientInUse { client: client.clone(), seats, places });
        }
    }
    Ok(())
}

fn withdrawals(state: &State, pool: &Pool, seats: u32) -> Vec<Event> {
    let counts = state.counts(&pool.definition.id);
    let room = seats.saturating_sub(counts.in_use);
    let excess = usize::try_from(counts.offered.saturating_sub(room)).unwrap_or(usize::MAX);
    let mut offers: Vec<_> = pool
        .line
        .values()
        .filter_map(|place| place.offer.map(|offer| (Reverse(offer.made), place.id, offer.id)))
        .collect();
    offers.sort_unstable();
    let newest = offers.into_iter().take(excess);
    newest.map(|(_, place, offer)| Event::OfferWithdrawn { place, offer }).collect()
}

/// Removes a pool. Seats that a machine keeps leave first, so that nobody who still uses one is
/// forgotten; the pool is gone when the last of them is released.
pub(super) fn remove_pool(state: &State, id: &PoolId) -> Result<Vec<Event>, Refusal> {
    let pool = state.pool(id).ok_or_else(|| Refusal::UnknownPool(id.clone()))?;
    let mut events: Vec<Event> =
        pool.line.values().map(|place| end_place(place, PlaceEnd::PoolRemoved)).collect();
    events.extend(take_back_all(pool.seats.values(), ReleaseReason::PoolRemoved));
    events.push(Event::PoolRemoved { pool: id.clone() });
    Ok(events)
}

pub(super) fn add_user(state: &State, user: UserId, kind: UserKind) -> Result<Vec<Event>, Refusal> {
    if state.user(user).is_some() {
        return Err(Refusal::IdTaken);
    }
    Ok(vec![Event::UserAdded { user, kind }])
}

pub(super) fn set_user(
    state: &State,
    id: UserId,
    kind: UserKind,
    enabled: bool,
) -> Result<Vec<Event>, Refusal> {
    let user = state.user(id).ok_or(Refusal::UnknownUser(id))?;
    if user.kind == kind && user.enabled == enabled && !user.unconfirmed {
        return Ok(Vec::new());
    }
    let mut events = Vec::new();
    if !enabled {
        events = end_user(state, id);
    }
    events.push(Event::UserChanged { user: id, kind, enabled });
    Ok(events)
}

pub(super) fn remove_user(state: &State, id: UserId) -> Result<Vec<Event>, Refusal> {
    state.user(id).ok_or(Refusal::UnknownUser(id))?;
    let mut events = end_user(state, id);
    events.push(Event::UserRemoved { user: id });
    Ok(events)
}

fn end_user(state: &State, id: UserId) -> Vec<Event> {
    let of_user = |place: &Place| place.asked.user == id;
    let mut events = end_places(state, of_user, PlaceEnd::UserDisabled);
    events.extend(take_back_all(state.user_seats(id), ReleaseReason::UserDisabled));
    events
}

fn end_places(state: &State, which: impl Fn(&Place) -> bool, end: PlaceEnd) -> Vec<Event> {
    let places = state.places().filter(|place| which(place));
    places.map(|place| end_place(place, end)).collect()
}

pub(super) fn add_machine(state: &State, machine: MachineId) -> Result<Vec<Event>, Refusal> {
    if state.machine(machine).is_some() {
        return Err(Refusal::IdTaken);
    }
    Ok(vec![Event::MachineAdded { machine }])
}

pub(super) fn revoke_machine(state: &State, id: MachineId) -> Result<Vec<Event>, Refusal> {
    let machine = state.machine(id).ok_or(Refusal::UnknownMachine(id))?;
    if machine.revoked && !machine.unconfirmed {
        return Ok(Vec::new());
    }
    let of_machine = |place: &Place| place.keeper == Keeper::Machine(id);
    let mut events = end_places(state, of_machine, PlaceEnd::MachineRevoked);
    events.extend(take_back_all(state.machine_seats(id), ReleaseReason::MachineRevoked));
    events.push(Event::MachineRevoked { machine: id });
    Ok(events)
}
