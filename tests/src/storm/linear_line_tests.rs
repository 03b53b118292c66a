//! Histories with a line, written by hand: what first come, first served can do, and what it cannot.

use hotseat_protocol::ids::{Epoch, Generation, Seq};

use super::super::history::Op;
use super::*;

fn seat(number: u128, epoch: u64) -> SeatRef {
    let epoch = Epoch { generation: Generation(1), seq: Seq(epoch) };
    SeatRef { id: SeatId::from_random(number), epoch }
}

/// What does not end by itself in these tests.
const LONG: Micros = 1_000_000;
/// Two people who wait.
const ANNA: u128 = 1;
const BEN: u128 = 2;

fn place(number: u128) -> PlaceId {
    PlaceId::from_random(number)
}

fn granted(number: u128, epoch: u64) -> What {
    What::Granted { seat: seat(number, epoch), lives_until: LONG }
}

fn signed_off(number: u128, epoch: u64) -> What {
    What::SignedOff { seat: seat(number, epoch) }
}

fn waits(who: u128) -> What {
    What::Waits { place: place(who), kept_until: LONG, offer_until: LONG }
}

fn in_line(who: u128, rank: u32) -> What {
    What::InLine { place: place(who), rank, kept_until: LONG }
}

fn offered(who: u128) -> What {
    What::Offered { place: place(who), kept_until: LONG, offer_until: LONG }
}

fn seated(who: u128, number: u128, epoch: u64) -> What {
    What::Seated { place: place(who), seat: seat(number, epoch), lives_until: LONG }
}

fn declined(who: u128) -> What {
    What::Declined { place: place(who) }
}

fn left(who: u128) -> What {
    What::Left { place: place(who) }
}

fn lapsed(who: u128) -> What {
    What::Lapsed { place: place(who) }
}

const OTHERS_WAIT: What = What::OthersWait { in_use: Some(1) };

/// Two seats; everybody asks after everybody else was answered.
fn one_after_the_other(whats: &[What]) -> Vec<Op> {
    let at = |place: usize| Micros::try_from(place).expect("a short history") * 10;
    let ops = whats.iter().enumerate();
    ops.map(|(number, what)| {
        let (invoked, returned) = (at(number) + 1, Some(at(number) + 2));
        Op { client: number, invoked, returned, what: *what }
    })
    .collect()
}

fn check_all(ops: Vec<Op>) -> Result<Found, String> {
    check(&History { seats: 2, ops })
}

#[track_caller]
fn accepts(whats: &[What]) {
    let found = check_all(one_after_the_other(whats)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(found.ops, whats.len());
}

#[track_caller]
fn rejects(whats: &[What]) {
    let found = check_all(one_after_the_other(whats));
    assert!(found.is_err(), "{found:?}");
}

/// Both seats are taken, and then this.
fn full_and(whats: &[What]) -> Vec<What> {
    [&[granted(1, 1), granted(2, 2)], whats].concat()
}

/// Both seats are taken, Anna waits and after her Ben, one seat is given back, and then this.
fn after_a_release(whats: &[What]) -> Vec<What> {
    full_and(&[&[waits(ANNA), waits(BEN), signed_off(1, 1)], whats].concat())
}

#[test]
fn the_first_is_offered_the_seat_and_takes_it() {
    let taken = [offered(ANNA), in_line(BEN, 2), seated(ANNA, 3, 3), in_line(BEN, 1)];
    accepts(&after_a_release(&taken));
}

#[test]
fn whoever_came_later_is_not_offered_a_seat_first() {
    rejects(&after_a_release(&[offered(BEN)]));
    rejects(&after_a_release(&[seated(BEN, 3, 3)]));
    rejects(&after_a_release(&[offered(ANNA), offered(BEN)]));
}

#[test]
fn whose_question_came_first_is_open_while_both_were_asked_at_once() {
    let both = |first: Option<What>| {
        let mut ops = one_after_the_other(&full_and(&[waits(ANNA), waits(BEN), signed_off(1, 1)]));
        // Ben had not been answered when Anna asked, nor she when he did.
        ops[2].returned = Some(ops[3].invoked + 1);
        ops[3].invoked = ops[2].invoked + 1;
        ops.extend(first.map(|what| Op { client: 9, invoked: 91, returned: Some(92), what }));
        check_all(ops)
    };
    both(Some(offered(ANNA))).expect("she may have been first");
    both(Some(offered(BEN))).expect("he may have been first");
    both(Some(in_line(ANNA, 2))).expect("he may have been offered the seat");
    assert!(both(Some(in_line(ANNA, 3))).is_err(), "there are two");
}

#[test]
fn the_rank_is_the_number_of_those_who_came_before() {
    accepts(&full_and(&[waits(ANNA), waits(BEN), in_line(ANNA, 1), in_line(BEN, 2)]));
    rejects(&full_and(&[waits(ANNA), waits(BEN), in_line(BEN, 1)]));
    rejects(&full_and(&[waits(ANNA), waits(BEN), in_line(ANNA, 2)]));
    accepts(&full_and(&[waits(ANNA), waits(BEN), left(ANNA), in_line(BEN, 1)]));
    rejects(&full_and(&[waits(ANNA), waits(BEN), left(ANNA), in_line(BEN, 2)]));
}

#[test]
fn no_newcomer_goes_before_the_line() {
    rejects(&after_a_release(&[granted(3, 3)]));
    rejects(&after_a_release(&[What::Passed]));
    let many = [granted(1, 1), granted(2, 2), waits(ANNA), signed_off(1, 1), signed_off(2, 2)];
    // Both seats are free, and one is hers.
    accepts(&[&many[..], &[offered(ANNA), granted(3, 3), seated(ANNA, 4, 4)]].concat());
    rejects(&[&many[..], &[granted(3, 3), in_line(ANNA, 1)]].concat());
}

#[test]
fn a_seat_that_is_set_aside_is_not_free() {
    rejects(&after_a_release(&[offered(ANNA), granted(3, 3)]));
    accepts(&after_a_release(&[offered(ANNA), What::Full { in_use: Some(1) }]));
    rejects(&after_a_release(&[offered(ANNA), What::Full { in_use: Some(2) }]));
    rejects(&full_and(&[waits(ANNA), offered(ANNA)]));
    rejects(&full_and(&[waits(ANNA), seated(ANNA, 3, 3)]));
}

#[test]
fn others_wait_is_true_only_while_somebody_does_and_a_seat_is_free() {
    // Before the pool has made its offer.
    accepts(&after_a_release(&[OTHERS_WAIT]));
    accepts(&after_a_release(&[What::CheckedOthersWait { in_use: 1 }]));
    rejects(&[granted(1, 1), OTHERS_WAIT]);
    rejects(&[granted(1, 1), What::CheckedOthersWait { in_use: 1 }]);
    rejects(&full_and(&[waits(ANNA), What::OthersWait { in_use: Some(2) }]));
    rejects(&after_a_release(&[What::OthersWait { in_use: Some(2) }]));
}

#[test]
fn nobody_waits_while_there_is_a_seat_to_be_had() {
    rejects(&[granted(1, 1), waits(ANNA)]);
    accepts(&[granted(1, 1), granted(2, 2), waits(ANNA)]);
}

#[test]
fn what_is_declined_left_or_lapsed_goes_to_the_next() {
    let short = What::Offered { place: place(ANNA), kept_until: LONG, offer_until: 55 };
    for over in [&[offered(ANNA), declined(ANNA)][..], &[offered(ANNA), left(ANNA)]] {
        accepts(&after_a_release(&[over, &[offered(BEN), seated(BEN, 3, 3)]].concat()));
        rejects(&after_a_release(&[over, &[granted(3, 3)]].concat()));
    }
    let mut short_wait = after_a_release(&[short, lapsed(ANNA), offered(BEN)]);
    short_wait[2] = What::Waits { place: place(ANNA), kept_until: LONG, offer_until: 50 };
    accepts(&short_wait);
}

#[test]
fn a_place_that_is_over_does_not_come_back() {
    for over in [left(ANNA), declined(ANNA), seated(ANNA, 3, 3)] {
        rejects(&after_a_release(&[offered(ANNA), over, offered(ANNA)]));
        rejects(&after_a_release(&[offered(ANNA), over, in_line(ANNA, 1)]));
        rejects(&after_a_release(&[offered(ANNA), over, waits(ANNA)]));
    }
    rejects(&full_and(&[waits(ANNA), declined(ANNA)]));
}

#[test]
fn an_offer_lapses_only_after_its_time() {
    let ends_at = |offer_until: Micros| {
        let offer = What::Offered { place: place(ANNA), kept_until: LONG, offer_until };
        let mut whats = after_a_release(&[offer, lapsed(ANNA)]);
        whats[2] = What::Waits { place: place(ANNA), kept_until: LONG, offer_until: 0 };
        check_all(one_after_the_other(&whats))
    };
    // The question that is answered by "lapsed" comes at 61 and is answered at 62.
    ends_at(60).expect("it was over before");
    assert!(ends_at(63).is_err(), "it was not over yet");
}

#[test]
fn a_place_lapses_only_when_it_was_long_not_asked_for() {
    let kept = |kept_until: Micros, asked_until: Micros| {
        let asked = What::InLine { place: place(ANNA), rank: 1, kept_until: asked_until };
        let mut whats = full_and(&[waits(ANNA), asked, lapsed(ANNA)]);
        whats[2] = What::Waits { place: place(ANNA), kept_until, offer_until: 0 };
        check_all(one_after_the_other(&whats))
    };
    kept(30, 40).expect("both times are over at 41");
    assert!(kept(30, 50).is_err(), "the question has kept it");
    assert!(kept(50, 30).is_err(), "it was kept from the beginning");
}

/// Four who wait at two seats, for long; and one at the end who comes out of turn is found.
#[test]
fn a_long_line_is_searched_in_no_time() {
    let mut whats = vec![granted(1, 1), granted(2, 2)];
    let mut holders = vec![seat(1, 1), seat(2, 2)];
    for round in 1..=500u128 {
        let people = [round * 10, round * 10 + 1, round * 10 + 2, round * 10 + 3];
        whats.extend(people.map(waits));
        for (number, who) in people.into_iter().enumerate() {
            let next = seat(round * 10 + number as u128, holders[1].epoch.seq.0 + 1);
            let gone = holders.remove(0);
            holders.push(next);
            whats.push(What::SignedOff { seat: gone });
            whats.push(offered(who));
            whats.push(What::Seated { place: place(who), seat: next, lives_until: LONG });
        }
    }
    accepts(&whats);
    let last = whats.len() - 12;
    whats.swap(last + 1, last + 4);
    rejects(&whats);
}
