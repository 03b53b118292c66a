//! What an administrator changes while others believe in what they were told before: no end that
//! was stated comes sooner, also after a restart.

use alloc::{boxed::Box, vec, vec::Vec};

use super::world::*;
use crate::presets::infor_crm;
use crate::{Command, Event, Idle, PoolDefinition, Renewal, renew};
use hotseat_protocol::ids::SeatRef;
use hotseat_protocol::reason::ReleaseReason;

/// An administrator changes the pool.
fn changes(world: &mut World, change: impl FnOnce(&mut PoolDefinition)) {
    let mut definition = world.state.pool(&pool()).unwrap().definition.clone();
    change(&mut definition);
    world.does(Command::DefinePool { definition: Box::new(definition) });
}

fn lives(world: &World, seat: SeatRef) -> bool {
    world.state.seat(seat.id).is_some()
}

/// Lucy renews at her machine, idle for this many seconds.
fn renews_idle(world: &mut World, seat: SeatRef, idle: u64) {
    let idle = vec![(seat.id, Idle::For(secs(idle)))];
    let renewal = Renewal { seats: vec![seat], waiting: Vec::new(), idle };
    let machine = machine_of(LUCY);
    let answer = renew(&world.state, &mut world.presence, machine, &renewal, world.now);
    assert_eq!(answer.renewed.len(), 1);
}

#[test]
fn a_shorter_lease_ends_nobody_who_was_told_of_the_longer_one() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.became(waiting(desk(BILL, 2)));
    changes(&mut world, |definition| definition.lease = secs(10));
    world.pass(secs(89));
    assert!(lives(&world, seat) && world.state.user_place(&pool(), BILL).is_some());
    world.renews(BILL, &[], &[2]);
    assert_eq!(world.renews(LUCY, &[seat], &[]).renewed[0].left, secs(10));
    world.pass(secs(9));
    assert!(lives(&world, seat));
    let events = world.pass(secs(2));
    assert_eq!(releases(&events), [(seat.id, ReleaseReason::LeaseExpired)]);
}

#[test]
fn after_a_restart_the_longest_lease_that_was_stated_counts() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.became(waiting(desk(BILL, 2)));
    changes(&mut world, |definition| definition.lease = secs(10));
    world.restarts();
    world.pass(secs(89));
    assert!(lives(&world, seat), "its broker may believe in it for so long");
    assert!(world.state.user_place(&pool(), BILL).is_some());
    let events = world.pass(secs(2));
    assert_eq!(releases(&events), [(seat.id, ReleaseReason::LeaseExpired)]);
}

#[test]
fn a_lease_that_was_longer_for_a_moment_counts_too() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    changes(&mut world, |definition| definition.lease = secs(300));
    changes(&mut world, |definition| definition.lease = secs(10));
    assert_eq!(world.state.longest_lease(false), secs(300));
    world.restarts();
    world.pass(secs(299));
    assert!(lives(&world, seat));
    assert_eq!(world.pass(secs(2)).len(), 1);
    assert_eq!(world.state.longest_lease(false), secs(10), "nobody believes in it any more");
}

#[test]
fn callers_are_told_a_lease_too() {
    let mut world = World::office(1);
    let seat = world.seat(web(LUCY, 1));
    changes(&mut world, |definition| {
        let web = definition.clients.get_mut(&client("web")).unwrap();
        web.session_timeout = Some(secs(60));
    });
    world.restarts();
    world.pass(secs(1199));
    assert!(lives(&world, seat));
    world.pass(secs(2));
    assert!(!lives(&world, seat));
}

#[test]
fn an_offer_stands_as_long_as_was_said_when_it_was_made() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.became(waiting(desk(BILL, 2)));
    world.signs_off(LUCY, seat);
    world.settle();
    let offer = world.offer_of(2);
    changes(&mut world, |definition| definition.offer = secs(5));
    world.restarts();
    world.presence.connect(machine_of(BILL));
    world.pass(secs(59));
    assert_eq!(world.offer_of(2), offer);
    assert_eq!(world.pass(secs(2)).len(), 1, "it lapses");
}

#[test]
fn a_longer_lease_does_not_bring_the_time_after_a_start_back() {
    let mut world = World::office(1);
    world.seat(desk(LUCY, 1));
    world.became(waiting(desk(BILL, 2)));
    world.became(waiting(desk(OLAF, 3)));
    world.presence.disconnect(machine_of(BILL));
    changes(&mut world, |definition| {
        definition.lease = secs(3600);
        definition.seats = 2;
    });
    assert_eq!(world.settle().len(), 1, "Olaf is offered the seat: Bill cannot be reached");
    world.offer_of(3);
}

#[test]
fn a_session_time_out_that_is_new_or_longer_counts_for_those_who_are_there() {
    let network = |timeout: Option<u64>| {
        move |definition: &mut PoolDefinition| {
            let network = definition.clients.get_mut(&client("network")).unwrap();
            network.session_timeout = timeout.map(secs);
        }
    };
    let mut definition = infor_crm(1);
    definition.lease = secs(7200);
    let mut world = World::with(definition);
    let seat = world.seat(desk(LUCY, 1));
    world.pass(secs(600));
    renews_idle(&mut world, seat, 600);
    changes(&mut world, network(Some(60)));
    renews_idle(&mut world, seat, 600);
    world.pass(secs(59));
    assert!(world.state.seat(seat.id).unwrap().leaving.is_none(), "it counts from now");
    changes(&mut world, network(Some(1200)));
    world.pass(secs(540));
    assert!(world.state.seat(seat.id).unwrap().leaving.is_none(), "idle for 1199 s");
    let events = world.pass(secs(2));
    assert!(matches!(events[..], [Event::SeatLeaving { .. }]), "{events:?}");
}
