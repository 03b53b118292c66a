//! A state's contents as a snapshot stores them. Lists, because JSON's keys are texts only; what
//! an entry's key would be stands in the entry.

mod requests;

use std::collections::BTreeMap;
use std::time::Duration;

use hotseat_protocol::ids::{
    Anchor, Epoch, MachineId, OfferId, PlaceId, SeatId, SeatRef, Seq, UserId, WallTime,
};
use hotseat_protocol::reason::PlaceEnd;
use hotseat_rules::{
    Asked, Contents, Machine, Offer, Place, Pool, PoolDefinition, Recovery, Seat, TakenBack, User,
};
use serde::{Deserialize, Serialize};

use self::requests::read_requests;
use super::definition::{StoredDefinition, ms};
use super::parts::{
    StoredAccept, StoredAsked, StoredGeneration, StoredKeeper, StoredPosition, StoredRefusalCode,
    StoredRelease, StoredRequestKey, StoredUserKind, early_time_or_none, read_lease, read_wait,
    stored_wait,
};

/// The form of version 2. One of version 1 has no `past` and no `recovery`: its store never had
/// another generation. What a field means stands at the rules' [`Contents`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredContents {
    generation: StoredGeneration,
    seq: Seq,
    users: Vec<StoredUser>,
    machines: Vec<StoredMachine>,
    pools: Vec<StoredPool>,
    requests: Vec<StoredRequest>,
    offers: Vec<(OfferId, StoredRequestKey)>,
    hours: Vec<Seq>,
    #[serde(default)]
    past: Vec<StoredGeneration>,
    #[serde(default)]
    recovery: Option<StoredRecovery>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredRecovery {
    Behind {
        machine: MachineId,
        seen: StoredPosition,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_ms: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stated_ms: Option<u64>,
    },
    Waiting {
        wait_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stated_ms: Option<u64>,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredUser {
    id: UserId,
    kind: StoredUserKind,
    enabled: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unconfirmed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredMachine {
    id: MachineId,
    revoked: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unconfirmed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overdrafts: Vec<(WallTime, SeatId)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    people: Vec<(UserId, Seq)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredPool {
    definition: StoredDefinition,
    retired: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unconfirmed: bool,
    seats: Vec<StoredSeat>,
    line: Vec<StoredPlace>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSeat {
    id: SeatId,
    epoch: Epoch,
    asked: StoredAsked,
    keeper: StoredKeeper,
    anchor: Anchor,
    counted: bool,
    since: WallTime,
    /// Absent: what the pool's definition says, as it does until a lease is shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longest_lease_ms: Option<u64>,
    leaving: Option<StoredRelease>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaving_since: Option<WallTime>,
    warned: bool,
    #[serde(default, deserialize_with = "early_time_or_none")]
    idle_until: Option<WallTime>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredPlace {
    rank: Seq,
    id: PlaceId,
    asked: StoredAsked,
    keeper: StoredKeeper,
    anchor: Anchor,
    accept: StoredAccept,
    offer: Option<StoredOffer>,
    since: WallTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    longest_lease_ms: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredOffer {
    id: OfferId,
    made: Seq,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stands_ms: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredRequest {
    key: StoredRequestKey,
    asked: Option<StoredAsked>,
    became: StoredBecame,
    changed: Seq,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredBecame {
    Refused(StoredRefusalCode),
    Waiting(PlaceId),
    Granted(SeatRef),
    SeatEnded {
        seat: SeatRef,
        release: StoredRelease,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<WallTime>,
    },
    PlaceEnded {
        place: PlaceId,
        end: PlaceEnd,
    },
    Cancelled,
}

impl From<&Contents> for StoredContents {
    fn from(from: &Contents) -> Self {
        let users = from.users.iter();
        let users = users.map(|(id, user)| StoredUser {
            id: *id,
            kind: user.kind.into(),
            enabled: user.enabled,
            unconfirmed: user.unconfirmed,
        });
        let machines = from.machines.iter();
        let machines = machines.map(|(id, machine)| StoredMachine {
            id: *id,
            revoked: machine.revoked,
            unconfirmed: machine.unconfirmed,
            overdrafts: machine.overdrafts.iter().copied().collect(),
            people: machine.people.iter().map(|(user, seq)| (*user, *seq)).collect(),
        });
        let requests =
            from.requests.iter().map(|(key, request)| (key, StoredRequest::of(*key, request)));
        let refused =
            from.refused.iter().map(|(key, request)| (key, StoredRequest::refused(*key, request)));
        let requests: BTreeMap<_, _> = requests.chain(refused).collect();
        Self {
            generation: StoredGeneration(from.generation),
            seq: from.seq,
            users: users.collect(),
            machines: machines.collect(),
            pools: from.pools.values().map(Into::into).collect(),
            requests: requests.into_values().collect(),
            offers: from.offers.iter().map(|(offer, key)| (*offer, (*key).into())).collect(),
            hours: from.hours.iter().copied().collect(),
            past: from.past.iter().copied().map(StoredGeneration).collect(),
            recovery: from.recovery.map(Into::into),
        }
    }
}

impl From<StoredContents> for Contents {
    fn from(from: StoredContents) -> Self {
        let users = from.users.into_iter();
        let users = users.map(|StoredUser { id, kind, enabled, unconfirmed }| {
            (id, User { kind: kind.into(), enabled, unconfirmed })
        });
        let machines = from.machines.into_iter();
        let (requests, refused) = read_requests(from.requests);
        let machines = machines.map(|machine| {
            let StoredMachine { id, revoked, unconfirmed, overdrafts, people } = machine;
            let (overdrafts, people) = (overdrafts.into_iter(), people.into_iter());
            let (overdrafts, people) = (overdrafts.collect(), people.collect());
            (id, Machine { revoked, unconfirmed, overdrafts, people })
        });
        let machines = machines.collect();
        let pools = from.pools.into_iter().map(Pool::from);
        Self {
            generation: from.generation.0,
            seq: from.seq,
            users: users.collect(),
            machines,
            pools: pools.map(|pool| (pool.definition.id.clone(), pool)).collect(),
            requests,
            refused,
            offers: from.offers.into_iter().map(|(offer, key)| (offer, key.into())).collect(),
            hours: from.hours.into(),
            past: from.past.into_iter().map(|generation| generation.0).collect(),
            recovery: from.recovery.map(Into::into),
        }
    }
}

impl From<Recovery> for StoredRecovery {
    fn from(recovery: Recovery) -> Self {
        match recovery {
            Recovery::Behind { machine, seen, wait } => {
                let (wait_ms, stated_ms) = stored_wait(wait);
                let wait_ms = Some(wait_ms).filter(|wait_ms| *wait_ms > 0);
                Self::Behind { machine, seen: seen.into(), wait_ms, stated_ms }
            }
            Recovery::Waiting { wait } => {
                let (wait_ms, stated_ms) = stored_wait(wait);
                Self::Waiting { wait_ms, stated_ms }
            }
        }
    }
}

impl From<StoredRecovery> for Recovery {
    fn from(recovery: StoredRecovery) -> Self {
        match recovery {
            StoredRecovery::Behind { machine, seen, wait_ms, stated_ms } => {
                let wait = read_wait(wait_ms.unwrap_or_default(), stated_ms);
                Self::Behind { machine, seen: seen.into(), wait }
            }
            StoredRecovery::Waiting { wait_ms, stated_ms } => {
                Self::Waiting { wait: read_wait(wait_ms, stated_ms) }
            }
        }
    }
}

impl From<&Pool> for StoredPool {
    fn from(pool: &Pool) -> Self {
        let (definition, seats, line) = (&pool.definition, pool.seats.values(), pool.line.iter());
        Self {
            definition: definition.into(),
            retired: pool.retired,
            unconfirmed: pool.unconfirmed,
            seats: seats.map(|seat| StoredSeat::of(seat, definition)).collect(),
            line: line.map(|(rank, place)| StoredPlace::of(*rank, place, definition)).collect(),
        }
    }
}

impl From<StoredPool> for Pool {
    fn from(pool: StoredPool) -> Self {
        let definition = PoolDefinition::from(pool.definition);
        let seats = pool.seats.into_iter().map(|seat| seat.read(&definition));
        let seats = seats.map(|seat| (seat.id, seat)).collect();
        let line = pool.line.into_iter().map(|place| (place.rank, place.read(&definition)));
        let line = line.collect();
        let (retired, unconfirmed) = (pool.retired, pool.unconfirmed);
        Self { definition, retired, unconfirmed, seats, line }
    }
}

/// A duration that differs from what the definition says.
fn unlike(duration: Duration, definition: Duration) -> Option<u64> {
    (duration != definition).then(|| ms(duration))
}

impl StoredSeat {
    fn of(seat: &Seat, definition: &PoolDefinition) -> Self {
        let lease = definition.seat_lease(seat.keeper, &seat.asked.client);
        Self {
            id: seat.id,
            epoch: seat.epoch,
            asked: (&seat.asked).into(),
            keeper: seat.keeper.into(),
            anchor: seat.anchor.clone(),
            counted: seat.counted,
            since: seat.since,
            longest_lease_ms: unlike(seat.longest_lease, lease),
            leaving: seat.leaving.as_ref().map(|leaving| (&leaving.release).into()),
            leaving_since: seat.leaving.as_ref().map(|leaving| leaving.at),
            warned: seat.warned,
            idle_until: seat.idle_until,
        }
    }

    fn read(self, definition: &PoolDefinition) -> Seat {
        let seat = self;
        let (asked, keeper) = (Asked::from(seat.asked), seat.keeper.into());
        let lease = definition.seat_lease(keeper, &asked.client);
        Seat {
            id: seat.id,
            epoch: seat.epoch,
            longest_lease: seat.longest_lease_ms.map_or(lease, read_lease),
            asked,
            keeper,
            anchor: seat.anchor,
            counted: seat.counted,
            since: seat.since,
            leaving: seat.leaving.map(|release| TakenBack {
                release: release.into(),
                at: seat.leaving_since.unwrap_or(seat.since),
            }),
            warned: seat.warned,
            idle_until: seat.idle_until,
        }
    }
}

impl StoredPlace {
    fn of(rank: Seq, place: &Place, definition: &PoolDefinition) -> Self {
        let lease = definition.place_lease(place.keeper);
        Self {
            rank,
            id: place.id,
            asked: (&place.asked).into(),
            keeper: place.keeper.into(),
            anchor: place.anchor.clone(),
            accept: place.accept.into(),
            offer: place.offer.map(|offer| StoredOffer {
                id: offer.id,
                made: offer.made,
                stands_ms: unlike(offer.stands, definition.offer),
            }),
            since: place.since,
            longest_lease_ms: unlike(place.longest_lease, lease),
        }
    }

    fn read(self, definition: &PoolDefinition) -> Place {
        let place = self;
        let keeper = place.keeper.into();
        let lease = definition.place_lease(keeper);
        Place {
            id: place.id,
            asked: place.asked.into(),
            keeper,
            anchor: place.anchor,
            accept: place.accept.into(),
            offer: place.offer.map(|offer| Offer {
                id: offer.id,
                made: offer.made,
                stands: offer.stands_ms.map_or(definition.offer, Duration::from_millis),
            }),
            since: place.since,
            longest_lease: place.longest_lease_ms.map_or(lease, read_lease),
        }
    }
}
