//! What must be set aside, worked out from what was asked and heard.

use alloc::collections::BTreeMap;
use core::time::Duration;

use hotseat_protocol::ids::{PoolId, RequestId, UserId};

use super::model::{Scene, seats, usage};
use crate::{Caller, Check, Command, Event, Keeper, Mono, Pool, State, UserKind};

/// The seat that a person's check set aside.
#[derive(Debug, Clone, Copy)]
struct Hold {
    caller: Caller,
    check: RequestId,
    end: Mono,
}

/// What must be set aside, in all pools.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds {
    of: BTreeMap<(PoolId, UserId), Hold>,
}

impl Holds {
    pub(super) fn living(&self, pool: &PoolId, now: Mono) -> usize {
        self.of.iter().filter(|((of, _), hold)| of == pool && hold.end > now).count()
    }

    pub(super) fn of_caller(&self, pool: &PoolId, caller: Caller, now: Mono) -> usize {
        let of_pool = self.of.iter().filter(|((of, _), hold)| of == pool && hold.end > now);
        of_pool.filter(|(_, hold)| hold.caller == caller).count()
    }

    /// A check passed that needs a seat; the pool may set one aside.
    pub(super) fn passed(&mut self, state: &State, check: &Check, pool: &Pool, now: Mono) {
        let key = (check.pool.clone(), check.user);
        let (usage, living) = (usage(pool), self.living(&check.pool, now));
        let of_caller = |(key_of, hold): &(&(PoolId, UserId), &Hold)| {
            hold.caller == check.caller && key_of.0 == check.pool && hold.end > now
        };
        let others = self.of.iter().filter(of_caller).filter(|(of, _)| **of != key).count();
        let has_room = others < (seats(pool) / 2).max(8);
        let end = pool.definition.options.provisional_hold.map(|hold| now + hold);
        let mut new = end.map(|end| Hold { caller: check.caller, check: check.request, end });
        let mut seats_there =
            state.user_seats(check.user).filter(|seat| seat.asked.pool == check.pool);
        let by_calls = seats_there.any(|seat| seat.counted && seat.keeper == Keeper::Calls);
        new = new.filter(|_| !(pool.definition.options.one_seat_per_user && by_calls));
        if let Some(own) = self.of.get(&key).filter(|own| own.end > now) {
            assert!(usage + living <= seats(pool), "a check passed beyond the number");
            let is_repeat = own.caller == check.caller && own.check == check.request;
            let waits = pool.line.values().any(|place| place.offer.is_none());
            new = new.filter(|_| !is_repeat && !waits && has_room);
            new = new.map(|new| Hold { end: new.end.max(own.end), ..new });
        } else {
            assert!(usage + living < seats(pool), "a check passed on a seat set aside");
            assert!(has_room || new.is_none(), "one caller has more seats set aside than it may");
        }
        if let Some(new) = new {
            self.of.insert(key, new);
        }
    }

    /// Whether a seat was granted, or returned, that was set aside.
    pub(super) fn sees(&mut self, scene: &Scene<'_>) -> bool {
        match (scene.event, scene.command) {
            (Event::PoolRemoved { pool }, _) => self.of.retain(|(of, _), _| of != pool),
            (Event::UserRemoved { user }, _)
            | (Event::UserChanged { user, enabled: false, .. }, _)
            | (Event::UserChanged { user, kind: UserKind::Named, .. }, _) => {
                self.of.retain(|(_, of), _| of != user);
            }
            (Event::MachineRevoked { machine }, _) => {
                self.of.retain(|_, hold| hold.caller != Caller::Machine(*machine));
            }
            (
                Event::SeatGranted { .. } | Event::SeatReacquired { .. },
                Command::SignOn(sign_on),
            ) => {
                let living = self.living(&sign_on.pool, scene.now);
                let pool = scene.decided.pool(&sign_on.pool);
                let within = pool.is_some_and(|pool| usage(pool) + living <= seats(pool));
                let own = self.of.remove(&(sign_on.pool.clone(), sign_on.user));
                return own.is_some_and(|own| own.end > scene.now) && within;
            }
            _ => {}
        }
        false
    }

    pub(super) fn paused(&mut self, gap: Duration, now: Mono) {
        let ends = self.of.values_mut().map(|hold| &mut hold.end);
        for end in ends.filter(|end| end.since(now) + gap > now.since(**end)) {
            *end = *end + gap;
        }
    }
}
