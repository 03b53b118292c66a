//! Histories written by hand: what a semaphore with fencing can do, and what it cannot.

use hotseat_protocol::ids::{Epoch, Generation, Seq};

use super::super::history::Op;
use super::*;

fn seat(number: u128, epoch: u64) -> SeatRef {
    let epoch = Epoch { generation: Generation(1), seq: Seq(epoch) };
    SeatRef { id: SeatId::from_random(number), epoch }
}

/// A seat that does not end by itself in these tests.
const LONG: Micros = 1_000_000;

fn granted(number: u128, epoch: u64) -> What {
    What::Granted { seat: seat(number, epoch), lives_until: LONG }
}

fn renewed(number: u128, epoch: u64) -> What {
    What::Renewed { seat: seat(number, epoch), lives_until: LONG }
}

fn signed_off(number: u128, epoch: u64) -> What {
    What::SignedOff { seat: seat(number, epoch) }
}

fn gone(number: u128, epoch: u64) -> What {
    What::Gone { seat: seat(number, epoch) }
}

const FULL: What = What::Full { in_use: Some(2) };

/// Two seats; each operation with the times of question and answer, 0 for no answer.
fn history(ops: &[(Micros, Micros, What)]) -> History {
    let ops = ops.iter().enumerate().map(|(client, (invoked, returned, what))| {
        let returned = (*returned > 0).then_some(*returned);
        Op { client, invoked: *invoked, returned, what: *what }
    });
    History { seats: 2, ops: ops.collect() }
}

fn accepts(ops: &[(Micros, Micros, What)]) {
    let found = check(&history(ops)).unwrap_or_else(|broken| panic!("{broken}"));
    assert_eq!(found.ops, ops.iter().filter(|op| is_answered(op)).count());
}

fn is_answered((_, returned, what): &(Micros, Micros, What)) -> bool {
    let open = matches!(what, What::MayBeGranted { .. } | What::MayBeReleased { .. });
    *returned > 0 && !open
}

fn rejects(ops: &[(Micros, Micros, What)]) {
    let found = check(&history(ops));
    assert!(found.is_err(), "{found:?}");
}

#[test]
fn two_seats_serve_two() {
    accepts(&[(1, 2, granted(1, 1)), (3, 4, granted(2, 2)), (5, 6, FULL), (7, 8, renewed(1, 1))]);
}

#[test]
fn a_third_grant_is_one_too_many() {
    rejects(&[(1, 2, granted(1, 1)), (3, 4, granted(2, 2)), (5, 6, granted(3, 3))]);
}

#[test]
fn a_seat_that_was_given_back_serves_another() {
    accepts(&[
        (1, 2, granted(1, 1)),
        (3, 4, granted(2, 2)),
        (5, 6, signed_off(1, 1)),
        (7, 8, granted(3, 4)),
        (9, 10, gone(1, 1)),
    ]);
}

#[test]
fn a_sign_off_and_a_grant_at_the_same_time_may_be_in_either_order() {
    let both = [(1, 2, granted(1, 1)), (3, 4, granted(2, 2))];
    accepts(&[both[0], both[1], (5, 8, signed_off(1, 1)), (6, 7, granted(3, 4))]);
    accepts(&[both[0], both[1], (5, 8, signed_off(1, 1)), (6, 7, FULL), (6, 9, granted(3, 4))]);
}

#[test]
fn a_lost_release_is_noticed() {
    rejects(&[
        (1, 2, granted(1, 1)),
        (3, 4, granted(2, 2)),
        (5, 6, signed_off(1, 1)),
        (7, 8, FULL),
    ]);
    rejects(&[(1, 2, granted(1, 1)), (5, 6, signed_off(1, 1)), (7, 8, renewed(1, 1))]);
}

#[test]
fn a_lost_grant_is_noticed() {
    rejects(&[(1, 2, granted(1, 1)), (3, 4, gone(1, 1))]);
}

#[test]
fn a_seat_does_not_come_back() {
    rejects(&[(1, 2, granted(1, 1)), (3, 4, signed_off(1, 1)), (5, 6, granted(1, 3))]);
}

#[test]
fn refused_while_a_seat_is_free_is_noticed() {
    rejects(&[(1, 2, granted(1, 1)), (3, 4, FULL)]);
    rejects(&[(1, 2, granted(1, 1)), (3, 4, What::Full { in_use: None })]);
    rejects(&[(1, 2, granted(1, 1)), (3, 4, What::CheckedFull { in_use: 2 })]);
}

#[test]
fn a_refusal_with_a_wrong_number_is_noticed() {
    let wrong = What::Full { in_use: Some(3) };
    rejects(&[(1, 2, granted(1, 1)), (3, 4, granted(2, 2)), (5, 6, wrong)]);
}

#[test]
fn a_check_passes_only_while_a_seat_is_free() {
    accepts(&[(1, 2, granted(1, 1)), (3, 4, What::Passed), (3, 6, granted(2, 2))]);
    rejects(&[(1, 2, granted(1, 1)), (3, 4, granted(2, 2)), (5, 6, What::Passed)]);
}

#[test]
fn an_older_epoch_is_fenced() {
    accepts(&[(1, 2, granted(1, 1)), (3, 4, granted(1, 2)), (5, 6, gone(1, 1))]);
    rejects(&[(1, 2, granted(1, 1)), (3, 4, granted(1, 2)), (5, 6, renewed(1, 1))]);
    rejects(&[(1, 2, granted(1, 2)), (3, 4, granted(1, 1))]);
}

#[test]
fn epochs_grow_with_the_order() {
    rejects(&[(1, 2, granted(1, 2)), (3, 4, granted(2, 1))]);
    accepts(&[(1, 4, granted(1, 2)), (1, 4, granted(2, 1))]);
}

#[test]
fn a_seat_ends_by_itself_only_after_its_time() {
    let short = What::Granted { seat: seat(1, 1), lives_until: 100 };
    accepts(&[(1, 2, short), (3, 120, gone(1, 1))]);
    rejects(&[(1, 2, short), (3, 90, gone(1, 1))]);
    let longer = What::Renewed { seat: seat(1, 1), lives_until: 150 };
    rejects(&[(1, 2, short), (50, 60, longer), (70, 120, gone(1, 1))]);
    accepts(&[(1, 2, short), (50, 60, longer), (70, 160, gone(1, 1))]);
}

#[test]
fn a_seat_whose_anchor_is_gone_may_end_at_any_time_from_then_on() {
    let gone_anchor = What::MayBeReleased { seat: seat(1, 1) };
    let two = [(1, 2, granted(1, 1)), (3, 4, granted(2, 2))];
    accepts(&[two[0], two[1], (10, 0, gone_anchor), (11, 12, granted(3, 3))]);
    accepts(&[two[0], two[1], (10, 0, gone_anchor), (11, 12, FULL)]);
    rejects(&[two[0], two[1], (10, 0, gone_anchor), (5, 9, granted(3, 3))]);
}

#[test]
fn an_open_sign_on_may_have_taken_a_seat_or_not() {
    let open = What::MayBeGranted { lives_until: LONG };
    accepts(&[(1, 2, granted(1, 1)), (3, 0, open), (5, 6, FULL)]);
    accepts(&[(1, 2, granted(1, 1)), (3, 0, open), (5, 6, granted(2, 2)), (7, 8, FULL)]);
    rejects(&[(1, 2, granted(1, 1)), (7, 0, open), (5, 6, FULL)]);
    rejects(&[(1, 2, granted(1, 1)), (3, 0, open), (5, 6, FULL), (7, 8, granted(2, 2))]);
    let short = What::MayBeGranted { lives_until: 100 };
    accepts(&[(1, 2, granted(1, 1)), (3, 0, short), (5, 6, FULL), (107, 108, granted(2, 2))]);
}

/// A long history of ten clients at two seats is no trouble, and one wrong answer at its end is
/// found in it.
#[test]
fn a_long_history_is_searched_in_no_time() {
    let mut ops = Vec::new();
    for round in 0..2_000u64 {
        let start = round * 100 + 1;
        let (one, two) = (u128::from(round) * 2 + 1, u128::from(round) * 2 + 2);
        let epoch = round * 10 + 1;
        ops.push((start, start + 20, granted(one, epoch)));
        ops.push((start, start + 21, granted(two, epoch + 1)));
        for client in 0..6 {
            ops.push((start + 10 + client, start + 40 + client, FULL));
        }
        let lives = What::Renewed { seat: seat(one, epoch), lives_until: start + LONG };
        ops.push((start + 42, start + 50, lives));
        ops.push((start + 60, start + 80, signed_off(one, epoch)));
        ops.push((start + 60, start + 81, signed_off(two, epoch + 1)));
    }
    accepts(&ops);
    ops.push((300_000, 300_001, FULL));
    rejects(&ops);
}
