//! The line: who is offered what, and who is not passed over.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hotseat_protocol::ids::{OfferId, PlaceId, SeatId, SeatRef};
use hotseat_protocol::reason::PlaceEnd;

use super::world::{
    APP, BILL, LUCY, NINA, OLAF, World, desk, machine_of, releases, request, secs, waiting, web,
};
use crate::presets::infor_crm;
use crate::{
    Accept, Caller, Command, Ending, Event, Outcome, Refusal, RefusalCode, RequestKey, SignOn,
};

fn place(n: u128) -> PlaceId {
    PlaceId(uuid::Uuid::from_u128(n))
}

/// One seat, Lucy's; Bill and Olaf wait in this order.
fn a_line() -> (World, SeatRef) {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(desk(OLAF, 3)));
    (world, seat)
}

fn ends(events: &[Event]) -> Vec<(PlaceId, PlaceEnd)> {
    let ends = events.iter().filter_map(|event| match event {
        Event::PlaceEnded { place, end, .. } => Some((*place, *end)),
        _ => None,
    });
    ends.collect()
}

fn offered(events: &[Event]) -> Vec<PlaceId> {
    let offered = events.iter().filter_map(|event| match event {
        Event::Offered { place, .. } => Some(*place),
        _ => None,
    });
    offered.collect()
}

#[test]
fn waiting_is_decided_in_the_same_step_as_the_grant() {
    let mut world = World::office(1);
    world.seat(waiting(desk(LUCY, 1)));
    let outcome = world.became(waiting(desk(BILL, 2)));
    assert_eq!(outcome, Outcome::Waiting { place: place(2), position: 1 });
    let outcome = world.became(waiting(desk(OLAF, 3)));
    assert_eq!(outcome, Outcome::Waiting { place: place(3), position: 2 });
}

#[test]
fn a_freed_seat_is_offered_to_the_first_and_set_aside() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    assert_eq!(offered(&world.settle()), [place(2)]);
    let facts = world.facts();
    assert_eq!((facts.in_use, facts.offered, facts.waiting), (0, 1, 2));
    let refused = world.refused(desk(LUCY, 4));
    assert_eq!(refused.code, RefusalCode::PoolFull);
    let expected = [
        Event::PlaceEnded {
            place: place(2),
            end: PlaceEnd::Seated,
            offer: Some(world.offer_of(2)),
        },
        Event::SeatGranted {
            seat: SeatId(uuid::Uuid::from_u128(1002)),
            asked: desk(BILL, 2).asked(),
            keeper: Caller::Machine(machine_of(BILL)).keeper(),
            anchor: desk(BILL, 2).anchor,
            counted: true,
            offer: Some(world.offer_of(2)),
        },
    ];
    assert_eq!(world.accepts(BILL, 2), expected);
    assert!(matches!(world.became(waiting(desk(BILL, 2))), Outcome::Seat { .. }));
}

#[test]
fn a_declined_or_lapsed_offer_leaves_the_line_and_goes_to_the_next() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    world.settle();
    let offer = world.offer_of(2);
    let by = Caller::Machine(machine_of(BILL));
    let events = world.does(Command::DeclineOffer { by, offer, request: None });
    assert_eq!(ends(&events), [(place(2), PlaceEnd::Declined)]);
    assert_eq!(world.does(Command::DeclineOffer { by, offer, request: None }), []);
    assert_eq!(offered(&world.settle()), [place(3)]);
    world.renews(OLAF, &[], &[3]);
    assert_eq!(ends(&world.pass(secs(60))), [(place(3), PlaceEnd::OfferLapsed)]);
    let late = OfferId(uuid::Uuid::from_u128(77));
    let fresh_seat = SeatId(uuid::Uuid::from_u128(77));
    for offer in [offer, late] {
        let refusal = world.tries(&Command::AcceptOffer { by, offer, request: None, fresh_seat });
        assert_eq!(refusal, Err(Refusal::OfferOver(offer)));
    }
    world.seat(desk(LUCY, 4));
}

#[test]
fn no_newcomer_goes_before_a_waiter_who_may_be_offered() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    // The offer has not been made yet: the seat is free, and still not the newcomer's.
    let refused = world.refused(desk(LUCY, 4));
    assert_eq!(refused.code, RefusalCode::OthersWait);
    assert!(refused.fixed_message.is_some());
    assert_eq!(world.refused(super::world::check(LUCY, "mobile", 5)).code, RefusalCode::OthersWait);
}

#[test]
fn an_unreachable_waiter_is_passed_over_and_keeps_their_place() {
    let (mut world, seat) = a_line();
    world.presence.disconnect(machine_of(BILL));
    world.signs_off(LUCY, seat);
    assert_eq!(offered(&world.settle()), [place(3)]);
    assert_eq!(
        world.outcome(Caller::Machine(machine_of(BILL)), 2),
        Outcome::Waiting { place: place(2), position: 1 }
    );
    world.accepts(OLAF, 3);
    world.presence.connect(machine_of(BILL));
    let olaf = SeatRef { id: SeatId(uuid::Uuid::from_u128(1003)), epoch: seat_epoch(&world, 1003) };
    world.signs_off(OLAF, olaf);
    assert_eq!(offered(&world.settle()), [place(2)]);
}

#[test]
fn a_seat_that_came_free_long_ago_is_offered_to_whoever_comes_back() {
    let (mut world, seat) = a_line();
    world.presence.disconnect(machine_of(BILL));
    world.presence.disconnect(machine_of(OLAF));
    world.signs_off(LUCY, seat);
    // Nothing more happens to the seat: that one is free is a state, and not a moment.
    assert!(offered(&world.pass(secs(20))).is_empty());
    world.presence.connect(machine_of(OLAF));
    assert_eq!(offered(&world.settle()), [place(3)]);
}

fn seat_epoch(world: &World, n: u128) -> hotseat_protocol::ids::Epoch {
    world.state.seat(SeatId(uuid::Uuid::from_u128(n))).unwrap().epoch
}

#[test]
fn a_newcomer_may_have_what_only_unreachable_waiters_want() {
    let (mut world, seat) = a_line();
    world.presence.disconnect(machine_of(BILL));
    world.presence.disconnect(machine_of(OLAF));
    world.signs_off(LUCY, seat);
    assert_eq!(world.settle(), []);
    world.seat(desk(LUCY, 4));
}

#[test]
fn a_newer_waiting_request_moves_the_place_rank_and_offer_kept() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    world.settle();
    let offer = world.offer_of(2);
    let mut moved = waiting(desk(BILL, 4));
    moved.caller = Caller::Machine(machine_of(NINA));
    let outcome = world.became(moved);
    assert!(matches!(outcome, Outcome::Offered { offer: same, .. } if same == offer));
    let superseded = Ending::Place { place: place(2), end: PlaceEnd::Superseded };
    let old = world.outcome(Caller::Machine(machine_of(BILL)), 2);
    assert_eq!(old, Outcome::Ended(superseded));
    let by = Caller::Machine(machine_of(NINA));
    let fresh_seat = SeatId(uuid::Uuid::from_u128(77));
    let accept = |request| Command::AcceptOffer { by, offer, request, fresh_seat };
    // Whoever takes it for the older request would believe in a seat that ends with the newer one.
    let older = RequestKey { caller: Caller::Machine(machine_of(BILL)), id: request(2) };
    assert_eq!(world.tries(&accept(Some(older))), Err(Refusal::OfferOver(offer)));
    let newer = RequestKey { caller: by, id: request(4) };
    world.does(accept(Some(newer)));
    assert!(matches!(world.outcome(by, 4), Outcome::Seat { .. }));
    assert_eq!(world.tries(&accept(Some(older))), Err(Refusal::OfferOver(offer)));
    assert_eq!(world.does(accept(Some(newer))), []);
}

#[test]
fn accepting_twice_changes_nothing_and_tells_of_the_seat() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    world.settle();
    let offer = world.offer_of(2);
    world.accepts(BILL, 2);
    let by = Caller::Machine(machine_of(BILL));
    let fresh_seat = SeatId(uuid::Uuid::from_u128(78));
    assert_eq!(world.does(Command::AcceptOffer { by, offer, request: None, fresh_seat }), []);
    let stranger = Caller::Machine(machine_of(OLAF));
    let refusal =
        world.tries(&Command::AcceptOffer { by: stranger, offer, request: None, fresh_seat });
    assert_eq!(refusal, Err(Refusal::NotYours));
}

#[test]
fn fewer_seats_withdraw_the_newest_offers_and_keep_the_places() {
    let mut world = World::office(2);
    let lucy = world.seat(desk(LUCY, 1));
    let nina = world.seat(web(LUCY, 9));
    world.does(waiting(desk(BILL, 2)));
    world.does(waiting(desk(OLAF, 3)));
    world.presence.disconnect(machine_of(BILL));
    world.signs_off(LUCY, lucy);
    world.settle();
    world.presence.connect(machine_of(BILL));
    world.does(Command::Reclaim { by: Caller::Admin, seat: nina.id, why: None });
    world.settle();
    // Olaf was offered first, Bill last; Bill's is the newest.
    let (older, newest) = (world.offer_of(3), world.offer_of(2));
    let events = world.does(Command::DefinePool { definition: Box::new(infor_crm(1)) });
    assert_eq!(events[0], Event::OfferWithdrawn { place: place(2), offer: newest });
    assert_eq!(world.offer_of(3), older);
    assert_eq!(world.settle(), []);
    let bill = world.outcome(Caller::Machine(machine_of(BILL)), 2);
    assert_eq!(bill, Outcome::Waiting { place: place(2), position: 1 });
}

#[test]
fn a_place_lapses_unless_it_is_kept() {
    let (mut world, _) = a_line();
    for _ in 0..3 {
        world.pass(secs(30));
        world.renews(OLAF, &[], &[3]);
    }
    assert!(world.state.place(place(2)).is_none());
    assert!(world.state.place(place(3)).is_some());
}

#[test]
fn a_caller_over_rest_keeps_its_place_and_takes_an_auto_offer_by_asking() {
    let mut world = World::office(1);
    let seat = world.seat(desk(LUCY, 1));
    let wait = SignOn { wait: Some(Accept::Auto), ..web(BILL, 2) };
    let ask = Command::AskRequest {
        request: wait.asked().request,
        fresh_seat: SeatId(uuid::Uuid::from_u128(77)),
    };
    world.does(wait);
    world.pass(secs(50));
    world.renews(LUCY, &[seat], &[]);
    assert_eq!(world.does(ask.clone()), []);
    world.pass(secs(50));
    world.signs_off(LUCY, seat);
    world.settle();
    world.does(ask);
    assert!(matches!(world.outcome(APP, 2), Outcome::Seat { .. }));
    // Not asked for, a place lapses after a minute.
    world.does(waiting(web(OLAF, 3)));
    assert_eq!(ends(&world.pass(secs(60))), [(place(3), PlaceEnd::Lapsed)]);
}

#[test]
fn check_clients_cannot_wait() {
    let mut world = World::office(1);
    let mut sign_on = waiting(web(LUCY, 1));
    sign_on.client = super::world::client("mobile");
    let refused = world.refused(sign_on);
    assert_eq!((refused.code, refused.fixed_message), (RefusalCode::ClientCannotWait, None));
}

#[test]
fn leaving_the_line_twice_is_fine_and_others_cannot_do_it_for_me() {
    let (mut world, _) = a_line();
    let place = place(2);
    let stranger = Caller::Machine(machine_of(OLAF));
    let refusal = world.tries(&Command::LeaveLine { by: stranger, place });
    assert_eq!(refusal, Err(Refusal::NotYours));
    let by = Caller::Machine(machine_of(BILL));
    let events = world.does(Command::LeaveLine { by, place });
    assert_eq!(ends(&events), [(place, PlaceEnd::Left)]);
    assert_eq!(world.does(Command::LeaveLine { by, place }), []);
}

#[test]
fn a_seat_got_by_other_means_ends_the_wait_for_the_same_one() {
    let (mut world, seat) = a_line();
    world.presence.disconnect(machine_of(BILL));
    world.presence.disconnect(machine_of(OLAF));
    world.signs_off(LUCY, seat);
    let events = world.does(desk(BILL, 4));
    assert_eq!(ends(&events), [(place(2), PlaceEnd::Superseded)]);
    assert_eq!(releases(&events), []);
}

#[test]
fn only_the_waiter_and_their_machine_may_answer_an_offer() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    world.settle();
    let offer = world.offer_of(2);
    let fresh_seat = SeatId(uuid::Uuid::from_u128(78));
    for by in [Caller::Machine(machine_of(OLAF)), Caller::User(OLAF), APP] {
        let accept = world.tries(&Command::AcceptOffer { by, offer, request: None, fresh_seat });
        let decline = world.tries(&Command::DeclineOffer { by, offer, request: None });
        assert_eq!((accept, decline), (Err(Refusal::NotYours), Err(Refusal::NotYours)), "{by:?}");
    }
    world.does(Command::AcceptOffer { by: Caller::User(BILL), offer, request: None, fresh_seat });
    let outcome = world.outcome(Caller::Machine(machine_of(BILL)), 2);
    assert!(matches!(outcome, Outcome::Seat { .. }), "{outcome:?}");
}

#[test]
fn an_offer_is_declined_for_the_request_that_it_stands_for_only() {
    let (mut world, seat) = a_line();
    world.signs_off(LUCY, seat);
    world.settle();
    let offer = world.offer_of(2);
    let by = Caller::Machine(machine_of(BILL));
    let key = |n| RequestKey { caller: by, id: request(n) };
    world.does(waiting(desk(BILL, 5)));
    let older = world.tries(&Command::DeclineOffer { by, offer, request: Some(key(2)) });
    assert_eq!(older, Err(Refusal::OfferOver(offer)), "it is the newer request's now");
    assert_eq!(world.offer_of(2), offer);
    let decline = Command::DeclineOffer { by, offer, request: Some(key(5)) };
    assert_eq!(world.does(decline.clone()).len(), 1);
    assert_eq!(world.does(decline), [], "a repeat");
    let olaf = Caller::Machine(machine_of(OLAF));
    let other = world.tries(&Command::DeclineOffer { by: olaf, offer, request: None });
    assert_eq!(other, Err(Refusal::OfferOver(offer)));
}
