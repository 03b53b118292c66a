//! Batches, time and pauses, on a good disk.

use std::time::Duration;

use hotseat_rules::{Answer, Event, RefusalCode};

use super::office::{check, machine, renew, renew_idle, sign_off, sign_on, wait};
use super::{Driver, refused, seat};
use crate::engine::{Input, Output, Reply, Turn, Work};

const T: Duration = Duration::from_secs(90);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn what_is_received_together_is_appended_together_and_answered_after_the_commit() {
    let mut driver = Driver::new();
    let (first, a) = driver.ticket(Work::Command(sign_on(1, 1)));
    let (second, b) = driver.ticket(Work::Command(sign_on(2, 2)));
    let (third, c) = driver.ticket(Work::Command(sign_on(3, 3)));
    let (fourth, d) = driver.ticket(Work::Command(check(3, 4)));
    let (repeat, e) = driver.ticket(Work::Command(sign_on(1, 1)));
    driver.step(vec![a, b, c, d, e]);
    assert_eq!(driver.pending.len(), 1);
    let Some(Output::Append { batch, .. }) = driver.pending.front() else { panic!("no append") };
    assert_eq!(batch.len(), 4, "two grants, two refusals; the repeat writes nothing");

    // What is received meanwhile waits, and nobody is answered, refused or not.
    let late = driver.ask(check(4, 5));
    assert!(driver.replies.is_empty());
    assert_eq!(driver.committed().counts(&super::office::pool()).in_use, 0);

    driver.run();
    assert!(seat(&driver.replies[&first]).is_some());
    assert!(seat(&driver.replies[&second]).is_some());
    assert_eq!(seat(&driver.replies[&repeat]), seat(&driver.replies[&first]));
    for ticket in [third, fourth, late] {
        let refused = refused(&driver.replies[&ticket]).unwrap();
        assert_eq!(refused.code, RefusalCode::PoolFull);
        assert_eq!((refused.facts.in_use, refused.facts.seats), (2, 2));
    }
    driver.audit();
}

#[test]
fn facts_are_told_in_the_order_of_the_journal() {
    let mut driver = Driver::new();
    driver.facts.clear();
    let first = driver.answer(sign_on(1, 1));
    driver.answer(sign_off(1, seat(&first).unwrap()));
    driver.answer(sign_on(2, 2));
    let told: Vec<u64> = driver.facts.iter().map(|fact| fact.record.seq.0).collect();
    let newest = driver.committed().seq().0;
    assert_eq!(told, [newest - 2, newest - 1, newest]);
}

#[test]
fn who_does_not_renew_loses_the_seat_to_the_one_who_waits() {
    let mut driver = Driver::new();
    let lost = seat(&driver.answer(sign_on(1, 1))).unwrap();
    let kept = seat(&driver.answer(sign_on(2, 2))).unwrap();
    driver.step(vec![Input::Connected(machine(3))]);
    driver.answer(wait(3, 3));
    // Past the first T, in which nobody is passed over; machine 3 keeps its place.
    for _ in 0..6 {
        driver.wait(secs(20));
        let renewal = super::office::renew(2, &[kept]);
        let (_, kept_input) = driver.ticket(renewal);
        let place = hotseat_rules::Renewal {
            waiting: vec![hotseat_protocol::ids::RequestId::from_random(3)],
            ..Default::default()
        };
        let (_, place_input) = driver.ticket(Work::Renew { machine: machine(3), renewal: place });
        driver.step(vec![kept_input, place_input]);
        driver.run();
    }
    assert!(driver.committed().seat(lost.id).is_none());
    assert!(driver.committed().seat(kept.id).is_some());
    let place = driver.committed().places().next().expect("the waiter waits");
    assert!(place.offer.is_some(), "the freed seat is offered");
    driver.audit();
}

#[test]
fn a_renewal_that_was_received_goes_before_any_expiry() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.wait(T - secs(1));
    // The lease is over in this very turn, and the renewal is among what was received.
    driver.now = driver.now + secs(2);
    let (ticket, renewal) = driver.ticket(renew(1, &[held]));
    driver.step(vec![renewal]);
    driver.run();
    let Some(Reply::Renewed(answer)) = driver.replies.get(&ticket) else { panic!("no answer") };
    assert_eq!(answer.renewed.len(), 1);
    assert_eq!(answer.renewed[0].left, T);
    assert!(driver.committed().seat(held.id).is_some());
}

#[test]
fn nothing_ends_that_ends_after_what_was_heard() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1))).unwrap();
    let granted = driver.now;
    driver.wait(T - secs(1));
    // More is waiting than could be handed in; the first of it was received before the end.
    driver.now = driver.now + secs(1);
    let heard_until = granted + (T - Duration::from_millis(1));
    driver.step_at(Turn { heard_until, ..driver.turn() }, Vec::new());
    assert!(driver.pending.is_empty(), "a renewal may be among what waits");
    driver.step(Vec::new());
    driver.run();
    assert!(driver.committed().seat(held.id).is_none());
}

#[test]
fn a_pause_takes_no_time_from_anybody() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.wait(T - secs(10));
    // Stopped for an hour; what was sent meanwhile was not even read.
    driver.now = driver.now + secs(3600);
    driver.step(Vec::new());
    driver.run();
    assert!(driver.committed().seat(held.id).is_some());
    driver.wait(secs(9));
    assert!(driver.committed().seat(held.id).is_some(), "ten seconds were left");
    driver.wait(secs(2));
    assert!(driver.committed().seat(held.id).is_none());
}

#[test]
fn the_wall_clock_decides_nothing() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1))).unwrap();
    for unix_ms in [0, i64::MAX, -5] {
        let wall = hotseat_protocol::ids::WallTime { unix_ms };
        driver.step_at(Turn { wall, ..driver.turn() }, Vec::new());
        driver.run();
    }
    assert!(driver.committed().seat(held.id).is_some());
    assert!(
        !driver.facts.iter().any(|fact| matches!(fact.record.event, Event::SeatReleased { .. }))
    );
}

#[test]
fn the_engine_asks_to_be_called_at_the_next_end_and_often_enough_to_notice_a_pause() {
    let mut driver = Driver::new();
    driver.answer(sign_on(1, 1));
    assert!(driver.engine.next_step() <= driver.now + secs(1));
    driver.wait(T - Duration::from_millis(250));
    assert_eq!(driver.engine.next_step(), driver.now + Duration::from_millis(250));
}

#[test]
fn the_longest_idle_holder_is_told_once_that_the_seat_is_wanted() {
    let mut driver = Driver::new();
    let lucy = seat(&driver.answer(sign_on(1, 1))).unwrap();
    let bill = seat(&driver.answer(sign_on(2, 2))).unwrap();
    for n in 1..=3 {
        driver.step(vec![Input::Connected(machine(n))]);
    }
    let (_, idle) = driver.ticket(renew_idle(1, lucy, secs(26 * 60)));
    let (_, busy) = driver.ticket(renew_idle(2, bill, secs(5)));
    driver.step(vec![idle, busy]);
    driver.wait(secs(3));
    assert!(driver.wanted.is_empty(), "nobody waits");
    driver.answer(wait(3, 3));
    driver.wait(secs(10));
    let told: Vec<_> = driver.wanted.iter().map(|pick| (pick.seat, pick.machine)).collect();
    assert_eq!(told, [(lucy, machine(1))]);
    // A new link has not heard it.
    driver.step(vec![Input::Disconnected(machine(1)), Input::Connected(machine(1))]);
    driver.wait(secs(1));
    assert_eq!(driver.wanted.len(), 2);
}

#[test]
fn a_check_passes_without_the_journal() {
    let mut driver = Driver::new();
    let ticket = driver.ask(check(1, 1));
    assert_eq!(driver.replies[&ticket], Reply::Answered(Ok(Answer::Passed)));
    assert!(driver.pending.is_empty());
}
