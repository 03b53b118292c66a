//! Places in the line and offers.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{Anchor, OfferId, PlaceId};
use hotseat_protocol::link::{MachineSeat, OfferState, PlaceClaimEnd, PlaceLeft};
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
    OfferState { id: OfferId::from_random(4), left_ms: LeftMs::clamped(60_000) }
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
    assert_eq!(desk.last_renewal().places, request(1).into());
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
        places_ended: vec![PlaceClaimEnd { request: request(1), end: Some(PlaceEnd::Seated) }],
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
        places_ended: vec![PlaceClaimEnd { request: request(1), end: Some(PlaceEnd::OfferLapsed) }],
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

/// The newest renewal is answered with the place of the request 1, and what it is offered.
fn place_is_left(desk: &mut Desk, rank: u32, offer: Option<OfferState>) {
    let places = vec![PlaceLeft { request: request(1), rank, offer }];
    desk.renewed(Renewed { places, ..Renewed::default() });
}

fn turns(desk: &Desk) -> usize {
    desk.notices().iter().filter(|notice| matches!(notice, Notice::YourTurn { .. })).count()
}

#[test]
fn an_offer_that_is_said_again_ends_no_later_and_another_one_is_told_anew() {
    let mut desk = offered();
    let mine = |desk: &Desk| desk.state(&lucy()).place.unwrap().offer.unwrap();
    let first = mine(&desk);
    assert_eq!(first.ends_boot_ms, desk.boot_ms + 60_000);
    assert_eq!(first.ends_at.unix_ms, desk.wall_ms + 60_000);
    desk.pass(30_000);
    place_is_left(&mut desk, 1, Some(OfferState { left_ms: LeftMs::clamped(45_000), ..offer() }));
    assert_eq!((mine(&desk), turns(&desk)), (first, 1));
    // That one was withdrawn, because the pool got fewer seats, and she is offered another.
    desk.pass(30_000);
    let id = OfferId::from_random(5);
    place_is_left(&mut desk, 1, Some(OfferState { id, left_ms: LeftMs::clamped(60_000) }));
    let second = mine(&desk);
    assert_eq!((second.id, second.ends_boot_ms), (id, desk.boot_ms + 60_000));
    assert_eq!(turns(&desk), 2);
}

#[test]
fn a_program_that_takes_what_comes_is_told_of_no_offer() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.ask(TRAY, Request::Subscribe);
    desk.sign_on_waiting(TRAY, 1, Some(Accept::Auto));
    desk.answer(desk.number_of(is_sign_on), waiting_answer(1, Some(offer())));
    assert_eq!(turns(&desk), 0);
}

#[test]
fn a_line_that_was_left_elsewhere_is_no_news_and_who_asks_is_answered_instead() {
    let gone = |end| {
        let places_ended = vec![PlaceClaimEnd { request: request(1), end: Some(end) }];
        Renewed { places_ended, ..Renewed::default() }
    };
    for end in [PlaceEnd::Left, PlaceEnd::Declined] {
        let mut desk = waiting();
        desk.pass(30_000);
        desk.renewed(gone(end));
        assert!(desk.state(&lucy()).place.is_none());
        assert_eq!(desk.notices(), Vec::<&Notice>::new(), "{end:?}");
    }
    let mut desk = offered();
    desk.pass(30_000);
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    let told = desk.notices().len();
    desk.renewed(gone(PlaceEnd::OfferLapsed));
    let Some(Reply::Outcome { outcome: Outcome::PlaceEnded { end }, .. }) = desk.reply(id) else {
        panic!("{:?}", desk.reply(id));
    };
    assert_eq!((*end, desk.notices().len()), (PlaceEnd::OfferLapsed, told));
}

#[test]
fn whoever_leaves_a_line_leaves_no_other_and_takes_nobody_along() {
    let cad = PoolId::new("cad").unwrap();
    let mut desk = Desk::new();
    let pools = [pool_view(), PoolView { id: cad.clone(), name: "Other".into(), ..pool_view() }];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(OTHER, Role::Tray, bill());
    let places = [(TRAY, 1, pool()), (TRAY, 2, cad), (OTHER, 3, pool())];
    for (connection, id, pool) in places {
        let wait = Some(Accept::Ask);
        desk.ask(connection, Request::SignOn { request: request(id), pool, client: None, wait });
        desk.answer(desk.number_of(is_sign_on), waiting_answer(1, None));
    }
    desk.ask(TRAY, Request::LeaveLine { pool: pool() });
    let cancelled = desk.sent.iter().filter_map(|(_, body)| match body {
        MachineMessage::Cancel { request, .. } => Some(*request),
        _ => None,
    });
    assert_eq!(cancelled.collect::<Vec<_>>(), [request(1)]);
    let waits = |user: &OsUser| {
        let pools = desk.core.view(user).pools.into_iter();
        pools.map(|pool| pool.place.is_some()).collect::<Vec<_>>()
    };
    assert_eq!((waits(&lucy()), waits(&bill())), (vec![false, true], vec![true, false]));
}

#[test]
fn an_offer_to_ones_place_in_another_pool_is_not_taken_by_its_number_for_this() {
    let mut desk = offered();
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: OfferId::from_random(9) });
    assert_eq!(desk.problem(id), Some(Code::Ended));
}

#[test]
fn a_place_moves_up_as_the_pool_shows_it() {
    let mut desk = waiting();
    let shown = |request_id: u128, rank| Projected::Place {
        place: hotseat_protocol::link::MachinePlace {
            id: PlaceId::from_random(1),
            pool: pool(),
            user: UserId::from_random(1),
            anchor: Anchor::new("x").unwrap(),
            request: request(request_id),
            rank,
            since: WallTime { unix_ms: 77 },
            offer: None,
        },
    };
    let changed = |desk: &mut Desk, push, item| {
        let position = JournalPosition { generation: 7, seq: Seq(push) };
        desk.frame(FromPool::Changed { push, previous: push - 1, position, items: vec![item] });
    };
    changed(&mut desk, 2, shown(1, 4));
    let place = desk.state(&lucy()).place.unwrap();
    assert_eq!((place.rank, place.since.unix_ms), (4, 77));
    changed(&mut desk, 3, shown(9, 1));
    assert_eq!(desk.state(&lucy()).place.unwrap().rank, 4, "that is none of hers");
    assert_eq!(desk.core.seen(), Some(JournalPosition { generation: 7, seq: Seq(3) }));
    // The pool counts it anew with each renewal.
    desk.pass(30_000);
    place_is_left(&mut desk, 3, None);
    assert_eq!(desk.state(&lucy()).place.unwrap().rank, 3);
}

#[test]
fn a_taken_offer_whose_seat_is_shown_first_is_believed_when_the_answer_comes() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on_waiting(TRAY, 1, Some(Accept::Auto));
    desk.answer(desk.number_of(is_sign_on), waiting_answer(1, Some(offer())));
    let accept = desk.number_of(|body| matches!(body, MachineMessage::AcceptOffer { .. }));
    let position = JournalPosition { generation: 7, seq: Seq(2) };
    let items = vec![Projected::Seat { seat: shown_seat(seat(1, 8), 1) }];
    desk.frame(FromPool::Changed { push: 2, previous: 1, position, items });
    assert!(!desk.held(), "no answer speaks for it yet");
    desk.answer(accept, granted(seat(1, 8), T));
    assert!(desk.held());
    assert_eq!(desk.sign_offs(), []);
}

#[test]
fn a_refused_sign_on_is_answered_with_the_refusal_and_forgotten() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    let problem = Problem::new(Code::PoolFull, "full", "wait");
    let outcome = Outcome::Refused { problem };
    desk.answer(desk.number_of(is_sign_on), PoolAnswer::Outcome { outcome: outcome.clone() });
    let Some(Reply::Outcome { outcome: told, deadline_boot_ms: None, .. }) = desk.reply(id) else {
        panic!("{:?}", desk.reply(id));
    };
    assert_eq!(*told, outcome);
    assert!(desk.disk.intents.is_empty());
    assert_eq!(desk.messages(is_cancel), 0, "there is nothing to give back");
}

#[test]
fn a_sign_on_that_the_pool_cannot_understand_is_answered_so_and_given_back() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    let problem = Problem::new(Code::Invalid, "no such client", "");
    desk.answer(desk.number_of(is_sign_on), PoolAnswer::Problem { problem });
    assert_eq!(desk.problem(id), Some(Code::Invalid));
    assert_eq!(desk.messages(is_cancel), 1);
}

#[test]
fn a_place_that_ended_while_its_seat_was_looked_for_is_told() {
    let mut desk = waiting();
    desk.pass(30_000);
    desk.renewed(Renewed {
        places_ended: vec![PlaceClaimEnd { request: request(1), end: Some(PlaceEnd::Seated) }],
        ..Renewed::default()
    });
    let outcome = Outcome::PlaceEnded { end: PlaceEnd::OfferLapsed };
    desk.answer(desk.number_of(is_sign_on), PoolAnswer::Outcome { outcome });
    let lapsed = PlaceEnd::OfferLapsed;
    assert_eq!(
        desk.notices(),
        [&Notice::PlaceEnded { pool: pool(), end: lapsed, place: None, newest: None }]
    );
}

#[test]
fn a_sign_on_waits_for_the_answer_to_a_taking_that_nobody_waits_for_any_more() {
    let mut desk = offered();
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    let accept = |body: &MachineMessage| matches!(body, MachineMessage::AcceptOffer { .. });
    let taking = desk.number_of(accept);
    desk.pass(ANSWER_LIMIT_MS);
    assert!(matches!(desk.reply(id), Some(Reply::Problem { .. })), "{:?}", desk.reply(id));
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), 1, "it would sign on to that seat again");
    desk.answer(taking, granted(seat(1, 8), T));
    assert!(desk.held());
    assert_eq!(desk.messages(is_sign_on), 1, "and now it need not be asked");
}

#[test]
fn a_taking_that_is_answered_after_the_machine_stood_still_is_asked_about_and_not_given_up() {
    let mut desk = offered();
    let id = desk.ask(TRAY, Request::AcceptOffer { offer: offer().id });
    let accept = |body: &MachineMessage| matches!(body, MachineMessage::AcceptOffer { .. });
    let taking = desk.number_of(accept);
    desk.wall_ms += 2_001;
    desk.input(Input::Tick);
    desk.answer(taking, granted(seat(1, 8), T));
    assert!(!desk.held());
    desk.pass(1);
    assert_eq!(desk.messages(is_cancel), 0, "it was asked for long ago, and has its seat");
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 8), T));
    assert!(desk.held());
    assert!(matches!(desk.reply(id), Some(Reply::Outcome { outcome: Outcome::Seat { .. }, .. })));
}
