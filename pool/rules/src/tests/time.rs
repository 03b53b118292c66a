//! Pauses, restarts, and time-outs that run beside a lease.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::SeatRef;
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::world::{
    BILL, LUCY, OLAF, World, client, desk, machine_of, releases, request, secs, waiting, web,
};
use crate::{
    Caller, Command, Event, Idle, Mono, RefusalCode, Renewal, SignOn, next_deadline, renew,
};

#[test]
fn a_pause_longer_than_a_lease_expires_nobody_who_renews_after_it() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.pass(secs(80));
    world.stands_still(secs(1000));
    assert_eq!(world.settle(), []);
    world.pass(secs(9));
    assert_eq!(world.renews(LUCY, &[seat], &[]).renewed.len(), 1);
    assert_eq!(releases(&world.pass(secs(90))).len(), 1);
}

#[test]
fn a_pause_moves_places_and_offers_too() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(desk(OLAF, 3)));
    world.signs_off(LUCY, seat);
    world.settle();
    world.pass(secs(50));
    world.stands_still(secs(500));
    assert_eq!(world.settle(), []);
    assert_eq!(world.pass(secs(9)), []);
    let events = world.pass(secs(1));
    let end = Event::PlaceEnded {
        place: desk(BILL, 2).fresh_place,
        end: PlaceEnd::OfferLapsed,
        offer: world.log.iter().rev().find_map(|event| match event {
            Event::PlaceEnded { offer, .. } => *offer,
            _ => None,
        }),
    };
    assert_eq!(events[0], end);
}

#[test]
fn a_short_gap_is_no_pause() {
    let mut world = World::office(1);
    world.seat(desk(LUCY, 1));
    for _ in 0..45 {
        world.now = world.now + secs(2);
        assert_eq!(world.presence.turn(world.now), None);
    }
    assert_eq!(releases(&world.settle()).len(), 1);
}

#[test]
fn a_restart_gives_every_lease_one_full_t() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    let bill = world.seat(web(BILL, 2));
    world.pass(secs(85));
    world.restarts();
    world.pass(secs(60));
    assert_eq!(world.renews(LUCY, &[lucy], &[]).renewed.len(), 1);
    assert_eq!(releases(&world.pass(secs(89))), []);
    assert_eq!(releases(&world.pass(secs(1))), [(lucy.id, ReleaseReason::LeaseExpired)]);
    assert!(world.state.seat(bill.id).is_some());
}

#[test]
fn after_a_restart_nobody_is_passed_over_for_one_t() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(desk(OLAF, 3)));
    world.restarts();
    // Bill's machine is slower to come back than Olaf's.
    world.presence.connect(machine_of(OLAF));
    world.signs_off(LUCY, seat);
    assert_eq!(world.settle(), []);
    let refused = world.refused(desk(LUCY, 4));
    assert_eq!(refused.code, RefusalCode::OthersWait);
    world.pass(secs(30));
    world.presence.connect(machine_of(BILL));
    world.renews(BILL, &[], &[2]);
    let events = world.settle();
    assert!(matches!(&events[..], [Event::Offered { place, .. }]
        if *place == desk(BILL, 2).fresh_place));
}

#[test]
fn after_the_grace_who_did_not_come_back_is_passed_over() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(desk(OLAF, 3)));
    world.restarts();
    world.presence.connect(machine_of(OLAF));
    world.signs_off(LUCY, seat);
    assert_eq!(world.pass(secs(60)), []);
    world.renews(OLAF, &[], &[3]);
    world.renews(BILL, &[], &[2]);
    assert_eq!(world.pass(secs(29)), []);
    let grace_end = next_deadline(&world.state, &world.presence, world.now);
    assert_eq!(grace_end, Some(world.now + secs(1)));
    let events = world.pass(secs(1));
    assert!(matches!(&events[..], [Event::Offered { place, .. }]
        if *place == desk(OLAF, 3).fresh_place));
}

#[test]
fn an_offer_stands_in_full_again_after_a_restart() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.signs_off(LUCY, seat);
    world.pass(secs(59));
    world.restarts();
    assert_eq!(world.pass(secs(59)), []);
    assert!(matches!(&world.pass(secs(1))[..], [Event::PlaceEnded { .. }]));
}

/// A `web` seat that a machine keeps: Lucy's.
fn web_at_a_desk(world: &mut World) -> SeatRef {
    world.seat(SignOn { client: client("web"), ..desk(LUCY, 1) })
}

fn reports(world: &mut World, seat: SeatRef, idle: Idle) {
    let renewal = Renewal { seats: vec![seat], waiting: Vec::new(), idle: vec![(seat.id, idle)] };
    let answer = renew(&world.state, &mut world.presence, machine_of(LUCY), &renewal, world.now);
    assert_eq!(answer.gone, []);
}

#[test]
fn a_session_time_out_runs_beside_the_lease_from_the_last_activity() {
    let mut world = World::office(1);
    let seat = web_at_a_desk(&mut world);
    let mut idle = 0;
    let mut events = Vec::new();
    while events.is_empty() {
        events = world.pass(secs(60));
        idle += 60;
        reports(&mut world, seat, Idle::For(secs(idle)));
        assert!(idle <= 20 * 60, "never timed out");
    }
    assert_eq!(idle, 20 * 60);
    let leaving = world.state.seat(seat.id).and_then(|seat| seat.leaving.clone());
    assert_eq!(leaving.map(|leaving| leaving.release.reason), Some(ReleaseReason::SessionTimeOut));
}

#[test]
fn a_session_time_out_shorter_than_the_first_renewal_runs_from_the_grant() {
    let mut definition = crate::presets::infor_crm(1);
    definition.clients.get_mut(&client("web")).unwrap().session_timeout = Some(secs(20));
    let mut world = World::with(definition);
    let seat = web_at_a_desk(&mut world);
    assert_eq!(world.pass(secs(19)), []);
    world.pass(secs(1));
    assert_eq!(world.state.seat(seat.id).map(|seat| seat.leaving.is_some()), Some(true));
}

#[test]
fn unknown_idleness_times_nobody_out() {
    let mut world = World::office(1);
    let seat = web_at_a_desk(&mut world);
    for _ in 0..60 {
        world.pass(secs(60));
        reports(&mut world, seat, Idle::Unknown);
    }
    assert_eq!(world.state.seat(seat.id).map(|seat| seat.leaving.is_none()), Some(true));
}

#[test]
fn a_client_that_loses_its_time_out_is_timed_out_no_more() {
    let mut world = World::office(1);
    let seat = web_at_a_desk(&mut world);
    let mut definition = crate::presets::infor_crm(1);
    definition.clients.get_mut(&client("web")).unwrap().session_timeout = None;
    world.does(Command::DefinePool { definition: Box::new(definition) });
    for _ in 0..30 {
        assert_eq!(world.pass(secs(60)), []);
        reports(&mut world, seat, Idle::For(secs(7200)));
    }
}

#[test]
fn a_state_that_was_put_back_gets_its_ends_back() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(LUCY, 1)));
    let (before, model) = (world.state.clone(), world.model.clone());
    let log = world.log.len();
    // A batch that signs off Lucy and grants Bill fails on the disk.
    world.signs_off(LUCY, lucy);
    world.seat(desk(BILL, 2));
    (world.state, world.model) = (before, model);
    world.log.truncate(log);
    world.presence.reconcile(&world.state, world.now);
    let held = world.state.seat(lucy.id).unwrap();
    assert_eq!(world.presence.lease_left(held, world.now), secs(90));
    assert!(world.state.seat(desk(BILL, 2).fresh_seat).is_none());
    assert_eq!(releases(&world.pass(secs(90))), [(lucy.id, ReleaseReason::LeaseExpired)]);
}

#[test]
fn a_timer_that_comes_too_early_does_nothing() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    let by = Caller::Machine(machine_of(LUCY));
    for command in [
        Command::ExpireSeat { seat: seat.id },
        Command::TimeOutSession { seat: seat.id },
        Command::LapsePlace { place: desk(BILL, 2).fresh_place },
        Command::AgeRequests,
    ] {
        assert_eq!(world.does(command.clone()), [], "{command:?}");
    }
    world.does(Command::SignOff { by, seat, reason: ReleaseReason::TrayClosed });
    world.settle();
    let offer = world.offer_of(2);
    assert_eq!(world.does(Command::LapseOffer { offer }), []);
    let answer = world.renews(BILL, &[], &[2]);
    assert_eq!(answer.waiting[0].0, request(2));
}

#[test]
fn an_end_is_never_rounded_down() {
    assert_eq!(Mono(5) + core::time::Duration::from_micros(1), Mono(6));
    assert_eq!(Mono(5).since(Mono(9)), secs(0));
    let far = Mono(u64::MAX) + secs(1);
    assert_eq!(far, Mono(u64::MAX));
}
