//! Seats that end, or seem to: what is believed and told at the very edge, and of which seat.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::link::SeatClaimEnd;

use super::*;

fn cad() -> PoolId {
    PoolId::new("cad").unwrap()
}

/// A machine whose pool server has a second pool.
fn with_two_pools() -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let pools = [pool_view(), PoolView { id: cad(), name: "Other".into(), ..pool_view() }];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk
}

fn sign_on_to_cad(desk: &mut Desk, connection: ConnectionId, id: u128) -> u64 {
    let request = request(id);
    desk.ask(connection, Request::SignOn { request, pool: cad(), client: None, wait: None })
}

/// The pool shows that a seat is gone.
fn is_gone(desk: &mut Desk, seat: SeatRef, reason: ReleaseReason) {
    desk.frame(FromPool::Changed {
        push: 2,
        previous: 1,
        position: JournalPosition { generation: 7, seq: Seq(2) },
        items: vec![Projected::SeatEnded { seat, end: end(reason) }],
    });
}

fn lost_in(desk: &Desk) -> Vec<PoolId> {
    let lost = desk.notices().into_iter().filter_map(|notice| match notice {
        Notice::Lost { pool, .. } => Some(pool.clone()),
        _ => None,
    });
    lost.collect()
}

fn back_in(desk: &Desk) -> Vec<PoolId> {
    let back = desk.notices().into_iter().filter_map(|notice| match notice {
        Notice::PoolReachable { pool } => Some(pool.clone()),
        _ => None,
    });
    back.collect()
}

#[test]
fn at_its_very_deadline_a_seat_is_no_answer_to_a_sign_on() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let asked = desk.messages(is_sign_on);
    desk.pass(fence_ms(T) - 1);
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), asked, "it is held");
    desk.pass(1);
    desk.sign_on(TRAY, 3);
    assert_eq!(desk.messages(is_sign_on), asked + 1);
}

#[test]
fn a_seat_that_is_taken_back_or_doubted_is_no_answer_to_a_sign_on() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let asked = desk.messages(is_sign_on);
    desk.pass(30_000);
    let leaving = vec![SeatClaimEnd { seat: seat(1, 1), end: None }];
    desk.renewed(Renewed { leaving, ..Renewed::default() });
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), asked + 1, "taken back");

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.wall_ms += 10_000;
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), asked + 1, "the machine stood still");
}

#[test]
fn what_is_said_of_an_older_epoch_takes_nothing_back_and_nothing_is_taken_back_twice() {
    let mut desk = Desk::with_tray_holding(seat(1, 2));
    let leaving = |epoch| {
        let leaving = vec![SeatClaimEnd { seat: seat(1, epoch), end: None }];
        Renewed { leaving, ..Renewed::default() }
    };
    desk.pass(30_000);
    desk.renewed(leaving(1));
    assert!(desk.held());
    for _ in 0..2 {
        desk.pass(30_000);
        desk.renewed(leaving(2));
    }
    assert!(!desk.held());
    assert!(matches!(desk.notices()[..], [Notice::Reclaimed { .. }]), "{:?}", desk.notices());
    // Past its deadline it is not lost once more.
    desk.link_down();
    desk.pass(T);
    assert_eq!(desk.notices().len(), 1, "{:?}", desk.notices());
}

#[test]
fn a_seat_that_comes_back_takes_no_other_loss_off_the_screen() {
    let mut desk = with_two_pools();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    is_gone(&mut desk, seat(2, 1), ReleaseReason::Reclaimed);
    assert!(desk.state(&lucy()).lost.is_some());
    desk.pass(30_000);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held() && desk.state(&lucy()).lost.is_some(), "the process has none");
}

#[test]
fn an_answer_that_comes_when_its_lease_is_over_brings_nothing_back() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(60_000);
    let asked_at = desk.boot_ms;
    desk.pass(20_429);
    assert!(!desk.held() && desk.state(&lucy()).lost.is_some());
    // Just so much was left of the lease that it ends in this moment.
    let took = desk.boot_ms - asked_at;
    let left = (0..T).find(|left| fence_ms(*left) == took).expect("some lease");
    desk.renewal_answered(&[(seat(1, 1), left)]);
    assert!(!desk.held());
    assert!(desk.state(&lucy()).lost.is_some(), "it is not back");
    assert_eq!(lost_in(&desk).len(), 1, "nor lost once more");
}

#[test]
fn a_superseded_seat_is_lost_unless_the_same_person_asks_in_the_same_pool() {
    for asks in [None, Some((RUN, false)), Some((OTHER, false)), Some((RUN, true))] {
        let mut desk = with_two_pools();
        desk.open(RUN, Role::Run, lucy());
        desk.open(OTHER, Role::Run, bill());
        match asks {
            Some((RUN, true)) => drop(sign_on_to_cad(&mut desk, RUN, 2)),
            Some((connection, _)) => drop(desk.sign_on(connection, 2)),
            None => {}
        }
        desk.pass(10_000);
        is_gone(&mut desk, seat(1, 1), ReleaseReason::Superseded);
        let replaced = asks == Some((RUN, false));
        assert_eq!(lost_in(&desk).is_empty(), replaced, "{asks:?}");
    }
}

#[test]
fn a_seat_that_she_gave_back_elsewhere_is_gone_without_a_word() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    is_gone(&mut desk, seat(1, 1), ReleaseReason::SignedOffByTheUser);
    assert!(!desk.held());
    assert_eq!(desk.notices(), Vec::<&Notice>::new());
}

#[test]
fn a_loss_that_was_told_is_not_told_again_when_the_pool_confirms_it() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.pass(T);
    assert_eq!(lost_in(&desk).len(), 1);
    desk.link_up();
    is_gone(&mut desk, seat(1, 1), ReleaseReason::LeaseExpired);
    assert_eq!(lost_in(&desk).len(), 1);
}

#[test]
fn after_an_outage_people_hear_of_the_seats_that_they_kept_and_of_no_other() {
    // What the pool says of the other seat: nothing, or that hardly any of its lease is left.
    for other in [None, Some(500)] {
        let mut desk = with_two_pools();
        sign_on_to_cad(&mut desk, TRAY, 2);
        desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
        desk.renewal_answered(&[(seat(1, 1), T), (seat(2, 1), T)]);
        desk.pass(1_000);
        desk.link_down();
        desk.pass(if other.is_none() { 30_000 } else { T });
        desk.link_up();
        let mut left = vec![(seat(1, 1), T)];
        left.extend(other.map(|left_ms| (seat(2, 1), left_ms)));
        desk.renewal_answered(&left);
        assert_eq!(back_in(&desk), [pool()], "{other:?}");
    }
}

#[test]
fn a_seat_of_which_this_machine_knows_nothing_is_let_go_once() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let leaving = vec![SeatClaimEnd { seat: seat(9, 1), end: None }];
    for _ in 0..2 {
        desk.pass(30_000);
        desk.renewed(Renewed { leaving: leaving.clone(), ..Renewed::default() });
    }
    assert_eq!(desk.sign_offs(), [(seat(9, 1), ReleaseReason::NobodyTookIt)]);
    assert!(!desk.state(&lucy()).seats.iter().any(|own| own.id == seat(9, 1).id));
}
