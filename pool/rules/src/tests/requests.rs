//! Retries change nothing; cancelled requests stay cancelled; after a day they are forgotten.

use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::world::{
    APP, BILL, LUCY, OLAF, World, cancelled, desk, machine_of, releases, secs, waiting, web,
};
use crate::{
    BodyHash, CallRenewal, Caller, Command, Ending, Event, Outcome, Refusal, RefusalCode,
    renew_calls,
};

#[test]
fn a_retry_returns_the_same_seat_and_changes_nothing() {
    let mut world = World::office(2);
    let seat = world.seat(desk(LUCY, 1));
    let state = world.state.clone();
    let mut retry = desk(LUCY, 1);
    // The fresh ids of a retry are not those of the first try.
    retry.fresh_seat = desk(LUCY, 50).fresh_seat;
    assert_eq!(world.seat(retry), seat);
    assert_eq!(world.state, state);
}

#[test]
fn a_retry_tells_what_is_left_of_the_lease() {
    let mut world = World::office(1);
    world.seat(desk(LUCY, 1));
    world.pass(secs(30));
    let Outcome::Seat { left, lease, .. } = world.became(desk(LUCY, 1)) else { panic!("no seat") };
    assert_eq!((left, lease), (secs(60), secs(90)));
}

#[test]
fn a_retry_of_a_refused_request_stays_refused_with_the_truth_of_now() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.refused(desk(BILL, 2));
    world.signs_off(LUCY, seat);
    let refused = world.refused(desk(BILL, 2));
    assert_eq!((refused.code, refused.facts.in_use), (RefusalCode::PoolFull, 0));
    world.seat(desk(BILL, 3));
}

#[test]
fn a_retry_of_an_ended_request_tells_why_it_ended() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(Command::SignOff {
        by: Caller::Machine(machine_of(LUCY)),
        seat,
        reason: ReleaseReason::TrayLost,
    });
    let Outcome::Ended(Ending::Seat { seat: ended, release, .. }) = world.became(desk(LUCY, 1))
    else {
        panic!("not ended");
    };
    assert_eq!((ended, release.reason), (seat, ReleaseReason::TrayLost));
}

#[test]
fn another_body_under_the_same_id_is_an_error() {
    let mut world = World::office(2);
    world.seat(desk(LUCY, 1));
    let mut other = desk(LUCY, 1);
    other.body = BodyHash([255; 32]);
    assert_eq!(world.tries(&other.into()), Err(Refusal::RequestReused));
}

#[test]
fn the_same_id_of_another_caller_is_another_request() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    let mut bill = desk(BILL, 1);
    bill.fresh_seat = desk(BILL, 2).fresh_seat;
    assert_ne!(world.seat(bill).id, lucy.id);
}

#[test]
fn cancel_before_the_request_refuses_it_when_it_comes() {
    let mut world = World::office(1);
    let request = desk(LUCY, 1).asked().request;
    let tombstone = Event::RequestCancelled { request };
    assert_eq!(world.does(cancelled(request)), [tombstone]);
    assert_eq!(world.does(cancelled(request)), []);
    assert_eq!(world.became(desk(LUCY, 1)), Outcome::Ended(Ending::Cancelled));
    assert_eq!(world.facts().in_use, 0);
}

#[test]
fn cancel_after_the_grant_releases_it() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    let request = desk(LUCY, 1).asked().request;
    let events = world.does(cancelled(request));
    assert_eq!(releases(&events), [(seat.id, ReleaseReason::ApplicationExited)]);
    assert_eq!(world.does(cancelled(request)), []);
}

#[test]
fn cancel_of_a_waiting_or_offered_request_leaves_the_line() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(web(OLAF, 3)));
    world.signs_off(LUCY, seat);
    world.settle();
    let offered = world.offer_of(2);
    for (sign_on, offer) in [(desk(BILL, 2), Some(offered)), (web(OLAF, 3), None)] {
        let place = sign_on.fresh_place;
        let request = sign_on.asked().request;
        let left = Event::PlaceEnded { place, end: PlaceEnd::Left, offer };
        assert_eq!(world.does(cancelled(request)), [left]);
    }
    world.settle();
    assert_eq!((world.facts().offered, world.facts().waiting), (0, 0));
}

#[test]
fn cancel_of_a_refused_request_changes_nothing() {
    let mut world = World::office(0);
    world.refused(desk(LUCY, 1));
    let request = desk(LUCY, 1).asked().request;
    assert_eq!(world.does(cancelled(request)), []);
}

#[test]
fn an_ended_request_is_kept_for_a_day_and_then_forgotten_by_an_event() {
    let mut world = World::office(1);
    world.pass(secs(1800));
    let held = world.seat(web(BILL, 2));
    world.refused(web(LUCY, 1));
    let known = |world: &World| world.state.refused(&web(LUCY, 1).asked().request).is_some();
    let mut hours_known = 0;
    while known(&world) {
        hours_known += 1;
        assert!(hours_known < 30, "never forgotten");
        for _ in 0..6 {
            world.pass(secs(600));
            let answer = renew_calls(&world.state, &mut world.presence, APP, &[held], world.now);
            assert!(matches!(answer[0].1, CallRenewal::Left(_)));
        }
    }
    assert!((24..=26).contains(&hours_known), "forgotten after {hours_known} h");
    assert_eq!(world.log.last(), Some(&Event::RequestsAged));
    // What still lives is never forgotten.
    assert_eq!(world.seat(web(BILL, 2)), held);
    world.restarts();
}

#[test]
fn hours_without_a_request_are_not_written_down() {
    let mut world = World::office(1);
    let before = world.log.len();
    world.pass(secs(3 * 3600));
    assert_eq!(world.log.len(), before);
}

#[test]
fn asking_about_an_unknown_request_is_an_error() {
    let mut world = World::office(1);
    let request = desk(LUCY, 1).asked().request;
    let ask = Command::AskRequest { request, fresh_seat: desk(LUCY, 9).fresh_seat };
    assert_eq!(world.tries(&ask), Err(Refusal::UnknownRequest(request.id)));
}

#[test]
fn only_what_ended_more_than_a_day_ago_is_forgotten() {
    let mut world = World::office(2);
    let ends = |world: &mut World, n| {
        let seat = world.seat(web(LUCY, n));
        let by = APP;
        world.does(Command::SignOff { by, seat, reason: ReleaseReason::SignedOffByTheUser });
    };
    let known = |world: &World, n| world.state.request(&web(LUCY, n).asked().request).is_some();
    ends(&mut world, 1);
    world.pass(secs(12 * 3600));
    ends(&mut world, 2);
    world.pass(secs(11 * 3600));
    assert!(known(&world, 1), "not a day ago");
    world.pass(secs(3 * 3600));
    assert!(!known(&world, 1) && known(&world, 2));
    world.pass(secs(12 * 3600));
    assert!(!known(&world, 2));
}

#[test]
fn an_hour_that_is_over_is_not_put_off_by_a_retry() {
    let mut world = World::office(1);
    world.seat(web(LUCY, 1));
    // The command comes before the pool has looked at its timers.
    world.now = world.now + secs(3600);
    assert_eq!(world.does(web(LUCY, 1)), []);
    assert!(world.settle().contains(&Event::RequestsAged));
}
