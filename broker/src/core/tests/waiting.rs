//! Places in the line and offers.

use hotseat_protocol::ids::{Anchor, OfferId, PlaceId};
use hotseat_protocol::link::{GonePlace, MachineSeat, OfferState, PlaceLeft};
use hotseat_protocol::reason::PlaceEnd;

use super::*;

pub(super) fn waiting_answer(rank: u32, offer: Option<OfferState>) -> PoolAnswer {
    PoolAnswer::Outcome {
        outcome: Outcome::Waiting { place: PlaceId::from_random(1), rank, offer },
    }
}

pub(super) fn shown_seat(seat: SeatRef, request_id: u128) -> MachineSeat {
    MachineSeat {
        seat,
        pool: pool(),
        user: UserId::from_random(1),
        client: ClientName::new("network").unwrap(),
        anchor: Anchor::new("x").unwrap(),
        request: request(request_id),
        since: WallTime { unix_ms: 5 },
        counted: true,
        leaving: None,
    }
}

fn offer() -> OfferState {
    OfferState { id: OfferId::from_random(4), left_ms: 60_000 }
}

/// Lucy waits by her tray.
fn waiting() -> Desk {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.ask(TRAY, Request::Subscribe);
    let id = desk.sign_on_waiting(TRAY, 1, Some(Accept::Ask));
    desk.answer(desk.number_of(is_sign_on), waiting_answer(1, None));
    assert!(matches!(
        desk.reply(id),
        Some(Reply::Outcome { outcome: Outcome::Waiting { rank: 1, .. }, .. })
    ));
    desk
}

fn offered() -> Desk {
    let mut desk = waiting();
    desk.pass(30_000);
    desk.renewed(Renewed {
        places: vec![PlaceLeft { request: request(1), rank: 1, offer: Some(offer()) }],
        ..Renewed::default()
    });
    desk
}

#[test]
fn a_place_is_claimed_and_shown() {
    let mut desk = waiting();
    desk.pass(30_000);
    assert_eq!(desk.last_renewal().places, vec![request(1)]);
    assert_eq!(desk.state(&lucy()).place.unwrap().rank, 1);
    assert!(desk.state(&bill()).place.is_none());
}

#[test]
fn an_offer_is_told_once_and_can_be_taken() {
    let mut desk = offered();
    assert!(matches!(desk.notices()[..], [Notice::YourTurn { .. }]));
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    let accept = |body: &MachineMessage| matches!(body, MachineMessage::AcceptOffer { .. });
    desk.answer(desk.number_of(accept), granted(seat(1, 8), T));
    assert!(desk.held());
    assert!(matches!(desk.reply(id), Some(Reply::Outcome { outcome: Outcome::Seat { .. }, .. })));
    assert!(desk.state(&lucy()).place.is_none());
}

#[test]
fn an_offer_can_be_passed_on_but_only_by_its_owner() {
    let mut desk = offered();
    desk.open(OTHER, Role::Cli, bill());
    let id = desk.ask(OTHER, Request::DeclineOffer { offer: offer().id });
    assert_eq!(desk.problem(id), Some(Code::Ended));
    let id = desk.ask(TRAY, Request::DeclineOffer { offer: offer().id });
    let decline = |body: &MachineMessage| matches!(body, MachineMessage::DeclineOffer { .. });
    desk.answer(desk.number_of(decline), PoolAnswer::Done);
    assert_eq!(desk.reply(id), Some(&Reply::Done));
    assert!(desk.state(&lucy()).place.is_none());
}

#[test]
fn an_accepted_offer_whose_answer_was_lost_is_found_again() {
    let mut desk = offered();
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    desk.link_down();
    desk.link_up();
    desk.renewed(Renewed {
        places_gone: vec![GonePlace { request: request(1), end: Some(PlaceEnd::Seated) }],
        ..Renewed::default()
    });
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 8), 80_000));
    assert!(desk.held());
    assert!(matches!(desk.reply(id), Some(Reply::Outcome { outcome: Outcome::Seat { .. }, .. })));
}

#[test]
fn a_place_that_lapsed_is_told() {
    let mut desk = waiting();
    desk.pass(30_000);
    desk.renewed(Renewed {
        places_gone: vec![GonePlace { request: request(1), end: Some(PlaceEnd::OfferLapsed) }],
        ..Renewed::default()
    });
    assert!(desk.state(&lucy()).place.is_none());
    assert!(matches!(desk.notices()[..], [Notice::PlaceEnded { .. }]));
    assert!(desk.disk.intents.is_empty());
}

#[test]
fn leaving_the_line_cannot_be_lost_and_takes_a_late_grant_along() {
    let mut desk = waiting();
    desk.link_down();
    let id = desk.ask(TRAY, Request::LeaveLine { pool: pool() });
    assert_eq!(desk.reply(id), Some(&Reply::Done));
    desk.link_up();
    assert!(is_cancel(&desk.sent[0].1));
}

#[test]
fn a_place_goes_with_its_anchor() {
    let mut desk = waiting();
    desk.close(TRAY);
    desk.pass(10_000);
    assert_eq!(desk.messages(is_cancel), 1);
}

#[test]
fn whoever_waits_at_the_command_line_takes_the_offer_at_once() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on_waiting(RUN, 1, Some(Accept::Auto));
    let n = desk.number_of(is_sign_on);
    desk.answer(n, waiting_answer(1, Some(offer())));
    let accept = |body: &MachineMessage| matches!(body, MachineMessage::AcceptOffer { .. });
    assert_eq!(desk.messages(accept), 1);
    desk.answer(desk.number_of(accept), failed());
    desk.pass(1_000);
    assert_eq!(desk.messages(accept), 2);
    desk.answer(desk.number_of(accept), granted(seat(1, 8), T));
    assert!(desk.held());
}

#[test]
fn an_offer_is_taken_once_the_cancel_of_an_earlier_sign_on_is_answered() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on_waiting(RUN, 1, Some(Accept::Auto));
    desk.answer(desk.number_of(is_sign_on), waiting_answer(1, None));
    desk.open(OTHER, Role::Run, lucy());
    desk.sign_on(OTHER, 2);
    desk.close(OTHER);
    let cancel = desk.number_of(is_cancel);
    desk.pass(30_000);
    desk.renewed(Renewed {
        places: vec![PlaceLeft { request: request(1), rank: 1, offer: Some(offer()) }],
        ..Renewed::default()
    });
    let accept = |body: &MachineMessage| matches!(body, MachineMessage::AcceptOffer { .. });
    assert_eq!(desk.messages(accept), 0, "that sign-on may come to the seat of this one yet");
    desk.answer(cancel, PoolAnswer::Done);
    assert_eq!(desk.messages(accept), 1);
}
