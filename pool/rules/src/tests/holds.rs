//! Seats that passed checks set aside: how many are, for whom, and for how long.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{PoolId, ServiceId};

use super::world::{
    BILL, LUCY, NINA, OLAF, World, check, desk, pool, request, secs, user, waiting, web,
};
use crate::presets::infor_crm;
use crate::{
    Answer, Caller, Check, Command, DefinitionError, Event, HOLD_LEAST, HOLD_MOST, Outcome,
    Refusal, RefusalCode, SignOn, UserKind, holds_of_a_caller, next_deadline,
};

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

fn as_asked_by(caller: Caller, check: Check) -> Check {
    Check { caller, ..check }
}

fn service(n: u128) -> Caller {
    Caller::Service(ServiceId(uuid::Uuid::from_u128(n)))
}

#[test]
fn of_a_thousand_checks_at_once_as_many_pass_as_seats_are_free() {
    let mut world = holding(3, secs(5));
    world.seat(desk(OLAF, 1));
    let people: Vec<_> = (100..1_100).map(user).collect();
    for user in &people {
        world.does(Command::AddUser { user: *user, kind: UserKind::Concurrent });
    }
    let passed = (2_000..)
        .zip(&people)
        .filter(|(n, who)| world.hears(check(**who, "mobile", *n)) == Ok(Answer::Passed));
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
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    assert_eq!(world.refused(web(BILL, 2)).code, RefusalCode::PoolFull);
    assert!(matches!(world.became(waiting(desk(OLAF, 3))), Outcome::Waiting { .. }));
    assert_eq!(world.settle(), vec![], "what is set aside is offered to nobody");
    world.seat(web(LUCY, 4));
    assert_eq!((world.facts().in_use, world.facts().provisional), (1, 0));
    // It is used up.
    assert_eq!(world.refused(web(LUCY, 5)).code, RefusalCode::PoolFull);
}

#[test]
fn only_its_person_takes_it_and_wherever_they_come_in() {
    let elsewhere = [
        web(LUCY, 4),
        SignOn { caller: Caller::User(LUCY), ..web(LUCY, 4) },
        SignOn { caller: service(8), ..web(LUCY, 4) },
        desk(LUCY, 4),
        waiting(desk(LUCY, 4)),
        // At a colleague's computer.
        SignOn { user: LUCY, ..desk(BILL, 4) },
    ];
    for sign_on in elsewhere {
        let mut world = holding(1, secs(5));
        passes(&mut world, check(LUCY, "mobile", 1));
        assert_eq!(world.refused(web(BILL, 2)).code, RefusalCode::PoolFull);
        let as_service = SignOn { user: BILL, ..web(LUCY, 3) };
        assert_eq!(world.refused(as_service).code, RefusalCode::PoolFull);
        world.seat(sign_on);
        assert_eq!((world.facts().in_use, world.facts().provisional), (1, 0));
    }
}

#[test]
fn a_thousand_checks_of_one_person_set_one_seat_aside() {
    let mut world = holding(3, secs(5));
    for n in 0..1_000 {
        let callers = [service(7), service(8), Caller::User(LUCY), desk(LUCY, 1).caller];
        let caller = callers[usize::try_from(n % 4).unwrap()];
        passes(&mut world, as_asked_by(caller, check(LUCY, "mobile", 100 + n)));
        assert_eq!(world.facts().provisional, 1);
    }
    world.seat(desk(BILL, 1));
    world.seat(desk(OLAF, 2));
    world.seat(desk(LUCY, 3));
}

#[test]
fn a_second_check_of_the_only_seats_person_is_answered_as_the_first() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "mobile", 1));
    passes(&mut world, check(LUCY, "outlook", 2));
    passes(&mut world, as_asked_by(Caller::User(LUCY), check(LUCY, "web", 3)));
    assert_eq!(world.refused(check(BILL, "web", 4)).code, RefusalCode::PoolFull);
}

#[test]
fn a_newer_check_makes_it_longer_but_not_while_somebody_waits() {
    for waits in [false, true] {
        let mut world = holding(1, secs(5));
        passes(&mut world, check(LUCY, "web", 1));
        world.pass(secs(3));
        if waits {
            world.became(waiting(desk(BILL, 2)));
        }
        passes(&mut world, check(LUCY, "web", 3));
        let offered = world.pass(secs(3));
        assert_eq!(world.facts().provisional, u32::from(!waits));
        assert_eq!(offered.len(), usize::from(waits), "{offered:?}");
    }
}

#[test]
fn a_newer_check_makes_it_no_shorter_when_the_pool_sets_aside_for_less() {
    let mut world = holding(1, secs(60));
    passes(&mut world, check(LUCY, "web", 1));
    redefine(&mut world, 1);
    passes(&mut world, check(LUCY, "web", 2));
    world.pass(secs(30));
    assert_eq!(world.refused(web(BILL, 3)).code, RefusalCode::PoolFull);
    let mut off = infor_crm(1);
    off.options.provisional_hold = None;
    world.does(Command::DefinePool { definition: Box::new(off) });
    passes(&mut world, check(LUCY, "web", 4));
    assert_eq!(world.refused(web(BILL, 5)).code, RefusalCode::PoolFull);
    world.pass(secs(30));
    assert_eq!(world.facts().provisional, 0);
}

#[test]
fn one_caller_sets_at_most_half_of_a_large_pool_aside() {
    for (seats, most) in [(1, 8), (8, 8), (16, 8), (17, 8), (18, 9), (100_000, 50_000)] {
        assert_eq!(holds_of_a_caller(seats), most, "{seats}");
    }
    let mut world = holding(20, secs(5));
    let people: Vec<_> = (100..120).map(user).collect();
    for user in &people {
        world.does(Command::AddUser { user: *user, kind: UserKind::Concurrent });
    }
    for (n, user) in (200..).zip(&people[..10]) {
        passes(&mut world, check(*user, "mobile", n));
    }
    world.pass(secs(2));
    let eleventh = check(people[10], "mobile", 300);
    let refused = Err(Refusal::TooManySetAside { most: 10, wait: secs(3) });
    assert_eq!(world.hears(eleventh.clone()), refused);
    // Its own ten pass, others are not kept out, and whoever uses theirs makes room.
    passes(&mut world, check(people[3], "mobile", 301));
    passes(&mut world, as_asked_by(service(8), check(people[11], "mobile", 302)));
    world.seat(web(people[4], 303));
    passes(&mut world, eleventh);
    assert_eq!(world.facts().provisional, 11);
}

#[test]
fn who_may_sign_on_no_more_keeps_no_seat_from_others() {
    let named = Command::SetUser { user: LUCY, kind: UserKind::Named, enabled: true };
    let disabled = Command::SetUser { user: LUCY, kind: UserKind::Concurrent, enabled: false };
    let machine = desk(LUCY, 1).caller;
    let Caller::Machine(id) = machine else { panic!("a desk is a machine") };
    let revoked = Command::RevokeMachine { machine: id };
    for ends in [named, disabled, revoked, Command::RemoveUser { user: LUCY }] {
        let mut world = holding(1, secs(5));
        passes(&mut world, as_asked_by(machine, check(LUCY, "network", 1)));
        world.does(ends);
        assert_eq!(world.facts().provisional, 0);
        world.seat(web(BILL, 2));
    }
}

#[test]
fn what_was_never_written_down_leaves_it_as_it_was() {
    let mut world = holding(3, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    world.presence.written();
    let state = world.state.clone();
    // All of this is in a batch that fails.
    world.pass(secs(1));
    world.seat(web(LUCY, 2));
    passes(&mut world, check(BILL, "web", 3));
    passes(&mut world, check(LUCY, "mobile", 1));
    world.does(Command::RemovePool { pool: pool() });
    world.presence.reconcile(&state, world.now);
    let aside = |after| world.presence.set_aside(&state, &pool(), world.now + secs(after));
    assert_eq!([aside(0), aside(3), aside(4)], [1, 1, 0]);
    let found = |who| world.presence.holds_for(&state, &pool(), who, world.now);
    assert_eq!([LUCY, BILL, OLAF].map(found), [true, false, false]);
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
    assert_eq!(world.refused(web(LUCY, 3)).code, RefusalCode::PoolFull);
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
    world.seat(web(BILL, 6));
}

#[test]
fn a_pause_makes_it_longer() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    world.stands_still(secs(100));
    assert_eq!(world.facts().provisional, 1);
    assert_eq!(world.refused(web(BILL, 2)).code, RefusalCode::PoolFull);
    passes(&mut world, check(LUCY, "web", 1));
    world.seat(web(LUCY, 3));
}

#[test]
fn a_start_forgets_it() {
    let mut world = holding(1, secs(5));
    passes(&mut world, check(LUCY, "web", 1));
    world.restarts();
    assert_eq!(world.facts().provisional, 0);
    world.seat(web(BILL, 2));
    assert_eq!(world.refused(web(LUCY, 3)).code, RefusalCode::PoolFull);
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
