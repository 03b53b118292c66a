//! The machine is enrolled, or enrolled anew, while the broker runs.

use alloc::borrow::ToOwned;

use hotseat_protocol::ipc::LinkState;

use super::*;

const NEW: &str = "https://new.example";

fn enrolled(desk: &mut Desk) {
    desk.input(Input::Enrolled { server_url: NEW.to_owned() });
}

fn took_up(desk: &Desk) -> usize {
    desk.others.iter().filter(|effect| **effect == Effect::TakeUpEnrolment).count()
}

#[test]
fn a_first_enrolment_takes_effect_at_once() {
    let settings = Settings { server_url: None, ..settings() };
    let mut desk = Desk::start_with(settings, Saved::default(), Boot::Another, 1_000);
    desk.open(TRAY, Role::Tray, lucy());
    desk.ask(TRAY, Request::Subscribe);
    assert_eq!(desk.core.view(&lucy()).link, LinkState::NotEnrolled);
    enrolled(&mut desk);
    assert_eq!(took_up(&desk), 1);
    let down = LinkState::Down { since: None, cause: None };
    assert_eq!(desk.core.view(&lucy()).link, down);
    desk.link_up();
    assert_eq!(desk.core.view(&lucy()).link, LinkState::Up);
    let id = desk.ask(TRAY, Request::Doctor);
    let Some(Reply::Health { health }) = desk.reply(id) else { panic!() };
    assert_eq!(health.server_url.as_deref(), Some(NEW));
}

#[test]
fn everybody_is_signed_off_with_the_pool_server_of_before_first() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    enrolled(&mut desk);
    assert!(!desk.held());
    assert_eq!(took_up(&desk), 0, "the pool has not answered yet");
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::BrokerStopped)]);
    let id = desk.sign_on(TRAY, 9);
    assert_eq!(desk.problem(id), Some(Code::Unavailable), "not between two enrolments");
    desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
    assert_eq!(took_up(&desk), 1);
}

#[test]
fn a_pool_server_of_before_that_does_not_answer_is_waited_for_within_the_budget() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    enrolled(&mut desk);
    desk.pass(ENDING_BUDGET_MS - 1);
    assert_eq!(took_up(&desk), 0);
    desk.pass(1);
    assert_eq!(took_up(&desk), 1);
    // Seat, sign-off and log-ins of before mean nothing to the new one.
    assert_eq!(desk.disk, Saved::default());
    desk.link_up();
    desk.pass(60_000);
    assert_eq!(desk.messages(|body| !is_renewal(body)), 0, "{:?}", desk.sent);
    let id = desk.sign_on(TRAY, 9);
    assert_eq!(desk.problem(id), Some(Code::NotLoggedIn));
}

#[test]
fn whoever_waits_for_an_acknowledgement_gets_it() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.disk_works = Some(false);
    let id = desk.ask(TRAY, Request::SignOff { pool: None });
    assert_eq!(desk.reply(id), None, "it waits for the pool");
    enrolled(&mut desk);
    desk.pass(ENDING_BUDGET_MS);
    assert!(matches!(desk.reply(id), Some(Reply::SignedOff { .. })));
}

#[test]
fn a_frame_of_the_link_of_before_changes_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    enrolled(&mut desk);
    desk.pass(ENDING_BUDGET_MS);
    desk.show(pool_view());
    assert_eq!(desk.core.view(&lucy()).pools, []);
}
