//! Seats that passed checks set aside for a few seconds, where a pool says so: what was passed can
//! be used before anybody else takes it.
//!
//! Volatile, as leases are: after a start none is set aside, and a sign-on that comes then is
//! decided like any other, within the number.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use hotseat_protocol::ids::{PoolId, RequestId, UserId};

use super::command::{Caller, Check, SignOn};
use super::definition::PoolDefinition;
use super::mono::Mono;
use super::presence::Presence;
use super::state::{State, UserKind};

/// Whose hold it is.
type Owner = (Caller, UserId);

/// The holds of all pools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holds {
    pools: BTreeMap<PoolId, PoolHolds>,
}

/// The holds of one pool, findable by owner and check, and by what ends first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PoolHolds {
    ends: BTreeMap<Owner, BTreeMap<RequestId, Mono>>,
    queue: BTreeSet<(Mono, Owner, RequestId)>,
}

impl PoolHolds {
    fn end(&self, owner: Owner, check: RequestId) -> Option<Mono> {
        self.ends.get(&owner)?.get(&check).copied()
    }

    fn set(&mut self, owner: Owner, check: RequestId, end: Mono) {
        self.remove(owner, check);
        self.ends.entry(owner).or_default().insert(check, end);
        self.queue.insert((end, owner, check));
    }

    fn remove(&mut self, owner: Owner, check: RequestId) {
        let Some(own) = self.ends.get_mut(&owner) else {
            return;
        };
        if let Some(end) = own.remove(&check) {
            self.queue.remove(&(end, owner, check));
        }
        if own.is_empty() {
            self.ends.remove(&owner);
        }
    }

    fn ended(&self, now: Mono) -> usize {
        self.queue.iter().take_while(|(end, ..)| *end <= now).count()
    }
}

impl Holds {
    /// Makes every hold last this much longer.
    pub(super) fn shift(&mut self, by: Duration) {
        for pool in self.pools.values_mut() {
            for end in pool.ends.values_mut().flat_map(BTreeMap::values_mut) {
                *end = end.later_by(by);
            }
            let before = core::mem::take(&mut pool.queue);
            let later =
                before.into_iter().map(|(end, owner, check)| (end.later_by(by), owner, check));
            pool.queue = later.collect();
        }
    }

    /// Forgets what has ended; it did not count any more.
    pub(super) fn forget_ended(&mut self, now: Mono) {
        for pool in self.pools.values_mut() {
            while let Some((_, owner, check)) =
                pool.queue.first().copied().filter(|(end, ..)| *end <= now)
            {
                pool.remove(owner, check);
            }
        }
        self.pools.retain(|_, pool| !pool.ends.is_empty());
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&PoolId) -> bool) {
        self.pools.retain(|pool, _| keep(pool));
    }

    /// When the next hold ends.
    pub(super) fn next_end(&self, now: Mono) -> Option<Mono> {
        let ends = self
            .pools
            .values()
            .filter_map(|pool| pool.queue.iter().map(|(end, ..)| *end).find(|end| *end > now));
        ends.min()
    }

    fn lives(&self, pool: &PoolId, owner: Owner, check: RequestId, now: Mono) -> bool {
        let end = self.pools.get(pool).and_then(|pool| pool.end(owner, check));
        end.is_some_and(|end| end > now)
    }
}

impl Presence {
    /// How many of a pool's seats are set aside by checks that have passed.
    #[must_use]
    pub fn provisional(&self, pool: &PoolId, now: Mono) -> u32 {
        let count = self
            .holds
            .pools
            .get(pool)
            .map_or(0, |pool| pool.queue.len().saturating_sub(pool.ended(now)));
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many of a pool's seats may be granted, offered or passed now.
    #[must_use]
    pub fn free(&self, state: &State, pool: &PoolId, now: Mono) -> u32 {
        state.free(pool).saturating_sub(self.provisional(pool, now))
    }

    /// Whether a seat is set aside by this very check, and still within the number.
    pub(super) fn has_passed(&self, state: &State, check: &Check, now: Mono) -> bool {
        let owner = (check.caller, check.user);
        self.holds.lives(&check.pool, owner, check.request, now)
            && self.is_within(state, &check.pool, now)
    }

    /// Whether a seat is set aside for a sign-on, and still within the number.
    pub(super) fn is_set_aside(&self, state: &State, sign_on: &SignOn, now: Mono) -> bool {
        self.hold_of(sign_on, now).is_some() && self.is_within(state, &sign_on.pool, now)
    }

    /// Whether one of those set aside could be granted: the pool may have fewer seats since.
    fn is_within(&self, state: &State, pool: &PoolId, now: Mono) -> bool {
        state.free(pool) >= self.provisional(pool, now).max(1)
    }

    /// The hold that a sign-on uses up: that of the check that it names, else the newest one of the
    /// same caller for the same user.
    fn hold_of(&self, sign_on: &SignOn, now: Mono) -> Option<RequestId> {
        let owner = (sign_on.caller, sign_on.user);
        if let Some(check) = sign_on.after_check {
            return self.holds.lives(&sign_on.pool, owner, check, now).then_some(check);
        }
        let own = self.holds.pools.get(&sign_on.pool)?.ends.get(&owner)?;
        let newest = own.iter().filter(|(_, end)| **end > now).max_by_key(|(_, end)| **end);
        newest.map(|(check, _)| *check)
    }

    /// A check has passed: where its pool says so, a seat is set aside from now on. A repeat does
    /// not make that longer: whoever asks again and again would keep others from the seat.
    pub(super) fn set_aside(&mut self, state: &State, check: &Check, now: Mono) {
        let Some(definition) = state.pool(&check.pool).map(|pool| &pool.definition) else {
            return;
        };
        let Some(hold) = definition.options.provisional_hold else {
            return;
        };
        let owner = (check.caller, check.user);
        if !takes_free_seat(state, definition, check.user)
            || self.holds.lives(&check.pool, owner, check.request, now)
        {
            return;
        }
        let pool = self.holds.pools.entry(check.pool.clone()).or_default();
        pool.set(owner, check.request, now.later_by(hold));
    }

    /// A sign-on has its seat: what was set aside for it is that seat now.
    pub(super) fn use_up(&mut self, sign_on: &SignOn, now: Mono) {
        let Some(check) = self.hold_of(sign_on, now) else {
            return;
        };
        if let Some(pool) = self.holds.pools.get_mut(&sign_on.pool) {
            pool.remove((sign_on.caller, sign_on.user), check);
        }
    }
}

/// Whether a check for this user passes only by a free seat: not with an own licence, and not
/// where a holder passes anyway.
pub(super) fn takes_free_seat(state: &State, definition: &PoolDefinition, user: UserId) -> bool {
    if state.user(user).is_some_and(|user| user.kind == UserKind::Named) {
        return false;
    }
    let is_there = || {
        let mut seats = state.user_seats(user);
        seats.any(|seat| seat.asked.pool == definition.id && seat.leaving.is_none())
    };
    !(definition.options.holder_passes_check && is_there())
}
