//! Seats that passed checks set aside for a few seconds, where a pool says so: what was passed can
//! be used before anybody else takes it.
//!
//! A seat is set aside for a person, whoever asked, and only one in each pool: their newer checks
//! move it, and their sign-on takes it, wherever they come in. Volatile, as leases are: after a
//! start none is set aside, and a sign-on that comes then is decided like any other, within the
//! number.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{MachineId, PoolId, RequestId, UserId};

use super::command::{Caller, Check, Keeper};
use super::definition::PoolDefinition;
use super::mono::Mono;
use super::presence::Presence;
use super::refusal::Refusal;
use super::state::{Pool, State, UserKind};

/// Seats that one caller may have set aside in a pool of any size: a small office that logs in at
/// once through one application.
pub const HOLDS_OF_A_CALLER_LEAST: u32 = 8;

/// Seats that one caller may have set aside in this pool, for all the people that it asks for: half
/// of the pool, or the whole of a small one.
#[must_use]
pub fn holds_of_a_caller(seats: u32) -> u32 {
    (seats / 2).max(HOLDS_OF_A_CALLER_LEAST)
}

/// The seat that is set aside for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hold {
    /// Who asked for it last, and so whose it counts as.
    caller: Caller,
    /// The newest check that it was set aside for.
    check: RequestId,
    end: Mono,
}

/// The holds of all pools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Holds {
    pools: BTreeMap<PoolId, PoolHolds>,
    /// What was there before each change that is not written down yet, the oldest first.
    before: Vec<(PoolId, UserId, Option<Hold>)>,
}

/// The holds of one pool, findable by person and by what ends first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct PoolHolds {
    people: BTreeMap<UserId, Hold>,
    queue: BTreeSet<(Mono, UserId)>,
    callers: BTreeMap<Caller, u32>,
}

impl PoolHolds {
    fn set(&mut self, user: UserId, hold: Hold) {
        self.remove(user);
        self.people.insert(user, hold);
        self.queue.insert((hold.end, user));
        let count = self.callers.entry(hold.caller).or_default();
        *count = count.saturating_add(1);
    }

    fn remove(&mut self, user: UserId) {
        let Some(hold) = self.people.remove(&user) else {
            return;
        };
        self.queue.remove(&(hold.end, user));
        if let Some(count) = self.callers.get_mut(&hold.caller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.callers.remove(&hold.caller);
            }
        }
    }

    fn ended(&self, now: Mono) -> usize {
        self.queue.iter().take_while(|(end, _)| *end <= now).count()
    }
}

impl Holds {
    /// Makes every hold last this much longer.
    pub(super) fn shift(&mut self, by: Duration) {
        for pool in self.pools.values_mut() {
            for hold in pool.people.values_mut() {
                hold.end = hold.end.later_by(by);
            }
            pool.queue = pool.people.iter().map(|(user, hold)| (hold.end, *user)).collect();
        }
        for hold in self.before.iter_mut().filter_map(|(.., hold)| hold.as_mut()) {
            hold.end = hold.end.later_by(by);
        }
    }

    /// Forgets what has ended; it did not count any more.
    pub(super) fn forget_ended(&mut self, now: Mono) {
        for pool in self.pools.values_mut() {
            while let Some((_, user)) = pool.queue.first().copied().filter(|(end, _)| *end <= now) {
                pool.remove(user);
            }
        }
        self.pools.retain(|_, pool| !pool.people.is_empty());
    }

    /// When the next hold ends.
    pub(super) fn next_end(&self, now: Mono) -> Option<Mono> {
        let ends = self
            .pools
            .values()
            .filter_map(|pool| pool.queue.iter().map(|(end, _)| *end).find(|end| *end > now));
        ends.min()
    }

    fn of(&self, pool: &PoolId, user: UserId, now: Mono) -> Option<Hold> {
        let hold = self.pools.get(pool)?.people.get(&user).copied();
        hold.filter(|hold| hold.end > now)
    }

    fn change(&mut self, pool: &PoolId, user: UserId, hold: Option<Hold>) {
        let before = self.pools.get(pool).and_then(|pool| pool.people.get(&user)).copied();
        self.before.push((pool.clone(), user, before));
        self.put(pool, user, hold);
    }

    fn put(&mut self, pool: &PoolId, user: UserId, hold: Option<Hold>) {
        let pool = self.pools.entry(pool.clone()).or_default();
        match hold {
            Some(hold) => pool.set(user, hold),
            None => pool.remove(user),
        }
    }

    /// Ends the holds that meet this.
    fn end(&mut self, which: impl Fn(&PoolId, UserId, &Hold) -> bool) {
        let found = self.pools.iter().flat_map(|(id, pool)| {
            let found = pool.people.iter().filter(|(user, hold)| which(id, **user, hold));
            found.map(|(user, _)| (id.clone(), *user))
        });
        for (pool, user) in found.collect::<Vec<_>>() {
            self.change(&pool, user, None);
        }
    }

    pub(super) fn end_in(&mut self, pool: &PoolId) {
        self.end(|id, _, _| id == pool);
    }

    pub(super) fn end_of_user(&mut self, user: UserId) {
        self.end(|_, of, _| of == user);
    }

    /// A machine is trusted no longer, so what it asked for is not kept from others.
    pub(super) fn end_of_machine(&mut self, machine: MachineId) {
        self.end(|_, _, hold| hold.caller == Caller::Machine(machine));
    }

    /// What changed them is written down.
    pub(super) fn written(&mut self) {
        self.before.clear();
    }

    /// What changed them since it was last written never happened: they are as they were then.
    pub(super) fn undo(&mut self, keep: impl Fn(&PoolId) -> bool) {
        for (pool, user, hold) in core::mem::take(&mut self.before).into_iter().rev() {
            self.put(&pool, user, hold);
        }
        self.pools.retain(|pool, _| keep(pool));
    }

    /// How many are set aside at this caller's wish, that of one person left out.
    fn of_caller(&self, pool: &PoolId, caller: Caller, but: Option<Hold>) -> u32 {
        let count = self.pools.get(pool).and_then(|pool| pool.callers.get(&caller));
        let own = but.is_some_and(|hold| hold.caller == caller);
        count.copied().unwrap_or(0).saturating_sub(u32::from(own))
    }
}

impl Presence {
    /// How many checks have set a seat aside that they may still use, within the number or not.
    fn holds(&self, pool: &PoolId, now: Mono) -> u32 {
        let count = self
            .holds
            .pools
            .get(pool)
            .map_or(0, |pool| pool.queue.len().saturating_sub(pool.ended(now)));
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many of a pool's seats are set aside by checks that have passed.
    #[must_use]
    pub fn set_aside(&self, state: &State, pool: &PoolId, now: Mono) -> u32 {
        self.holds(pool, now).min(state.free(pool))
    }

    /// How many of them are for others than this user.
    pub(super) fn set_aside_for_others(&self, pool: &PoolId, user: UserId, now: Mono) -> u32 {
        let own = self.holds.of(pool, user, now).is_some();
        self.holds(pool, now).saturating_sub(u32::from(own))
    }

    /// How many of a pool's seats may be granted, offered or passed now.
    #[must_use]
    pub fn free(&self, state: &State, pool: &PoolId, now: Mono) -> u32 {
        state.free(pool).saturating_sub(self.holds(pool, now))
    }

    /// Whether a seat is set aside for this person, and still within the number: the pool may have
    /// fewer seats since.
    pub(super) fn holds_for(&self, state: &State, pool: &PoolId, user: UserId, now: Mono) -> bool {
        let is_within = || state.free(pool) >= self.holds(pool, now);
        self.holds.of(pool, user, now).is_some() && is_within()
    }

    /// Whether one more seat may be set aside for this check.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManySetAside`], when its caller has as many as may be.
    pub(super) fn has_room(
        &self,
        state: &State,
        pool: &Pool,
        check: &Check,
        now: Mono,
    ) -> Result<(), Refusal> {
        let definition = &pool.definition;
        if definition.options.provisional_hold.is_none()
            || !sets_aside(state, definition, check.user)
            || self.is_within_share(definition, check, now)
        {
            return Ok(());
        }
        let holds = self.holds.pools.get(&check.pool);
        let own = holds.into_iter().flat_map(|holds| holds.queue.iter()).find(|(end, user)| {
            let hold = self.holds.of(&check.pool, *user, now);
            hold.is_some_and(|hold| hold.caller == check.caller && hold.end == *end)
        });
        let wait = own.map_or(Duration::ZERO, |(end, _)| end.since(now));
        Err(Refusal::TooManySetAside { most: holds_of_a_caller(definition.seats), wait })
    }

    fn is_within_share(&self, definition: &PoolDefinition, check: &Check, now: Mono) -> bool {
        let own = self.holds.of(&check.pool, check.user, now);
        let of_caller = self.holds.of_caller(&check.pool, check.caller, own);
        of_caller < holds_of_a_caller(definition.seats)
    }

    /// A check has passed: where its pool says so, a seat is set aside from now on.
    ///
    /// A newer check of the same person makes that longer, but not while somebody waits, who would
    /// wait longer for it; a repeat changes nothing.
    pub(super) fn note_pass(&mut self, state: &State, check: &Check, now: Mono) {
        let Some(pool) = state.pool(&check.pool) else {
            return;
        };
        let hold = pool.definition.options.provisional_hold;
        let Some(hold) = hold.filter(|_| sets_aside(state, &pool.definition, check.user)) else {
            return;
        };
        let (caller, end) = (check.caller, now.later_by(hold));
        let mut next = Hold { caller, check: check.request, end };
        if let Some(own) = self.holds.of(&check.pool, check.user, now) {
            let is_repeat = own.caller == caller && own.check == check.request;
            let waits = pool.line.values().any(|place| place.offer.is_none());
            if is_repeat || waits || !self.is_within_share(&pool.definition, check, now) {
                return;
            }
            next.end = next.end.max(own.end);
        }
        self.holds.change(&check.pool, check.user, Some(next));
    }

    /// A person's sign-on has its seat: what was set aside for them is that seat now.
    pub(super) fn use_up(&mut self, pool: &PoolId, user: UserId, now: Mono) {
        if self.holds.of(pool, user, now).is_some() {
            self.holds.change(pool, user, None);
        }
    }

    /// What was decided so far is written down.
    pub fn written(&mut self) {
        self.holds.written();
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

/// Whether a passed check needs a seat set aside: not where a seat of the user's own, kept by
/// calls, would end in favour of the new one.
fn sets_aside(state: &State, definition: &PoolDefinition, user: UserId) -> bool {
    let gives_one_up = || {
        let mut seats = state.user_seats(user).filter(|seat| seat.asked.pool == definition.id);
        seats.any(|seat| seat.counted && seat.keeper == Keeper::Calls)
    };
    let has_own = definition.options.one_seat_per_user && gives_one_up();
    takes_free_seat(state, definition, user) && !has_own
}
