//! Ways to find things in the contents; nothing here that could not be worked out anew.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hotseat_protocol::ids::{MachineId, PlaceId, PoolId, RequestId, SeatId, Seq, UserId, WallTime};

use super::command::{Caller, Keeper};
use super::event::RequestKey;
use super::state::{Became, Contents, Counts, Ending, Place, Request, Seat, SeatKey};

/// The index. [`Index::of`] builds it; [`apply`](super::apply()) keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(super) seats: BTreeMap<SeatId, PoolId>,
    /// Of seats that are not leaving.
    pub(super) keys: BTreeMap<SeatKey, SeatId>,
    pub(super) machine_seats: BTreeMap<MachineId, BTreeSet<SeatId>>,
    pub(super) user_seats: BTreeMap<UserId, BTreeSet<SeatId>>,
    pub(super) places: BTreeMap<PlaceId, (PoolId, Seq)>,
    pub(super) user_places: BTreeMap<(PoolId, UserId), PlaceId>,
    pub(super) counts: BTreeMap<PoolId, Counts>,
    /// The request with the newest epoch of each seat that a kept request speaks about.
    pub(super) granted: BTreeMap<SeatId, RequestKey>,
    /// Each pool's seats in the order in which they are told: those that count (false) first, then
    /// the longest stay.
    pub(super) holders: BTreeMap<PoolId, BTreeSet<(bool, WallTime, SeatId)>>,
    /// The refused requests of each caller, the oldest first.
    refusals: BTreeMap<Caller, BTreeMap<Seq, RequestId>>,
}

impl Index {
    pub(super) fn of(contents: &Contents) -> Self {
        let mut index = Self::default();
        for pool in contents.pools.values() {
            // Leaving ones first: another seat may have come for the key since, and keeps it.
            let (leaving, staying): (Vec<_>, Vec<_>) =
                pool.seats.values().partition(|seat| seat.leaving.is_some());
            for seat in leaving {
                index.seat_came(seat);
                index.seat_leaves(seat);
            }
            for seat in staying {
                index.seat_came(seat);
            }
            for (rank, place) in &pool.line {
                index.place_came(*rank, place);
                if place.offer.is_some() {
                    index.offer_came(&place.asked.pool);
                }
            }
        }
        index.find_grants(contents);
        index.find_refusals(contents);
        index
    }

    /// Finds again which request last granted each seat.
    pub(super) fn find_grants(&mut self, contents: &Contents) {
        let mut newest: BTreeMap<SeatId, (Seq, RequestKey)> = BTreeMap::new();
        for (key, request) in &contents.requests {
            let Some(seat) = granted_seat(request) else {
                continue;
            };
            let candidate = (seat.epoch.seq, *key);
            let best = newest.entry(seat.id).or_insert(candidate);
            if best.0 < candidate.0 {
                *best = candidate;
            }
        }
        self.granted = newest.into_iter().map(|(seat, (_, key))| (seat, key)).collect();
    }

    /// Finds again which requests were refused, and in which order.
    pub(super) fn find_refusals(&mut self, contents: &Contents) {
        self.refusals.clear();
        for (key, refused) in &contents.refused {
            self.refusal_came(*key, refused.changed);
        }
    }

    pub(super) fn refusal_came(&mut self, key: RequestKey, at: Seq) {
        self.refusals.entry(key.caller).or_default().insert(at, key.id);
    }

    pub(super) fn refusal_went(&mut self, caller: Caller, at: Seq) {
        if let Some(refusals) = self.refusals.get_mut(&caller) {
            refusals.remove(&at);
            if refusals.is_empty() {
                self.refusals.remove(&caller);
            }
        }
    }

    /// The oldest refused request of a caller that has more than so many.
    pub(super) fn refusal_beyond(&self, caller: Caller, kept: usize) -> Option<RequestKey> {
        let refusals = self.refusals.get(&caller).filter(|refusals| refusals.len() > kept)?;
        refusals.first_key_value().map(|(_, id)| RequestKey { caller, id: *id })
    }

    pub(super) fn refused_callers(&self) -> Vec<Caller> {
        self.refusals.keys().copied().collect()
    }

    pub(super) fn seat_came(&mut self, seat: &Seat) {
        self.holders.entry(seat.asked.pool.clone()).or_default().insert(told_by(seat));
        self.seats.insert(seat.id, seat.asked.pool.clone());
        self.keys.insert(seat.key(), seat.id);
        self.user_seats.entry(seat.asked.user).or_default().insert(seat.id);
        if let Keeper::Machine(machine) = seat.keeper {
            self.machine_seats.entry(machine).or_default().insert(seat.id);
        }
        if seat.counted {
            let counts = self.counts.entry(seat.asked.pool.clone()).or_default();
            counts.in_use = counts.in_use.saturating_add(1);
        }
    }

    pub(super) fn seat_leaves(&mut self, seat: &Seat) {
        let key = seat.key();
        // Another seat may have come for the key since this one began to leave.
        if self.keys.get(&key) == Some(&seat.id) {
            self.keys.remove(&key);
        }
    }

    pub(super) fn seat_went(&mut self, seat: &Seat) {
        self.seat_leaves(seat);
        self.seats.remove(&seat.id);
        remove_from(&mut self.holders, seat.asked.pool.clone(), told_by(seat));
        remove_from(&mut self.user_seats, seat.asked.user, seat.id);
        if let Keeper::Machine(machine) = seat.keeper {
            remove_from(&mut self.machine_seats, machine, seat.id);
        }
        if seat.counted {
            self.count(&seat.asked.pool, |counts| &mut counts.in_use);
        }
    }

    pub(super) fn place_came(&mut self, rank: Seq, place: &Place) {
        let pool = place.asked.pool.clone();
        self.user_places.insert((pool.clone(), place.asked.user), place.id);
        self.places.insert(place.id, (pool, rank));
    }

    pub(super) fn place_went(&mut self, place: &Place) {
        self.places.remove(&place.id);
        self.user_places.remove(&(place.asked.pool.clone(), place.asked.user));
    }

    pub(super) fn offer_came(&mut self, pool: &PoolId) {
        let counts = self.counts.entry(pool.clone()).or_default();
        counts.offered = counts.offered.saturating_add(1);
    }

    pub(super) fn offer_went(&mut self, pool: &PoolId) {
        self.count(pool, |counts| &mut counts.offered);
    }

    /// Counts one less; an entry of zeros is no entry, so that equal contents have equal indexes.
    fn count(&mut self, pool: &PoolId, which: fn(&mut Counts) -> &mut u32) {
        let Some(counts) = self.counts.get_mut(pool) else {
            return;
        };
        let number = which(counts);
        *number = number.saturating_sub(1);
        if *counts == Counts::default() {
            self.counts.remove(pool);
        }
    }
}

fn told_by(seat: &Seat) -> (bool, WallTime, SeatId) {
    (!seat.counted, seat.since, seat.id)
}

fn granted_seat(request: &Request) -> Option<hotseat_protocol::ids::SeatRef> {
    match request.became {
        Became::Granted(seat) | Became::Ended(Ending::Seat { seat, .. }) => Some(seat),
        Became::Waiting(_) | Became::Ended(Ending::Place { .. } | Ending::Cancelled) => None,
    }
}

fn remove_from<K: Ord, V: Ord>(map: &mut BTreeMap<K, BTreeSet<V>>, key: K, value: V) {
    if let Some(set) = map.get_mut(&key) {
        set.remove(&value);
        if set.is_empty() {
            map.remove(&key);
        }
    }
}
