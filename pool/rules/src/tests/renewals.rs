//! Renewals prolong what is claimed, and say what is not as claimed.

use alloc::boxed::Box;

use hotseat_protocol::reason::ReleaseReason;

use super::world::{
    APP, BILL, LUCY, NINA, OLAF, World, desk, machine_of, releases, request, secs, waiting, web,
};
use crate::{CallRenewal, Caller, Command, Outcome, Renewed, Unclaimed, renew_calls};

#[test]
fn a_claimed_seat_lives_on_and_hears_what_is_left() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    for _ in 0..10 {
        world.pass(secs(80));
        let answer = world.renews(LUCY, &[seat], &[]);
        assert_eq!(answer.renewed, [Renewed { seat, lease: secs(90), left: secs(90) }]);
        assert_eq!((answer.gone.len(), answer.unclaimed.len()), (0, 0));
    }
}

#[test]
fn an_unrenewed_lease_expires() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    assert_eq!(world.pass(secs(89)), []);
    assert_eq!(releases(&world.pass(secs(1))), [(seat.id, ReleaseReason::LeaseExpired)]);
    let answer = world.renews(LUCY, &[seat], &[]);
    let reason = answer.gone[0].release.as_ref().map(|release| release.reason);
    assert_eq!(reason, Some(ReleaseReason::LeaseExpired));
}

#[test]
fn only_what_is_claimed_is_renewed_and_the_rest_is_named() {
    let mut world = World::office(2);
    let claimed = world.seat(desk(LUCY, 1));
    let mut second = desk(LUCY, 2);
    second.anchor = web(LUCY, 2).anchor;
    let unclaimed = world.seat(second);
    world.pass(secs(60));
    let answer = world.renews(LUCY, &[claimed], &[]);
    let expected = Unclaimed { seat: unclaimed, request: request(2), left: secs(30) };
    assert_eq!(answer.unclaimed, [expected]);
    let events = world.pass(secs(30));
    assert_eq!(releases(&events), [(unclaimed.id, ReleaseReason::LeaseExpired)]);
}

#[test]
fn a_claim_of_an_older_epoch_is_gone_and_the_newer_unclaimed() {
    let mut world = World::office(1);
    let older = world.seat(desk(LUCY, 1));
    let newer = world.seat(desk(LUCY, 2));
    world.pass(secs(60));
    let answer = world.renews(LUCY, &[older], &[]);
    assert_eq!(answer.gone[0].seat, older);
    let reason = answer.gone[0].release.as_ref().map(|release| release.reason);
    assert_eq!(reason, Some(ReleaseReason::Superseded));
    assert_eq!(answer.unclaimed[0].seat, newer);
    assert_eq!(answer.unclaimed[0].left, secs(30));
}

#[test]
fn a_machine_cannot_renew_the_seat_of_another() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.pass(secs(60));
    assert_eq!(world.renews(BILL, &[seat], &[]).gone[0].seat, seat);
    assert_eq!(releases(&world.pass(secs(30))).len(), 1);
}

#[test]
fn a_revoked_machine_renews_nothing() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(Command::RevokeMachine { machine: machine_of(LUCY) });
    let answer = world.renews(LUCY, &[seat], &[]);
    assert_eq!((answer.renewed.len(), answer.gone.len()), (0, 1));
}

#[test]
fn a_waiting_request_hears_where_it_stands_and_then_of_its_offer() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(desk(OLAF, 3)));
    let answer = world.renews(OLAF, &[], &[3, 44]);
    let place = desk(OLAF, 3).fresh_place;
    let waits = Outcome::Waiting { place, position: 2 };
    assert_eq!(answer.waiting, [(request(3), Some(waits)), (request(44), None)]);
    world.signs_off(LUCY, seat);
    world.settle();
    world.pass(secs(20));
    let answer = world.renews(BILL, &[], &[2]);
    assert!(
        matches!(answer.waiting[0].1, Some(Outcome::Offered { left, .. }) if left == secs(40)),
        "{answer:?}"
    );
}

#[test]
fn web_is_freed_twenty_minutes_after_its_last_renewal() {
    let mut world = World::office(1);
    let seat = world.seat(web(LUCY, 1));
    world.pass(secs(19 * 60));
    let answer = renew_calls(&world.state, &mut world.presence, APP, &[seat], world.now);
    assert_eq!(answer, [(seat, CallRenewal::Left(secs(20 * 60)))]);
    assert_eq!(releases(&world.pass(secs(20 * 60 - 1))), []);
    let events = world.pass(secs(1));
    assert_eq!(releases(&events), [(seat.id, ReleaseReason::SessionTimeOut)]);
    let answer = renew_calls(&world.state, &mut world.presence, APP, &[seat], world.now);
    assert!(matches!(&answer[0].1, CallRenewal::Gone(gone)
        if gone.release.as_ref().is_some_and(|r| r.reason == ReleaseReason::SessionTimeOut)));
}

#[test]
fn a_client_without_a_session_time_out_lives_by_that_of_calls() {
    let mut world = World::office(1);
    let mut definition = crate::presets::infor_crm(1);
    definition.calls_timeout = secs(300);
    world.does(Command::DefinePool { definition: Box::new(definition) });
    let mut sign_on = web(LUCY, 1);
    sign_on.client = super::world::client("network");
    let seat = world.seat(sign_on);
    assert_eq!(releases(&world.pass(secs(299))), []);
    assert_eq!(releases(&world.pass(secs(1))), [(seat.id, ReleaseReason::SessionTimeOut)]);
}

#[test]
fn calls_renew_neither_an_older_epoch_nor_what_a_machine_or_another_user_has() {
    let mut world = World::office(3);
    let older = world.seat(web(LUCY, 1));
    let mut again = web(LUCY, 2);
    again.anchor = web(LUCY, 1).anchor;
    let newer = world.seat(again);
    let at_desk = world.seat(desk(BILL, 3));
    let tries =
        [(APP, older), (APP, at_desk), (Caller::User(BILL), at_desk), (Caller::User(NINA), newer)];
    for (by, seat) in tries {
        let answer = renew_calls(&world.state, &mut world.presence, by, &[seat], world.now);
        assert!(matches!(answer[0].1, CallRenewal::Gone(_)), "{by:?} renewed {seat}");
    }
    for by in [APP, Caller::User(LUCY)] {
        let answer = renew_calls(&world.state, &mut world.presence, by, &[newer], world.now);
        assert!(matches!(answer[0].1, CallRenewal::Left(_)));
    }
}
