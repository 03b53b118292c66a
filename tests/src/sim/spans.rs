//! How long seats, places and offers live by the pool's clock: what the account of ends keeps of
//! each.

use hotseat_protocol::ids::{OfferId, PlaceId, SeatId};
use hotseat_rules::{Keeper, Place, Pool, PoolDefinition, Seat, State};

use super::words::ms;

/// A place kept by calls lapses when nobody asks for this long, in ms.
pub(super) const PLACE_BY_CALLS: u64 = 60_000;

/// What ends by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Seat(SeatId),
    Place(PlaceId),
    Offer(OfferId),
}

/// When something ends, in ms of the pool's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// How long it lives after a renewal.
    pub(super) full: u64,
    /// The same, by a definition that is decided and not yet known to be written.
    pub(super) decided: Option<u64>,
    /// The least by definitions that an administrator asked for and that are not decided yet: a claim
    /// that comes after them is answered by them.
    pub(super) asked: Option<u64>,
    /// The longest that this ever was: somebody may believe in it for that long.
    pub(super) longest: u64,
    /// When it was last claimed.
    pub(super) read: Option<u64>,
    /// Not before this.
    pub(super) soonest: u64,
    /// Not after this.
    pub(super) latest: u64,
}

impl Span {
    /// Something that ends the longest time after now.
    pub(super) fn new(full: u64, longest: u64, now: u64) -> Self {
        let end = now + longest;
        Self { full, decided: None, asked: None, longest, read: None, soonest: end, latest: end }
    }
}

pub(super) fn seat_time(pool: &Pool, seat: &Seat) -> u64 {
    seat_time_by(&pool.definition, seat)
}

fn seat_time_by(definition: &PoolDefinition, seat: &Seat) -> u64 {
    ms(match seat.keeper {
        Keeper::Machine(_) => definition.lease,
        Keeper::Calls => definition.calls_lease(&seat.asked.client),
    })
}

pub(super) fn place_time(pool: &Pool, place: &Place) -> u64 {
    place_time_by(&pool.definition, place)
}

fn place_time_by(definition: &PoolDefinition, place: &Place) -> u64 {
    match place.keeper {
        Keeper::Machine(_) => ms(definition.lease),
        Keeper::Calls => PLACE_BY_CALLS,
    }
}

/// How long each seat and place of a pool lives by a definition. An offer stands for as long as was
/// said when it was made.
pub(super) fn times(state: &State, definition: &PoolDefinition) -> Vec<(Item, u64)> {
    let Some(pool) = state.pool(&definition.id) else {
        return Vec::new();
    };
    let seats = pool.seats.values();
    let seats = seats.map(|seat| (Item::Seat(seat.id), seat_time_by(definition, seat)));
    let places = pool.line.values();
    let places = places.map(|place| (Item::Place(place.id), place_time_by(definition, place)));
    seats.chain(places).collect()
}
