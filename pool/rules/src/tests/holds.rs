//! Seats that passed checks set aside: how many are, for whom, and for how long.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec;
use core::time::Duration;

use hotseat_protocol::ids::{PoolId, RequestId, UserId};

use super::model::{Scene, seats, usage};
use super::world::{
    BILL, LUCY, NINA, OLAF, World, check, desk, pool, request, secs, user, waiting, web,
};
use crate::presets::infor_crm;
use crate::{
    Answer, Caller, Check, Command, DefinitionError, Event, HOLD_LEAST, HOLD_MOST, Mono, Outcome,
    Pool, RefusalCode, SignOn, next_deadline,
};

/// What must be set aside, worked out from what was asked and heard.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds {
    ends: BTreeMap<(PoolId, Caller, UserId, RequestId), Mono>,
}

impl Holds {
    pub(super) fn living(&self, pool: &PoolId, now: Mono) -> usize {
        self.ends.iter().filter(|((of, ..), end)| of == pool && **end > now).count()
    }

    /// A check passed that needs a seat; the pool may set one aside.
    pub(super) fn passed(&mut self, check: &Check, pool: &Pool, usage: usize, now: Mono) {
        let key = (check.pool.clone(), check.caller, check.user, check.request);
        if self.ends.get(&key).is_some_and(|end| *end > now) {
            return;
        }
        let living = self.living(&check.pool, now);
        assert!(usage + living < seats(pool), "a check passed on a seat set aside");
        if let Some(hold) = pool.definition.options.provisional_hold {
            self.ends.insert(key, now + hold);
        }
    }

    /// Whether a seat was granted, or returned, that was set aside.
    pub(super) fn sees(&mut self, scene: &Scene<'_>) -> bool {
        match (scene.event, scene.command) {
            (Event::PoolRemoved { pool }, _) => self.ends.retain(|(of, ..), _| of != pool),
            (
                Event::SeatGranted { .. } | Event::SeatReacquired { .. },
                Command::SignOn(sign_on),
            ) => {
                let own = self.own(sign_on, scene.now);
                let pool = scene.decided.pool(&sign_on.pool);
                let within = pool.is_some_and(|pool| usage(pool) < seats(pool));
                return own.and_then(|own| self.ends.remove(&own)).is_some() && within;
            }
            _ => {}
        }
        false
    }

    fn own(&self, sign_on: &SignOn, now: Mono) -> Option<(PoolId, Caller, UserId, RequestId)> {
        let own = self.ends.iter().filter(|((pool, caller, user, check), end)| {
            let named = sign_on.after_check.is_none_or(|named| named == *check);
            let same = *caller == sign_on.caller && *user == sign_on.user;
            *pool == sign_on.pool && same && named && **end > now
        });
        own.max_by_key(|(_, end)| **end).map(|(key, _)| key.clone())
    }

    pub(super) fn paused(&mut self, gap: Duration, now: Mono) {
        for end in self.ends.values_mut().filter(|end| end.since(now) + gap > now.since(**end)) {
            *end = *end + gap;
        }
    }
}

fn holding(seats: u32, hold: Duration) -> World {
    let mut definition = infor_crm(seats);
    definition.options.provisional_hold = Some(hold);
    World::with(definition)
}

fn redefine(world: &mut World, seats: u32) {
    let mut definition = infor_crm(seats);
    definition.options.provisional_hold = Some(secs(5));
    world.does(Command::DefinePool { definition: Box::new(definition) });
}

fn passes(world: &mut World, check: Check) {
    assert_eq!(world.hears(check), Ok(Answer::Passed));
}

fn after(sign_on: SignOn, n: u128) -> SignOn {
    SignOn { after_check: Some(request(n)), ..sign_on }
}

#[test]
fn of_a_thousand_checks_at_once_as_many_pass_as_seats_are_free() {
    let mut world = holding(3, secs(5));
    world.seat(desk(OLAF, 1));
    let people = [LUCY, BILL];
    let passed = (0..1_000_u128).filter(|n| {
        let who = people[usize::try_from(n % 2).unwrap()];
        world.hears(check(who, "mobile", 100 + n)) == Ok(Answer::Passed)
    });
    assert_eq!(passed.count(), 2);
    assert_eq!(world.facts().provisional, 2);
    assert_eq!(world.refused(web(OLAF, 5)).code, RefusalCode::PoolFull);
}

#[test]
fn without_the_option_nothing_is_set_aside() {
    let mut world = World::office(1);
    for n in 1..5 {
        passes(&mut world, check(LUCY, "mobile", n));
    }
    assert_eq!(world.facts().provisional, 0);
    world.seat(web(BILL, 9));
}

#[test]
fn what_was_checked_can_be_used_whoever_comes_between() {
    for named in [true, false] {
        let mut world = holding(1, secs(5));
        passes(&mut world, check(LUCY, "web", 1));
        assert_eq!(world.refused(web(BILL, 2)).code, RefusalCode::PoolFull);
        assert!(matches!(world.became(waiting(desk(OLAF, 3))), Outcome::Waiting { .. }));
        assert_eq!(world.settle(), vec![], "what is set aside is offered to nobody");
        let sign_on = if named { after(web(LUCY, 4), 1) } else { web(LUCY, 4) };
        world.seat(sign_on);
        assert_eq!((world.facts().in_use, world.facts().provisional), (1, 0));
        // It is used up.
        assert_eq!(world.refused(after(web(LUCY, 5), 1)).code, RefusalCode::PoolFull);
    }
}

#[test]
fn only_the_same_caller_and_user_take_what_was_set_aside_and_only_the_check_that_they_name() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    let other_caller = SignOn { caller: Caller::User(LUCY), ..after(web(LUCY, 2), 1) };
    assert_eq!(world.refused(other_caller).code, RefusalCode::PoolFull);
    assert_eq!(world.refused(after(web(BILL, 3), 1)).code, RefusalCode::PoolFull);
    assert_eq!(world.refused(after(web(LUCY, 4), 99)).code, RefusalCode::PoolFull);
    world.seat(after(web(LUCY, 5), 1));
}

#[test]
fn it_ends_after_its_time_and_then_the_first_in_line_is_offered_the_seat() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "mobile", 1));
    world.became(waiting(desk(BILL, 2)));
    assert_eq!(next_deadline(&world.state, &world.presence, world.now), Some(world.now + secs(5)));
    assert_eq!(world.pass(secs(4)), vec![]);
    let offered = world.pass(secs(1));
    assert!(matches!(offered[..], [Event::Offered { .. }]), "{offered:?}");
    assert_eq!(world.refused(after(web(LUCY, 3), 1)).code, RefusalCode::PoolFull);
}

#[test]
fn a_repeat_passes_and_makes_it_no_longer() {
    let mut world = holding(1, secs(5));
    for _ in 0..5 {
        passes(&mut world, check(LUCY, "mobile", 1));
        assert_eq!(world.facts().provisional, 1);
        world.pass(secs(1));
    }
    assert_eq!(world.facts().provisional, 0);
    world.became(waiting(desk(BILL, 2)));
    world.settle();
    assert_eq!(world.refused(check(LUCY, "mobile", 1)).code, RefusalCode::PoolFull);
}

#[test]
fn who_needs_no_free_seat_has_none_set_aside() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(NINA, "mobile", 1));
    assert_eq!(world.facts().provisional, 0);
    let mut definition = infor_crm(2);
    definition.options.provisional_hold = Some(secs(5));
    definition.options.holder_passes_check = true;
    world.does(Command::DefinePool { definition: Box::new(definition) });
    world.seat(desk(LUCY, 2));
    passes(&mut world, check(LUCY, "mobile", 3));
    assert_eq!(world.facts().provisional, 0);
}

#[test]
fn fewer_seats_let_nobody_in_beyond_them() {
    let mut world = holding(3, secs(5));
    world.seat(desk(OLAF, 1));
    passes(&mut world, check(LUCY, "web", 2));
    passes(&mut world, check(BILL, "web", 3));
    redefine(&mut world, 1);
    assert_eq!(world.refused(web(LUCY, 4)).code, RefusalCode::PoolFull);
    assert_eq!(world.refused(check(BILL, "web", 3)).code, RefusalCode::PoolFull);
    redefine(&mut world, 3);
    world.seat(web(LUCY, 5));
    world.seat(after(web(BILL, 6), 3));
}

#[test]
fn a_pause_makes_it_longer() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    world.stands_still(secs(100));
    assert_eq!(world.facts().provisional, 1);
    assert_eq!(world.refused(web(BILL, 2)).code, RefusalCode::PoolFull);
    passes(&mut world, check(LUCY, "web", 1));
    world.seat(after(web(LUCY, 3), 1));
}

#[test]
fn a_start_forgets_it() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    world.restarts();
    assert_eq!(world.facts().provisional, 0);
    world.seat(web(BILL, 2));
    assert_eq!(world.refused(after(web(LUCY, 3), 1)).code, RefusalCode::PoolFull);
}

#[test]
fn a_pool_that_was_removed_sets_nothing_aside() {
    let mut world = holding(1, secs(60));
    passes(&mut world, check(LUCY, "web", 1));
    world.does(Command::RemovePool { pool: pool() });
    redefine(&mut world, 1);
    assert_eq!(world.facts().provisional, 0);
    world.seat(web(BILL, 2));
}

#[test]
fn signing_on_again_uses_it_up_too() {
    let mut world = holding(2, secs(60));
    let first = web(LUCY, 1);
    world.seat(first.clone());
    passes(&mut world, check(LUCY, "web", 2));
    world.seat(SignOn { request: request(3), ..first });
    assert_eq!(world.facts().provisional, 0);
}

#[test]
fn one_seat_per_user_does_not_take_what_is_set_aside_for_another() {
    let mut definition = infor_crm(2);
    definition.options.provisional_hold = Some(secs(5));
    definition.options.one_seat_per_user = true;
    let mut world = World::with(definition);
    world.seat(web(LUCY, 1));
    passes(&mut world, check(BILL, "web", 2));
    world.seat(web(LUCY, 3));
    assert_eq!((world.facts().in_use, world.facts().provisional), (1, 1));
    world.seat(web(BILL, 4));
}

#[test]
fn its_time_has_a_range() {
    for (hold, fits) in [
        (HOLD_LEAST, true),
        (HOLD_MOST, true),
        (Duration::from_millis(999), false),
        (HOLD_MOST + Duration::from_millis(1), false),
        (Duration::ZERO, false),
    ] {
        let mut definition = infor_crm(1);
        definition.options.provisional_hold = Some(hold);
        let wanted = if fits { Ok(()) } else { Err(DefinitionError::ProvisionalHold(hold)) };
        assert_eq!(definition.validate(), wanted);
    }
    let text = DefinitionError::ProvisionalHold(secs(61)).to_string();
    assert!(text.starts_with("provisional_hold is 61s: use 1s to 60s"), "{text}");
}

#[test]
fn nobody_else_is_hindered_by_another_pools_checks() {
    let mut world = holding(1, secs(5));
    let mut other = infor_crm(1);
    other.id = PoolId::new("other").unwrap();
    world.does(Command::DefinePool { definition: Box::new(other) });
    passes(&mut world, check(LUCY, "web", 1));
    let there = SignOn { pool: PoolId::new("other").unwrap(), ..web(user(2), 2) };
    world.seat(there);
    assert_eq!(world.hears(check(LUCY, "web", 1)), Ok(Answer::Passed));
}
