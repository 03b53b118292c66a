//! Refusals that are remembered: slim, the newest of each caller, and nothing else is forgotten.

use super::world::{APP, BILL, LUCY, OLAF, World, cancelled, desk, wall, web};
use crate::{
    At, Caller, Command, REFUSALS_OF_OTHERS, Refusal, RefusalCode, State, apply, check_invariants,
    decide,
};

/// Lucy's machine is refused so often; only at the end it is checked what that left.
fn refuses(world: &mut World, numbers: core::ops::Range<u128>) {
    for n in numbers {
        let command = Command::from(desk(LUCY, n));
        let events = decide(&world.state, &world.presence, &command, world.now).unwrap();
        for event in events {
            let seq = world.state.seq().next();
            apply(&mut world.state, &event, At { seq, time: wall(seq) });
            world.log.push(event);
        }
    }
    check_invariants(&world.state).unwrap();
}

#[test]
fn of_a_caller_in_a_loop_the_newest_refusals_are_remembered_and_all_that_it_has() {
    let mut world = World::office(1);
    let held = world.seat(desk(BILL, 1));
    let mine = world.does(cancelled(desk(LUCY, 2).asked().request));
    assert_eq!(mine.len(), 1);
    world.refused(web(OLAF, 3));
    let many = u128::try_from(REFUSALS_OF_OTHERS).unwrap();
    refuses(&mut world, 100..100 + many + 50);

    let remembered = |n| world.state.refused(&desk(LUCY, n).asked().request).is_some();
    assert_eq!(world.state.contents().refused.len(), REFUSALS_OF_OTHERS + 1);
    assert!(!remembered(149), "the oldest make room");
    assert!(remembered(150));
    assert!(world.state.refused(&web(OLAF, 3).asked().request).is_some(), "another caller's");
    // A cancel still refuses its request, a seat is still that of its request.
    assert!(world.state.request(&desk(LUCY, 2).asked().request).is_some());
    assert_eq!(world.seat(desk(BILL, 1)), held);

    // One that is remembered is told the same, and its id is taken; a forgotten one is new.
    assert_eq!(world.does(desk(LUCY, 150)), []);
    let mut other = desk(LUCY, 150);
    other.body.0[0] ^= 1;
    assert_eq!(world.tries(&other.into()), Err(Refusal::RequestReused));
    assert_eq!(world.refused(desk(LUCY, 100)).code, RefusalCode::PoolFull);
    world.restarts();
}

#[test]
fn a_forgotten_refusal_that_is_repeated_is_decided_again() {
    let mut world = World::office(1);
    let bill = world.seat(desk(BILL, 1));
    let many = u128::try_from(REFUSALS_OF_OTHERS).unwrap();
    refuses(&mut world, 100..101 + many);
    world.signs_off(BILL, bill);
    // The seat is free; what is remembered stays refused.
    world.refused(desk(LUCY, 101));
    world.seat(desk(LUCY, 100));
}

#[test]
fn a_snapshot_keeps_refusals_and_forgets_what_an_older_program_kept_too_much() {
    let mut world = World::office(0);
    world.refused(web(OLAF, 3));
    world.refused(desk(LUCY, 4));
    let contents = world.state.contents().clone();
    assert_eq!(State::from_contents(contents.clone()).unwrap(), world.state);

    let mut too_many = contents;
    let (key, oldest) = too_many.refused.iter().next().map(|(k, r)| (*k, r.clone())).unwrap();
    for n in 0..u128::try_from(REFUSALS_OF_OTHERS).unwrap() + 7 {
        let mut key = key;
        (key.caller, key.id) = (Caller::Admin, super::world::request(n));
        too_many.seq = too_many.seq.next();
        let mut refused = oldest.clone();
        refused.changed = too_many.seq;
        too_many.refused.insert(key, refused);
    }
    let state = State::from_contents(too_many).unwrap();
    let of = |caller| state.contents().refused.keys().filter(|key| key.caller == caller).count();
    assert_eq!((of(Caller::Admin), of(APP)), (REFUSALS_OF_OTHERS, 1));
}

#[test]
fn a_day_is_over_for_refusals_too() {
    let mut world = World::office(0);
    world.refused(desk(LUCY, 1));
    let request = desk(LUCY, 1).asked().request;
    let mut hours = 0;
    while world.state.refused(&request).is_some() {
        hours += 1;
        assert!(hours < 30, "never forgotten");
        world.pass(super::world::secs(3600));
    }
    assert!((24..=26).contains(&hours), "forgotten after {hours} h");
    world.restarts();
}

#[test]
fn a_refusal_of_today_outlives_those_of_yesterday() {
    let mut world = World::office(0);
    world.refused(desk(LUCY, 1));
    world.pass(super::world::secs(12 * 3600));
    world.refused(desk(LUCY, 2));
    world.pass(super::world::secs(14 * 3600));
    let remembered = |n| world.state.refused(&desk(LUCY, n).asked().request).is_some();
    assert_eq!((remembered(1), remembered(2)), (false, true));
}
