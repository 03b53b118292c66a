//! What is true of every state that a pool can be in.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use thiserror::Error;

use super::command::Keeper;
use super::definition::Rule;
use super::index::Index;
use super::state::{Became, Contents, Place, Pool, Seat, State};

/// A state that no pool can be in: the store is damaged, or the rules have a bug.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the state is impossible: {0}; restore a verified backup")]
pub struct InvariantBroken(pub String);

/// Checks everything that is true of every state.
///
/// # Errors
///
/// The first thing that is not.
pub fn check_invariants(state: &State) -> Result<(), InvariantBroken> {
    for (id, pool) in &state.contents.pools {
        check(pool.definition.id == *id, || format!("pool {id} is filed under another name"))?;
        check(!pool.retired || !pool.seats.is_empty(), || format!("removed pool {id} lingers"))?;
        check(!pool.retired || pool.line.is_empty(), || format!("removed pool {id} has a line"))?;
        for seat in pool.seats.values() {
            check_seat(&state.contents, pool, seat)?;
        }
        for place in pool.line.values() {
            check_place(state, pool, place)?;
        }
    }
    check_requests(state)?;
    check(state.index == Index::of(&state.contents), || "the index differs".to_owned())
}

fn check(holds: bool, what: impl Fn() -> String) -> Result<(), InvariantBroken> {
    if holds { Ok(()) } else { Err(InvariantBroken(what())) }
}

fn check_seat(contents: &Contents, pool: &Pool, seat: &Seat) -> Result<(), InvariantBroken> {
    let id = seat.id;
    check(seat.asked.pool == pool.definition.id, || format!("seat {id} is in another pool"))?;
    check(seat.epoch.seq <= contents.seq, || format!("seat {id} is from the future"))?;
    let lease = pool.definition.seat_lease(seat.keeper, &seat.asked.client);
    check(seat.longest_lease >= lease, || format!("seat {id} never had the pool's lease"))?;
    let request = contents.requests.get(&seat.asked.request);
    let granted = request.is_some_and(|request| request.became == Became::Granted(seat.seat_ref()));
    check(granted, || format!("seat {id} was granted to no request"))?;
    if seat.leaving.is_some() {
        let by_machine = matches!(seat.keeper, Keeper::Machine(_));
        return check(by_machine, || format!("seat {id} leaves, and no machine can confirm it"));
    }
    check(!pool.retired, || format!("seat {id} stays in a removed pool"))?;
    let user = contents.users.get(&seat.asked.user);
    check(user.is_some_and(|user| user.enabled), || format!("seat {id} has no enabled user"))?;
    let revoked = match seat.keeper {
        Keeper::Machine(machine) => {
            contents.machines.get(&machine).is_none_or(|machine| machine.revoked)
        }
        Keeper::Calls => false,
    };
    check(!revoked, || format!("seat {id} is kept by a revoked machine"))?;
    let rule = pool.definition.clients.get(&seat.asked.client).map(|client| client.rule);
    check(rule == Some(Rule::Hold), || format!("seat {id} is held by a client that cannot"))
}

fn check_place(state: &State, pool: &Pool, place: &Place) -> Result<(), InvariantBroken> {
    let id = place.id;
    check(place.asked.pool == pool.definition.id, || format!("place {id} is in another pool"))?;
    let request = state.request(&place.asked.request);
    let waits = request.is_some_and(|request| request.became == Became::Waiting(id));
    check(waits, || format!("place {id} belongs to no request that waits"))?;
    let only = state.user_place(&place.asked.pool, place.asked.user);
    check(only.is_some_and(|only| only.id == id), || format!("the user of {id} waits twice"))?;
    let user = state.user(place.asked.user);
    check(user.is_some_and(|user| user.enabled), || format!("place {id} has no enabled user"))?;
    check(state.seat_by_key(&place.key()).is_none(), || format!("place {id} has its seat"))?;
    if let Some(offer) = place.offer {
        check(state.recovery().is_none(), || {
            format!("{id} has an offer while nothing is granted")
        })?;
        let found = state.offered_place(offer.id);
        check(found.is_some_and(|found| found.id == id), || format!("{id} has a stray offer"))?;
    }
    Ok(())
}

fn check_requests(state: &State) -> Result<(), InvariantBroken> {
    for (key, request) in &state.contents.requests {
        let lives = match request.became {
            Became::Waiting(place) => {
                state.place(place).is_some_and(|place| place.asked.request == *key)
            }
            Became::Granted(granted) => {
                state.seat(granted.id).is_some_and(|seat| seat.seat_ref() == granted)
            }
            Became::Ended(_) => true,
        };
        check(lives, || format!("request {} speaks of what is not there", key.id))?;
    }
    for (key, refused) in &state.contents.refused {
        let only = state.request(key).is_none() && refused.changed <= state.contents.seq;
        check(only, || format!("request {} was refused and was not", key.id))?;
    }
    for key in state.contents.offers.values() {
        check(state.request(key).is_some(), || "an offer was made to nobody".to_owned())?;
    }
    Ok(())
}
