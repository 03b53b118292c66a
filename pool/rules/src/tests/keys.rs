//! The same key is the same seat; each new request for it raises the epoch.

use hotseat_protocol::reason::ReleaseReason;

use super::world::{APP, BILL, LUCY, World, cancelled, desk, machine_of, web};
use crate::{Caller, Command, Ending, Event, Outcome, Refusal};

#[test]
fn signing_on_again_with_a_held_key_returns_the_seat_at_a_higher_epoch() {
    let mut world = World::office(1);
    let first = world.seat(web(LUCY, 1));
    let mut again = web(LUCY, 2);
    again.anchor = web(LUCY, 1).anchor;
    let expected = Event::SeatReacquired { seat: first.id, asked: again.asked() };
    assert_eq!(world.does(again.clone()), [expected]);
    let second = world.seat(again);
    assert_eq!(second.id, first.id);
    assert!(second.epoch.seq > first.epoch.seq);
    assert_eq!(world.facts().in_use, 1);
}

#[test]
fn the_older_request_hears_that_it_was_superseded() {
    let mut world = World::office(1);
    world.seat(desk(LUCY, 1));
    world.seat(desk(LUCY, 2));
    let Outcome::Ended(Ending::Seat { release, .. }) =
        world.outcome(Caller::Machine(machine_of(LUCY)), 1)
    else {
        panic!("the older request still has its seat");
    };
    assert_eq!(release.reason, ReleaseReason::Superseded);
}

#[test]
fn a_message_about_an_older_epoch_is_refused() {
    let mut world = World::office(1);
    let first = world.seat(desk(LUCY, 1));
    world.seat(desk(LUCY, 2));
    let by = Caller::Machine(machine_of(LUCY));
    let reason = ReleaseReason::TrayClosed;
    let refusal = world.tries(&Command::SignOff { by, seat: first, reason });
    assert_eq!(refusal, Err(Refusal::OlderEpoch { seat: first.id }));
    assert_eq!(world.facts().in_use, 1);
}

#[test]
fn cancelling_the_older_request_leaves_the_newer_its_seat() {
    let mut world = World::office(1);
    let first = desk(LUCY, 1).asked().request;
    world.seat(desk(LUCY, 1));
    world.seat(desk(LUCY, 2));
    assert_eq!(world.does(cancelled(first)), []);
    assert_eq!(world.facts().in_use, 1);
}

#[test]
fn another_keeper_or_anchor_is_another_seat() {
    let mut world = World::office(3);
    let at_desk = world.seat(desk(LUCY, 1));
    let mut elsewhere = desk(LUCY, 2);
    elsewhere.caller = Caller::Machine(machine_of(BILL));
    let mut by_calls = desk(LUCY, 3);
    by_calls.caller = APP;
    assert_ne!(world.seat(elsewhere).id, at_desk.id);
    assert_ne!(world.seat(by_calls).id, at_desk.id);
    assert_eq!(world.facts().in_use, 3);
}

#[test]
fn only_the_user_and_the_keeper_may_sign_off() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    let web = world.seat(web(LUCY, 2));
    let reason = ReleaseReason::SignedOffByTheUser;
    for (by, seat) in [
        (Caller::Machine(machine_of(BILL)), lucy),
        (Caller::Machine(machine_of(LUCY)), web),
        (Caller::User(BILL), lucy),
        (APP, lucy),
    ] {
        let refusal = world.tries(&Command::SignOff { by, seat, reason });
        assert_eq!(refusal, Err(Refusal::NotYours), "{by:?}");
    }
    assert_eq!(world.facts().in_use, 2);
}

#[test]
fn a_user_token_acts_for_that_user_only() {
    let mut world = World::office(2);
    let mut sign_on = web(LUCY, 1);
    sign_on.caller = Caller::User(BILL);
    assert_eq!(world.tries(&sign_on.into()), Err(Refusal::NotYours));
    let mut own = web(LUCY, 2);
    own.caller = Caller::User(LUCY);
    world.seat(own);
}
