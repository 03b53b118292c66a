//! Whom a fact touches: worked out from the state before it, because afterwards a seat that ended
//! is no longer there.

use hotseat_protocol::ids::{MachineId, PlaceId, PoolId, RequestId, SeatId, SeatRef};
use hotseat_protocol::reason::PlaceEnd;

use hotseat_rules::{Event, Keeper, Place, Release, Seat, State};

/// What a fact touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touch {
    /// A seat that a machine keeps is new or changed.
    Seat {
        /// Its machine.
        machine: MachineId,
        /// The seat.
        seat: SeatId,
    },
    /// A seat that a machine kept has ended.
    SeatEnded {
        /// Its machine.
        machine: MachineId,
        /// The seat, at its last epoch.
        seat: SeatRef,
        /// Why.
        release: Release,
    },
    /// A place that a machine kept has ended, or is another machine's now.
    PlaceEnded {
        /// Its machine.
        machine: MachineId,
        /// The request that held it.
        request: RequestId,
        /// Why.
        end: PlaceEnd,
    },
    /// The line of a pool: ranks and offers of all its places may have changed.
    Line(PoolId),
    /// What others see of a pool.
    Pool(PoolId),
    /// A pool was removed.
    PoolRemoved(PoolId),
}

/// What an event touches, from the state before it.
pub(super) fn touches(before: &State, event: &Event) -> Vec<Touch> {
    match event {
        Event::PoolDefined { definition } => {
            vec![Touch::Pool(definition.id.clone()), Touch::Line(definition.id.clone())]
        }
        Event::PoolRemoved { pool } => vec![Touch::PoolRemoved(pool.clone())],
        Event::SeatGranted { seat, asked, keeper, .. } => {
            let pool = Touch::Pool(asked.pool.clone());
            seat_of(*keeper, *seat).into_iter().chain([pool]).collect()
        }
        Event::SeatReacquired { seat, .. }
        | Event::SeatWarned { seat }
        | Event::WarningAnswered { seat, .. } => changed(before, *seat),
        Event::SeatLeaving { seat, .. } => changed(before, *seat),
        Event::SeatReleased { seat, release } => released(before, *seat, release),
        Event::PlaceTaken { asked, .. } => line(&asked.pool),
        Event::PlaceMoved { place, .. } => {
            place_of(before, *place, |place| gone(place, PlaceEnd::Superseded))
        }
        Event::PlaceEnded { place, end, .. } => place_of(before, *place, |place| gone(place, *end)),
        Event::Offered { place, .. } | Event::OfferWithdrawn { place, .. } => {
            place_of(before, *place, |_| None)
        }
        Event::Initialised { .. }
        | Event::UserAdded { .. }
        | Event::UserChanged { .. }
        | Event::UserRemoved { .. }
        | Event::MachineAdded { .. }
        | Event::MachineRevoked { .. }
        | Event::SignOnRefused { .. }
        | Event::RequestCancelled { .. }
        | Event::ChecksRefused { .. }
        | Event::Overdraft { .. }
        | Event::IdleSpell { .. }
        | Event::RequestsAged
        | Event::FoundBehind { .. }
        | Event::GenerationBegan { .. }
        | Event::RecoveryEnded
        | Event::RecordSetAside { .. }
        | Event::Quarantined { .. }
        | Event::MachineConfirmed { .. } => Vec::new(),
    }
}

fn seat_of(keeper: Keeper, seat: SeatId) -> Option<Touch> {
    match keeper {
        Keeper::Machine(machine) => Some(Touch::Seat { machine, seat }),
        Keeper::Calls => None,
    }
}

fn changed(before: &State, id: SeatId) -> Vec<Touch> {
    let Some(seat) = before.seat(id) else {
        return Vec::new();
    };
    let pool = Touch::Pool(seat.asked.pool.clone());
    seat_of(seat.keeper, id).into_iter().chain([pool]).collect()
}

fn released(before: &State, id: SeatId, release: &Release) -> Vec<Touch> {
    let Some(seat) = before.seat(id) else {
        return Vec::new();
    };
    let gone = machine_of(seat).map(|machine| Touch::SeatEnded {
        machine,
        seat: seat.seat_ref(),
        release: release.clone(),
    });
    let pool = Touch::Pool(seat.asked.pool.clone());
    gone.into_iter().chain([pool]).collect()
}

fn machine_of(seat: &Seat) -> Option<MachineId> {
    match seat.keeper {
        Keeper::Machine(machine) => Some(machine),
        Keeper::Calls => None,
    }
}

fn line(pool: &PoolId) -> Vec<Touch> {
    vec![Touch::Line(pool.clone()), Touch::Pool(pool.clone())]
}

fn place_of(before: &State, id: PlaceId, also: impl Fn(&Place) -> Option<Touch>) -> Vec<Touch> {
    let Some(place) = before.place(id) else {
        return Vec::new();
    };
    let also = also(place).into_iter();
    also.chain(line(&place.asked.pool)).collect()
}

fn gone(place: &Place, end: PlaceEnd) -> Option<Touch> {
    match place.keeper {
        Keeper::Machine(machine) => {
            Some(Touch::PlaceEnded { machine, request: place.asked.request.id, end })
        }
        Keeper::Calls => None,
    }
}
