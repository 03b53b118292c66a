//! Questions that one message to the pool answers, and which of them wait for one another.

use alloc::boxed::Box;

use super::*;

fn check(desk: &mut Desk, id: u128) -> u64 {
    let client = ClientName::new("mobile").unwrap();
    let check = Request::Check { request: request(id), pool: pool(), client, operation: None };
    desk.ask(TRAY, check)
}

fn is_check(body: &MachineMessage) -> bool {
    matches!(body, MachineMessage::Check { .. })
}

#[test]
fn a_check_that_stays_unanswered_is_given_up_and_a_late_answer_says_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let id = check(&mut desk, 7);
    desk.pass(ANSWER_LIMIT_MS - 1);
    assert!(desk.reply(id).is_none());
    desk.pass(1);
    assert!(desk.problem(id).is_some());
    let told = desk.replies.len();
    desk.answer(desk.number_of(is_check), failed());
    assert_eq!(desk.replies.len(), told);
}

#[test]
fn a_check_under_way_ends_with_the_link_and_is_not_repeated() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let id = check(&mut desk, 7);
    desk.link_down();
    assert_eq!(desk.problem(id), Some(Code::PoolUnreachable));
    desk.link_up();
    assert_eq!(desk.messages(is_check), 0);
}

#[test]
fn sign_ons_to_two_pools_do_not_wait_for_one_another() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let other = PoolId::new("cad").unwrap();
    let second = PoolView { id: other.clone(), ..pool_view() };
    let shown = [pool_view(), second].map(|pool| Projected::Pool { pool: Box::new(pool) });
    desk.snapshot(shown.to_vec());
    desk.sign_on(TRAY, 1);
    desk.ask(TRAY, Request::SignOn { request: request(2), pool: other, client: None, wait: None });
    assert_eq!(desk.messages(is_sign_on), 2);
}
