//! What a machine may see of the committed state.

use std::time::Duration;

use hotseat_protocol::ids::{MachineId, PoolId, RequestId, SeatId, WallTime};
use hotseat_protocol::link::{MachinePlace, MachineSeat, OfferState, Projected, SeatEnd};
use hotseat_protocol::view::{
    self, ClientView, HOLDERS_MAX, HolderView, LINE_MAX, PolicyView, PoolView, WaiterView,
};

use super::{Names, machine_of};
use crate::engine::View;
use crate::rules::{Idle, OnSleep, Place, Pool, PoolDefinition, Privacy, Release, Rule, Seat};

/// A pool as anybody may see it, and what only the keepers of its seats and places are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoolPicture {
    view: PoolView,
    /// For each listed holder, who keeps the seat.
    holders: Vec<Option<(MachineId, SeatId)>>,
    /// For each listed waiter, who keeps the place.
    line: Vec<Option<(MachineId, RequestId)>>,
}

impl PoolPicture {
    pub(super) fn of(view: View<'_>, names: &dyn Names, id: &PoolId) -> Option<Self> {
        let pool = view.state.pool(id)?;
        let counts = view.state.counts(id);
        let mut seats: Vec<&Seat> = pool.seats.values().collect();
        seats.sort_unstable_by_key(|seat| (seat.since, seat.id));
        let named = pool.definition.privacy == Privacy::Names;
        let listed = seats.iter().take(if named { HOLDERS_MAX } else { 0 });
        let waiters = pool.line.values().take(if named { LINE_MAX } else { 0 });
        let holders: Vec<HolderView> =
            listed.clone().map(|seat| holder(view, seat, names.user(seat.asked.user))).collect();
        let line = waiters.clone().map(|place| waiter(place, names.user(place.asked.user)));
        let picture = PoolView {
            in_use: counts.in_use,
            offered: counts.offered,
            waiting: count(pool.line.len()),
            more_holders: count(seats.len() - holders.len()),
            holders,
            line: line.collect(),
            usually_waits_s: view.usually_waits_s(id),
            ..definition_view(&pool.definition)
        };
        Some(Self {
            view: picture,
            holders: listed.map(|seat| machine_of(seat.keeper).zip(Some(seat.id))).collect(),
            line: waiters
                .map(|place| machine_of(place.keeper).zip(Some(place.asked.request.id)))
                .collect(),
        })
    }

    /// The picture with the ids of the machine's own seats and places. Where nobody is named, its
    /// own are all that is listed.
    pub(super) fn for_machine(&self, view: View<'_>, machine: MachineId) -> PoolView {
        let mut picture = self.view.clone();
        let mine = |kept: &Option<(MachineId, _)>| kept.filter(|(keeper, _)| *keeper == machine);
        for (row, kept) in picture.holders.iter_mut().zip(&self.holders) {
            row.seat = mine(kept).map(|(_, seat)| seat);
        }
        for (row, kept) in picture.line.iter_mut().zip(&self.line) {
            row.request = kept.filter(|(keeper, _)| *keeper == machine).map(|(_, request)| request);
        }
        if self.view.privacy == view::Privacy::Counts {
            let own = view.state.machine_seats(machine);
            let own = own.filter(|seat| seat.asked.pool == picture.id).take(HOLDERS_MAX);
            picture.holders = own
                .map(|seat| HolderView {
                    seat: Some(seat.id),
                    idle_s: None,
                    ..holder(view, seat, None)
                })
                .collect();
            picture.more_holders =
                picture.more_holders.saturating_sub(count(picture.holders.len()));
        }
        picture
    }
}

/// A pool as anybody may see it who may see pools at all: with names only where its privacy shows
/// them, and without any id of a seat or place.
#[must_use]
pub fn pool_view(view: View<'_>, names: &dyn Names, id: &PoolId) -> Option<PoolView> {
    PoolPicture::of(view, names, id).map(|picture| picture.view)
}

/// How a seat ended or will, for its holder.
#[must_use]
pub fn fact_end(names: &dyn Names, release: &Release, at: WallTime) -> SeatEnd {
    SeatEnd {
        reason: release.reason,
        by: release.by.and_then(|by| names.caller(by)),
        note: release.why.clone(),
        at,
    }
}

/// All that a machine is told: pools, its own seats, its own places.
pub(super) fn everything(view: View<'_>, names: &dyn Names, machine: MachineId) -> Vec<Projected> {
    let mut items = Vec::new();
    for pool in view.state.pools() {
        if let Some(picture) = PoolPicture::of(view, names, &pool.definition.id) {
            let pool = Box::new(picture.for_machine(view, machine));
            items.push(Projected::Pool { pool });
        }
    }
    for own in view.state.machine_seats(machine) {
        let seat = machine_seat(names, own, view.wall);
        items.push(Projected::Seat { seat });
    }
    for pool in view.state.pools() {
        let own = line_of(view, pool).filter(|(keeper, _)| *keeper == machine);
        items.extend(own.map(|(_, place)| Projected::Place { place }));
    }
    items
}

/// A machine's seat, if it is still there. `at` is when it last changed.
pub(super) fn seat(
    view: View<'_>,
    names: &dyn Names,
    machine: MachineId,
    id: SeatId,
    at: Option<WallTime>,
) -> Option<MachineSeat> {
    let seat = view.state.seat(id).filter(|seat| machine_of(seat.keeper) == Some(machine))?;
    Some(machine_seat(names, seat, at.unwrap_or(view.wall)))
}

fn machine_seat(names: &dyn Names, seat: &Seat, left_at: WallTime) -> MachineSeat {
    MachineSeat {
        seat: seat.seat_ref(),
        pool: seat.asked.pool.clone(),
        user: seat.asked.user,
        client: seat.asked.client.clone(),
        anchor: seat.anchor.clone(),
        request: seat.asked.request.id,
        since: seat.since,
        counted: seat.counted,
        leaving: seat.leaving.as_ref().map(|release| fact_end(names, release, left_at)),
    }
}

/// The places of a pool's line that machines keep, each with its machine.
pub(super) fn line(view: View<'_>, pool: &PoolId) -> Vec<(MachineId, MachinePlace)> {
    view.state.pool(pool).map_or_else(Vec::new, |pool| line_of(view, pool).collect())
}

fn line_of<'a>(
    view: View<'a>,
    pool: &'a Pool,
) -> impl Iterator<Item = (MachineId, MachinePlace)> + 'a {
    (1..).zip(pool.line.values()).filter_map(move |(rank, place)| {
        let machine = machine_of(place.keeper)?;
        let offer = place
            .offer_id()
            .map(|id| OfferState { id, left_ms: ms(view.presence.offer_left(id, view.now)) });
        let place = MachinePlace {
            id: place.id,
            request: place.asked.request.id,
            pool: place.asked.pool.clone(),
            user: place.asked.user,
            anchor: place.anchor.clone(),
            rank,
            since: place.since,
            offer,
        };
        Some((machine, place))
    })
}

fn holder(view: View<'_>, seat: &Seat, user: Option<String>) -> HolderView {
    HolderView {
        user,
        client: seat.asked.client.clone(),
        since: seat.since,
        idle_s: match view.presence.idle(seat.id, view.now) {
            Idle::Unknown => None,
            Idle::For(idle) => Some(idle.as_secs()),
        },
        leaving: seat.leaving.is_some(),
        counted: seat.counted,
        seat: None,
        mine: false,
    }
}

fn waiter(place: &Place, user: Option<String>) -> WaiterView {
    WaiterView {
        user,
        since: place.since,
        offered: place.offer.is_some(),
        request: None,
        mine: false,
    }
}

/// What a definition alone says; the numbers are zero.
fn definition_view(definition: &PoolDefinition) -> PoolView {
    let clients = definition.clients.iter().map(|(name, client)| ClientView {
        name: name.clone(),
        rule: match client.rule {
            Rule::Hold => view::Rule::Hold,
            Rule::Check => view::Rule::Check,
        },
    });
    PoolView {
        id: definition.id.clone(),
        name: definition.name.clone(),
        seats: definition.seats,
        in_use: 0,
        offered: 0,
        waiting: 0,
        clients: clients.collect(),
        desktop_client: definition.desktop_client.clone(),
        policy: PolicyView {
            warn_after_ms: ms(definition.idle.warn_after),
            sign_off_after_ms: ms(definition.idle.sign_off_after),
            only_when_wanted: definition.idle.only_when_wanted,
            on_sleep: match definition.on_sleep {
                OnSleep::SignOff => view::OnSleep::SignOff,
                OnSleep::Keep => view::OnSleep::Keep,
            },
            tray_grace_ms: ms(definition.tray_grace),
        },
        privacy: match definition.privacy {
            Privacy::Names => view::Privacy::Names,
            Privacy::Counts => view::Privacy::Counts,
        },
        holders: Vec::new(),
        more_holders: 0,
        line: Vec::new(),
        usually_waits_s: None,
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
