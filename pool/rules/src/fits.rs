//! Whether an event can follow a state.
//!
//! Whatever [`decide`](super::decide()) says can; what a damaged journal has, where a record is
//! missing, need not. [`apply`](super::apply()) keeps every invariant for an event that fits.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use hotseat_protocol::ids::{
    Anchor, Generation, MachineId, OfferId, PlaceId, PoolId, SeatId, UserId,
};
use hotseat_protocol::reason::PlaceEnd;
use thiserror::Error;

use super::command::Keeper;
use super::definition::PoolDefinition;
use super::event::{Asked, Event, RequestKey};
use super::state::{Became, Ending, Pool, Seat, SeatKey, State};

/// Why an event cannot follow.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Misfit(String);

impl Misfit {
    pub(super) fn new(what: String) -> Self {
        Self(what)
    }
}

/// Tests that an event can follow the state, so that applying it keeps every invariant.
///
/// The number of seats is not tested: where a release was lost, a later grant exceeds it, and the
/// older seat ends by its lease.
///
/// # Errors
///
/// What it speaks of and the state does not have, or what contradicts it.
pub fn fits(state: &State, event: &Event) -> Result<(), Misfit> {
    match event {
        Event::Initialised { .. } => {
            test(state.contents.generation.0 == 0, || "the store had begun before".to_owned())
        }
        Event::PoolDefined { definition } => pool_defined(state, definition),
        Event::PoolRemoved { pool } => pool_removed(state, pool),
        Event::UserAdded { user, .. } => {
            test(state.user(*user).is_none(), || format!("user {user} is there already"))
        }
        Event::UserChanged { user, enabled, .. } => user_changed(state, *user, *enabled),
        Event::UserRemoved { user } => {
            known_user(state, *user)?;
            user_has_nothing(state, *user)
        }
        Event::MachineAdded { machine } => {
            test(state.machine(*machine).is_none(), || format!("machine {machine} is there"))
        }
        Event::MachineRevoked { machine } => {
            known_machine(state, *machine)?;
            machine_has_nothing(state, *machine)
        }
        Event::MachineConfirmed { machine } | Event::Overdraft { machine, .. } => {
            known_machine(state, *machine)
        }
        Event::SignOnRefused { asked, .. } => {
            let decided = state.request(&asked.request).is_some();
            test(!decided, || format!("request {} was not refused", asked.request.id))
        }
        Event::SeatGranted { seat, asked, keeper, anchor, .. } => {
            test(state.seat(*seat).is_none(), || format!("seat {seat} is there already"))?;
            seat_may_come(state, asked, *keeper, anchor)
        }
        Event::SeatReacquired { seat, asked } => seat_reacquired(state, *seat, asked),
        Event::SeatLeaving { seat, .. } => seat_leaves(state, *seat),
        Event::SeatReleased { seat, .. } => there(state, *seat).map(drop),
        Event::PlaceTaken { place, asked, keeper, anchor, .. } => {
            new_place(state, *place, asked)?;
            place_may_be(state, asked, *keeper, anchor)
        }
        Event::PlaceMoved { place, asked, keeper, anchor, .. } => {
            same_place(state, *place, asked)?;
            place_may_be(state, asked, *keeper, anchor)
        }
        Event::PlaceEnded { place, .. } => {
            state.place(*place).map(drop).ok_or_else(|| no_place(*place))
        }
        Event::Offered { place, offer } => offered(state, *place, *offer),
        Event::OfferWithdrawn { place, offer } => offer_stands(state, *place, *offer),
        Event::RequestCancelled { request } => {
            let decided = state.request(request).is_some() || state.refused(request).is_some();
            test(!decided, || format!("request {} had arrived", request.id))
        }
        Event::FoundBehind { .. } => no_offer_stands(state),
        Event::GenerationBegan { generation, .. } => generation_began(state, *generation),
        Event::Quarantined { users, machines, .. } => {
            users.iter().try_for_each(|user| user_has_nothing(state, *user))?;
            machines.iter().try_for_each(|machine| machine_has_nothing(state, *machine))
        }
        // These change nothing by which anything is decided.
        Event::ChecksRefused { .. }
        | Event::SeatWarned { .. }
        | Event::WarningAnswered { .. }
        | Event::IdleSpell { .. }
        | Event::RequestsAged
        | Event::RecoveryEnded
        | Event::RecordSetAside { .. } => Ok(()),
    }
}

fn misfit(what: String) -> Misfit {
    Misfit(what)
}

fn test(holds: bool, what: impl FnOnce() -> String) -> Result<(), Misfit> {
    if holds { Ok(()) } else { Err(Misfit(what())) }
}

fn no_place(place: PlaceId) -> Misfit {
    misfit(format!("there is no place {place}"))
}

fn there(state: &State, seat: SeatId) -> Result<&Seat, Misfit> {
    state.seat(seat).ok_or_else(|| misfit(format!("there is no seat {seat}")))
}

fn is_leaving(seat: &Seat) -> bool {
    seat.leaving.is_some()
}

fn pool_defined(state: &State, definition: &PoolDefinition) -> Result<(), Misfit> {
    let Some(pool) = state.contents.pools.get(&definition.id) else { return Ok(()) };
    let mut staying = pool.seats.values().filter(|seat| !is_leaving(seat));
    let kept = staying.all(|seat| definition.holds(&seat.asked.client));
    test(kept, || format!("a seat of pool {} is held by a client that cannot", definition.id))
}

fn pool_removed(state: &State, pool: &PoolId) -> Result<(), Misfit> {
    let found = state.pool(pool).ok_or_else(|| misfit(format!("there is no pool {pool}")))?;
    let empty = found.line.is_empty() && found.seats.values().all(is_leaving);
    test(empty, || format!("pool {pool} is still in use"))
}

fn seat_leaves(state: &State, seat: SeatId) -> Result<(), Misfit> {
    let found = there(state, seat)?;
    let leaves = !is_leaving(found) && found.keeper != Keeper::Calls;
    test(leaves, || format!("seat {seat} cannot leave"))
}

fn new_place(state: &State, place: PlaceId, asked: &Asked) -> Result<(), Misfit> {
    test(state.place(place).is_none(), || format!("place {place} is there already"))?;
    let waits = state.user_place(&asked.pool, asked.user).is_some();
    test(!waits, || format!("user {} waits already", asked.user))
}

fn same_place(state: &State, place: PlaceId, asked: &Asked) -> Result<(), Misfit> {
    let found = state.place(place).ok_or_else(|| no_place(place))?;
    let same = (&found.asked.pool, found.asked.user) == (&asked.pool, asked.user);
    test(same, || format!("place {place} is another user's"))
}

fn offered(state: &State, place: PlaceId, offer: OfferId) -> Result<(), Misfit> {
    let found = state.place(place).ok_or_else(|| no_place(place))?;
    test(state.recovery().is_none(), || "the pool was recovering".to_owned())?;
    let fresh = found.offer.is_none() && !state.contents.offers.contains_key(&offer);
    test(fresh, || format!("place {place} has an offer already"))
}

fn offer_stands(state: &State, place: PlaceId, offer: OfferId) -> Result<(), Misfit> {
    let found = state.place(place).ok_or_else(|| no_place(place))?;
    test(found.offer_id() == Some(offer), || format!("there is no offer {offer}"))
}

fn generation_began(state: &State, generation: Generation) -> Result<(), Misfit> {
    let contents = &state.contents;
    let used = contents.generation == generation || contents.past.contains(&generation);
    test(!used, || format!("generation {generation} was before"))?;
    no_offer_stands(state)
}

fn user_changed(state: &State, user: UserId, enabled: bool) -> Result<(), Misfit> {
    known_user(state, user)?;
    if enabled { Ok(()) } else { user_has_nothing(state, user) }
}

fn known_user(state: &State, user: UserId) -> Result<(), Misfit> {
    test(state.user(user).is_some(), || format!("there is no user {user}"))
}

fn known_machine(state: &State, machine: MachineId) -> Result<(), Misfit> {
    test(state.machine(machine).is_some(), || format!("there is no machine {machine}"))
}

fn user_has_nothing(state: &State, user: UserId) -> Result<(), Misfit> {
    let mut waiting = state.contents.pools.keys();
    let waits = waiting.any(|pool| state.user_place(pool, user).is_some());
    let ended = !waits && state.user_seats(user).all(is_leaving);
    test(ended, || format!("user {user} still has a seat or a place"))
}

fn machine_has_nothing(state: &State, machine: MachineId) -> Result<(), Misfit> {
    let waits = state.places().any(|place| place.keeper == Keeper::Machine(machine));
    let ended = !waits && state.machine_seats(machine).all(is_leaving);
    test(ended, || format!("machine {machine} still keeps a seat or a place"))
}

fn no_offer_stands(state: &State) -> Result<(), Misfit> {
    let stands = state.places().any(|place| place.offer.is_some());
    test(!stands, || "an offer still stood".to_owned())
}

/// The pool in which this user, by this keeper, can hold or wait.
fn may_be_in<'a>(state: &'a State, asked: &Asked, keeper: Keeper) -> Result<&'a Pool, Misfit> {
    let pool = state.pool(&asked.pool);
    let pool = pool.ok_or_else(|| misfit(format!("there is no pool {}", asked.pool)))?;
    let enabled = state.user(asked.user).is_some_and(|user| user.enabled);
    test(enabled, || format!("there is no enabled user {}", asked.user))?;
    if let Keeper::Machine(machine) = keeper {
        let works = state.machine(machine).is_some_and(|machine| !machine.revoked);
        test(works, || format!("there is no machine {machine}"))?;
    }
    Ok(pool)
}

/// A request that was not decided yet, or whose place just ended for its seat.
fn undecided(state: &State, key: &RequestKey) -> Result<(), Misfit> {
    let seated = state.request(key).is_none_or(|request| {
        matches!(request.became, Became::Ended(Ending::Place { end: PlaceEnd::Seated, .. }))
    });
    let open = seated && state.refused(key).is_none();
    test(open, || format!("request {} was decided before", key.id))
}

fn no_seat_for(state: &State, key: &SeatKey) -> Result<(), Misfit> {
    test(state.seat_by_key(key).is_none(), || format!("user {} has this seat", key.user))
}

fn seat_may_come(
    state: &State,
    asked: &Asked,
    keeper: Keeper,
    anchor: &Anchor,
) -> Result<(), Misfit> {
    let pool = may_be_in(state, asked, keeper)?;
    test(pool.definition.holds(&asked.client), || format!("{} cannot hold", asked.client))?;
    undecided(state, &asked.request)?;
    let key = SeatKey::new(asked, keeper, anchor);
    no_seat_for(state, &key)?;
    let waits = state.user_place(&asked.pool, asked.user).is_some_and(|place| place.key() == key);
    test(!waits, || format!("user {} still waits for this seat", asked.user))
}

fn place_may_be(
    state: &State,
    asked: &Asked,
    keeper: Keeper,
    anchor: &Anchor,
) -> Result<(), Misfit> {
    may_be_in(state, asked, keeper)?;
    let decided =
        state.request(&asked.request).is_some() || state.refused(&asked.request).is_some();
    test(!decided, || format!("request {} was decided before", asked.request.id))?;
    no_seat_for(state, &SeatKey::new(asked, keeper, anchor))
}

fn seat_reacquired(state: &State, seat: SeatId, asked: &Asked) -> Result<(), Misfit> {
    let found = there(state, seat)?;
    let same = SeatKey::new(asked, found.keeper, &found.anchor) == found.key();
    test(same && !is_leaving(found), || format!("seat {seat} is not this one"))?;
    undecided(state, &asked.request)
}
