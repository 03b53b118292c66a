//! The pool is silent for longer than a lease, and tolerates that people work on.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::link::{Overdraft, SeatClaimEnd};
use hotseat_protocol::view::Offline;

use super::*;
use crate::limits::OVERDRAFT_NOTED_MS;

/// Lucy's tray held a seat, and the pool has been silent until its deadline passed.
fn silent(offline: Offline) -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(with(offline));
    desk.link_down();
    desk.pass(T);
    assert!(!desk.held(), "past its deadline no seat is held, whatever the policy says");
    desk
}

fn with(offline: Offline) -> PoolView {
    PoolView { policy: PolicyView { offline, ..policy() }, ..pool_view() }
}

fn overdrafts(desk: &Desk) -> Vec<Overdraft> {
    let of = |body: &MachineMessage| match body {
        MachineMessage::Overdraft(overdraft) => Some(overdraft.clone()),
        _ => None,
    };
    desk.sent.iter().filter_map(|(_, body)| of(body)).collect()
}

fn works_on(desk: &Desk) -> bool {
    desk.state(&lucy()).works_without_seat(desk.boot_ms)
}

#[test]
fn a_pool_that_says_stop_has_its_people_told_of_the_loss() {
    let mut desk = silent(Offline::Stop);
    assert!(!works_on(&desk));
    assert!(desk.notices().iter().any(|notice| matches!(notice, Notice::Lost { .. })));
    desk.link_up();
    desk.pass(1_000);
    assert_eq!(overdrafts(&desk), []);
}

#[test]
fn people_work_on_without_a_seat_and_the_pool_hears_for_how_long() {
    let mut desk = silent(Offline::Tolerate);
    assert!(works_on(&desk));
    assert!(desk.state(&lucy()).lost.is_none());
    assert_eq!(desk.notices(), Vec::<&Notice>::new());
    assert_eq!(desk.disk.overdrafts.len(), 1, "it is durable from its beginning");
    let began = fence_ms(T);
    desk.pass(600_000);
    desk.link_up();
    assert_eq!(overdrafts(&desk), [], "it is not over yet");
    // The pool was down and counted the seat all the time.
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held() && !works_on(&desk));
    let said = overdrafts(&desk);
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].seat, said[0].pool.clone()), (seat(1, 1), pool()));
    assert_eq!((said[0].lasted_ms.get(), said[0].at_least), (T + 600_000 - began, false));
    let number =
        desk.number_of(|body: &MachineMessage| matches!(body, MachineMessage::Overdraft(_)));
    desk.answer(number, PoolAnswer::Done);
    assert!(desk.disk.overdrafts.is_empty());
}

#[test]
fn a_seat_that_is_gone_after_all_is_told_as_lost_and_reported() {
    let mut desk = silent(Offline::Tolerate);
    desk.link_up();
    let gone = SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::LeaseExpired)) };
    desk.renewed(Renewed { ended: vec![gone], ..Renewed::default() });
    assert!(!works_on(&desk));
    assert!(desk.notices().iter().any(|notice| matches!(notice, Notice::Lost { .. })));
    assert_eq!(overdrafts(&desk).len(), 1);
}

#[test]
fn a_report_is_repeated_on_each_link_until_it_is_answered_also_by_the_next_broker() {
    let mut desk = silent(Offline::Tolerate);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.link_up();
    assert_eq!(overdrafts(&desk).len(), 1);
    desk.link_down();
    desk.link_up();
    assert_eq!(overdrafts(&desk).len(), 1);
    let mut desk = desk.restart(Boot::Another);
    desk.link_up();
    assert_eq!(overdrafts(&desk).len(), 1);
}

const GRACE: Boot = Boot::Same { grace_ms: RESTART_GRACE_MS };

#[test]
fn a_broker_that_was_killed_in_the_same_boot_goes_on_counting() {
    let mut desk = silent(Offline::Tolerate);
    desk.pass(30_000);
    let mut desk = desk.restart(GRACE);
    desk.open(TRAY, Role::Tray, lucy());
    desk.pass(300_000);
    desk.link_up();
    desk.show(with(Offline::Tolerate));
    assert!(works_on(&desk), "the pool has not answered yet");
    assert_eq!(overdrafts(&desk), []);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    let said = overdrafts(&desk);
    assert_eq!(said.len(), 1);
    assert!(!said[0].at_least);
    assert_eq!(said[0].lasted_ms.get(), T + 30_000 + 1_000 + 300_000 - fence_ms(T));
}

#[test]
fn work_for_which_nobody_came_back_ended_with_the_seat() {
    let mut desk = silent(Offline::Tolerate).restart(GRACE);
    desk.pass(RESTART_GRACE_MS);
    desk.link_up();
    let said = overdrafts(&desk);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].lasted_ms.get(), T + 1_000 + RESTART_GRACE_MS - fence_ms(T));
}

#[test]
fn a_machine_that_went_down_meanwhile_says_for_how_long_at_least() {
    let mut desk = silent(Offline::Tolerate);
    desk.pass(600_000);
    let mut desk = desk.restart(Boot::Another);
    desk.link_up();
    let said = overdrafts(&desk);
    assert_eq!(said.len(), 1);
    assert!(said[0].at_least, "{said:?}");
    let true_length = T + 600_000 - fence_ms(T);
    let noted = true_length - OVERDRAFT_NOTED_MS..=true_length;
    assert!(noted.contains(&said[0].lasted_ms.get()), "{said:?}");
}

#[test]
fn the_core_asks_to_be_called_when_the_length_is_to_be_noted_again() {
    let desk = silent(Offline::Tolerate);
    let began = desk.seats_of(&lucy())[0].deadline_boot_ms;
    assert_eq!(next_deadline(&desk.core), Some(began + OVERDRAFT_NOTED_MS));
}
