//! What a machine may see of the committed state.

use hotseat_protocol::ids::{MachineId, PoolId, RequestId, SeatId, UserId, WallTime};
use hotseat_protocol::link::{MachinePlace, MachineSeat, OfferState, Projected, SeatEnd};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::view::{
    self, ClientView, HOLDERS_MAX, HolderView, LINE_MAX, PolicyView, PoolView, WaiterView,
};
use hotseat_rules::{
    Idle, Offline, OnSleep, Place, Pool, PoolDefinition, Privacy, Release, Rule, Seat,
};

use super::{Names, machine_of};
use crate::engine::View;
use crate::stated::stated_ms;

/// A pool as anybody may see it, and what only the keepers of its seats and places are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoolPicture {
    view: PoolView,
    /// For each listed holder, who keeps the seat.
    holders: Vec<Option<(MachineId, SeatId)>>,
    /// For each listed waiter, who keeps the place.
    line: Vec<Option<(MachineId, RequestId)>>,
}

/// Who looks at a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eyes {
    /// An administrator sees names and the ids of seats, whatever the pool's privacy says.
    Administrator,
    /// A person sees as much as a colleague, and which is their own.
    Person(UserId),
    /// A machine or a service.
    Other,
}

impl Eyes {
    /// What these eyes see of people's names in a pool.
    fn privacy(self, pool: &Pool) -> Privacy {
        match self {
            Self::Administrator => Privacy::Names,
            Self::Person(_) | Self::Other => pool.definition.privacy,
        }
    }

    /// Whether something of this user's is their own.
    fn own(self, user: UserId) -> bool {
        self == Self::Person(user)
    }
}

impl PoolPicture {
    pub(super) fn of(view: View<'_>, names: &dyn Names, id: &PoolId, eyes: Eyes) -> Option<Self> {
        let pool = view.state.pool(id)?;
        let counts = view.state.counts(id);
        let privacy = eyes.privacy(pool);
        let people = privacy != Privacy::Counts;
        let seats = view.state.holders(id).take(if people { HOLDERS_MAX } else { 0 });
        let seats: Vec<&Seat> = seats.collect();
        let waiters = pool.line.values().take(if people { LINE_MAX } else { 0 });
        let holders = seats.iter().map(|seat| holder(view, names, seat, eyes));
        let line = waiters.clone().map(|place| {
            let user = shown(privacy, names.user(place.asked.user));
            waiter(place, user, eyes)
        });
        let picture = PoolView {
            in_use: counts.in_use,
            offered: counts.offered,
            set_aside: view.presence.set_aside(view.state, id, view.now),
            waiting: count(pool.line.len()),
            more_holders: count(pool.seats.len().saturating_sub(seats.len())),
            holders: holders.collect(),
            line: line.collect(),
            usually_waits_s: view.usually_waits_s(id),
            ..definition_view(&pool.definition)
        };
        let keepers = seats.iter().map(|seat| machine_of(seat.keeper).zip(Some(seat.id)));
        Some(Self {
            view: picture,
            holders: keepers.collect(),
            line: waiters
                .map(|place| machine_of(place.keeper).zip(Some(place.asked.request.id)))
                .collect(),
        })
    }

    /// How many seats it shows as set aside by checks.
    pub(super) fn set_aside(&self) -> u32 {
        self.view.set_aside
    }

    /// The picture with the ids of the machine's own seats and places. Where nobody is named, its
    /// own are all that is listed.
    pub(super) fn for_machine(
        &self,
        view: View<'_>,
        names: &dyn Names,
        machine: MachineId,
    ) -> PoolView {
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
                    user: None,
                    ..holder(view, names, seat, Eyes::Other)
                })
                .collect();
            picture.more_holders =
                picture.more_holders.saturating_sub(count(picture.holders.len()));
        }
        picture
    }
}

/// A pool as somebody may see it who may see pools at all; none when there is none.
#[must_use]
pub fn pool_view(view: View<'_>, names: &dyn Names, id: &PoolId, eyes: Eyes) -> Option<PoolView> {
    PoolPicture::of(view, names, id, eyes).map(|picture| picture.view)
}

/// What a pool's privacy shows of a name.
#[must_use]
pub fn shown(privacy: Privacy, name: Option<String>) -> Option<String> {
    match privacy {
        Privacy::Names => name,
        Privacy::Initials => name.map(|name| initials(&name)),
        Privacy::Counts => None,
    }
}

/// "L. M." of "Lucy Miller".
fn initials(name: &str) -> String {
    let letters = name.split_whitespace().filter_map(|word| word.chars().next());
    let initials = letters.map(|letter| format!("{}.", letter.to_uppercase()));
    initials.collect::<Vec<_>>().join(" ")
}

/// The privacy setting in the words of the wire.
#[must_use]
pub fn privacy(privacy: Privacy) -> view::Privacy {
    match privacy {
        Privacy::Names => view::Privacy::Names,
        Privacy::Initials => view::Privacy::Initials,
        Privacy::Counts => view::Privacy::Counts,
    }
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
        if let Some(picture) = PoolPicture::of(view, names, &pool.definition.id, Eyes::Other) {
            let pool = Box::new(picture.for_machine(view, names, machine));
            items.push(Projected::Pool { pool });
        }
    }
    for own in view.state.machine_seats(machine) {
        let seat = machine_seat(names, own);
        items.push(Projected::Seat { seat });
    }
    for pool in view.state.pools() {
        let own = line_of(view, pool).filter(|(keeper, _)| *keeper == machine);
        items.extend(own.map(|(_, place)| Projected::Place { place }));
    }
    items
}

/// A machine's seat, if it is still there.
pub(super) fn seat(
    view: View<'_>,
    names: &dyn Names,
    machine: MachineId,
    id: SeatId,
) -> Option<MachineSeat> {
    let seat = view.state.seat(id).filter(|seat| machine_of(seat.keeper) == Some(machine))?;
    Some(machine_seat(names, seat))
}

fn machine_seat(names: &dyn Names, seat: &Seat) -> MachineSeat {
    MachineSeat {
        seat: seat.seat_ref(),
        pool: seat.asked.pool.clone(),
        user: seat.asked.user,
        client: seat.asked.client.clone(),
        anchor: seat.anchor.clone(),
        request: seat.asked.request.id,
        since: seat.since,
        counted: seat.counted,
        leaving: seat.leaving.as_ref().map(|leaving| fact_end(names, &leaving.release, leaving.at)),
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
        let offer = place.offer_id().map(|id| OfferState {
            id,
            left_ms: stated_ms(view.presence.offer_left(id, view.now)),
        });
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

/// A holder as somebody may see them.
#[must_use]
pub fn holder(view: View<'_>, names: &dyn Names, seat: &Seat, eyes: Eyes) -> HolderView {
    let pool = view.state.pool(&seat.asked.pool);
    let privacy = pool.map_or(Privacy::Counts, |pool| eyes.privacy(pool));
    HolderView {
        user: shown(privacy, names.user(seat.asked.user)),
        client: seat.asked.client.clone(),
        since: seat.since,
        idle_s: match view.presence.idle(seat.id, view.now) {
            Idle::Unknown => None,
            Idle::For(idle) => Some(IdleSeconds::clamped(idle.as_secs())),
        },
        leaving: seat.leaving.is_some(),
        counted: seat.counted,
        seat: (eyes == Eyes::Administrator).then_some(seat.id),
        mine: eyes.own(seat.asked.user),
    }
}

fn waiter(place: &Place, user: Option<String>, eyes: Eyes) -> WaiterView {
    WaiterView {
        user,
        since: place.since,
        offered: place.offer.is_some(),
        request: None,
        mine: eyes.own(place.asked.user),
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
        set_aside: 0,
        waiting: 0,
        clients: clients.collect(),
        desktop_client: definition.desktop_client.clone(),
        policy: PolicyView {
            warn_after_ms: stated_ms(definition.idle.warn_after),
            sign_off_after_ms: stated_ms(definition.idle.sign_off_after),
            only_when_wanted: definition.idle.only_when_wanted,
            offline: match definition.offline {
                Offline::Stop => view::Offline::Stop,
                Offline::Tolerate => view::Offline::Tolerate,
            },
            on_sleep: match definition.on_sleep {
                OnSleep::SignOff => view::OnSleep::SignOff,
                OnSleep::Keep => view::OnSleep::Keep,
            },
            tray_grace_ms: stated_ms(definition.tray_grace),
            lease_ms: Some(stated_ms(definition.lease)),
        },
        privacy: privacy(definition.privacy),
        holders: Vec::new(),
        more_holders: 0,
        line: Vec::new(),
        usually_waits_s: None,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
