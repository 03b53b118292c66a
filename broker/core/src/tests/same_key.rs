//! Which sign-ons, seats and cancels are about one key, and which are not.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::*;

fn cad() -> PoolId {
    PoolId::new("cad").unwrap()
}

fn asked_of(desk: &Desk) -> Vec<RequestId> {
    let asked = desk.sent.iter().filter_map(|(_, body)| match body {
        MachineMessage::SignOn(sign_on) => Some(sign_on.request),
        _ => None,
    });
    asked.collect()
}

/// Lucy's tray holds a seat; her machine knows a second pool.
fn with_two_pools() -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let pools = [pool_view(), PoolView { id: cad(), name: "Other".into(), ..pool_view() }];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk
}

fn wants(desk: &mut Desk, connection: ConnectionId, id: u128, pool: PoolId, client: &str) -> u64 {
    let client = Some(ClientName::new(client).unwrap());
    let request = request(id);
    desk.ask(connection, Request::SignOn { request, pool, client, wait: None })
}

#[test]
fn what_is_given_up_of_another_key_is_cancelled_and_costs_no_seat() {
    let others = [(TRAY, cad(), "network"), (TRAY, pool(), "web"), (RUN, pool(), "network")];
    for (connection, of, client) in others {
        let mut desk = with_two_pools();
        desk.open(RUN, Role::Run, lucy());
        let asked = desk.messages(is_sign_on);
        let id = wants(&mut desk, connection, 2, of.clone(), client);
        assert_eq!(desk.messages(is_sign_on), asked + 1, "{of} {client}: that is no seat of hers");
        desk.pass(ANSWER_LIMIT_MS);
        assert_eq!(desk.problem(id), Some(Code::PoolUnreachable));
        assert_eq!((desk.messages(is_cancel), desk.sign_offs()), (1, vec![]), "{of} {client}");
        assert!(desk.held());
    }
}

#[test]
fn when_the_first_of_a_key_brings_the_seat_the_rest_are_answered_and_other_keys_wait_on() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(RUN, Role::Run, lucy());
    let asks = [(TRAY, 1), (TRAY, 2), (RUN, 3), (RUN, 4), (TRAY, 5)];
    let ids = asks.map(|(connection, id)| desk.sign_on(connection, id));
    assert_eq!(asked_of(&desk), [request(1), request(3)]);
    let first = desk.sent.iter().find(|(_, body)| is_sign_on(body)).unwrap().0;
    desk.answer(desk.number_of(is_sign_on), failed());
    // The answer comes in the same moment in which the process's sign-on is due again.
    desk.boot_ms += 1_000;
    desk.wall_ms += 1_000;
    desk.answer(first, granted(seat(1, 1), T));
    assert_eq!(asked_of(&desk), [request(1), request(3), request(3)]);
    let seated = |id: u64| {
        matches!(desk.reply(id), Some(Reply::Outcome { outcome: Outcome::Seat { .. }, .. }))
    };
    assert_eq!(ids.map(seated), [true, true, false, false, true]);
}

#[test]
fn before_the_pool_was_shown_any_name_of_one_is_tried_and_afterwards_only_those() {
    let mut desk = Desk::without_link();
    desk.open(RUN, Role::Run, lucy());
    desk.link = LinkId(1);
    let position = JournalPosition { generation: 7, seq: Seq(1) };
    desk.input(Input::LinkUp { link: LinkId(1), lease_ms: T, position });
    wants(&mut desk, RUN, 1, cad(), "network");
    assert_eq!(desk.messages(is_sign_on), 1);
    desk.show(pool_view());
    let id = wants(&mut desk, RUN, 2, cad(), "network");
    assert_eq!(desk.problem(id), Some(Code::NotFound));
}

#[test]
fn a_request_that_a_process_left_is_taken_up_by_a_process_and_by_no_window() {
    for (role, taken_up) in [(Role::Cli, false), (Role::Run, true)] {
        let mut desk = Desk::new();
        desk.open(RUN, Role::Run, lucy());
        desk.sign_on(RUN, 1);
        let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
        desk.link_up();
        desk.open(OTHER, role, lucy());
        desk.sign_on(OTHER, 1);
        desk.pass(RESTART_GRACE_MS);
        assert_eq!(desk.messages(is_cancel), usize::from(!taken_up), "{role:?}");
    }
}

#[test]
fn a_seat_that_was_left_and_not_confirmed_yet_is_no_answer_to_its_request() {
    let desk = Desk::with_tray_holding(seat(1, 1));
    let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    desk.link_up();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    assert_eq!(desk.reply(id), None);
    assert_eq!(asked_of(&desk), [request(1)]);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    assert!(desk.held() && desk.reply(id).is_some());
}

#[test]
fn a_sign_on_of_somebody_who_is_there_is_asked_again_when_leftovers_are_void() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    desk.link_down();
    desk.input(Input::LeftoversVoid);
    desk.link_up();
    assert_eq!((asked_of(&desk), desk.reply(id)), (vec![request(1)], None));
}

#[test]
fn a_sign_on_that_waits_for_a_cancel_calls_the_core_for_nothing_else() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.open(OTHER, Role::Run, lucy());
    desk.sign_on(RUN, 1);
    desk.close(RUN);
    desk.sign_on(OTHER, 2);
    assert_eq!(asked_of(&desk), [request(1)]);
    desk.pass(10_000);
    desk.answer(desk.number_of(is_cancel), PoolAnswer::Done);
    assert_eq!(asked_of(&desk), [request(1), request(2)]);
}

#[test]
fn whoever_logs_in_as_somebody_else_is_not_asked_for_in_the_name_of_before() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    desk.answer(desk.number_of(is_sign_on), failed());
    desk.ask(TRAY, log_in_as("olaf@finance.example"));
    let SavedAccount { token, user, expires_at } = account("olaf", 3);
    let number = desk.number_of(|body| matches!(body, MachineMessage::LogIn { .. }));
    desk.answer(number, PoolAnswer::LoggedIn { token, user, expires_at });
    desk.pass(5_000);
    assert_eq!(asked_of(&desk), [request(1)], "not again");
    assert_eq!(desk.messages(is_cancel), 1);
}

#[test]
fn of_one_key_the_sign_on_that_came_first_is_asked_first_on_a_new_link_too() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    for id in [2, 1, 3] {
        desk.sign_on(TRAY, id);
    }
    assert_eq!(asked_of(&desk), [request(2)]);
    desk.link_down();
    desk.link_up();
    assert_eq!(asked_of(&desk), [request(2)]);
    desk.answer(desk.number_of(is_sign_on), failed());
    desk.pass(1_000);
    assert_eq!(asked_of(&desk), [request(2), request(2)]);
}

#[test]
fn a_process_that_asks_again_for_its_seat_gets_a_new_key_and_the_old_one_opens_nothing() {
    let key_of = |desk: &Desk, id: u64| match desk.reply(id) {
        Some(Reply::Outcome { resume, outcome: Outcome::Seat { .. }, .. }) => resume.clone(),
        other => panic!("{other:?}"),
    };
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let id = desk.sign_on(TRAY, 1);
    assert_eq!(key_of(&desk, id), None, "a session needs none");
    desk.open(RUN, Role::Run, lucy());
    let id = desk.sign_on(RUN, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    let first = key_of(&desk, id).unwrap();
    let id = desk.sign_on(RUN, 2);
    let second = key_of(&desk, id).unwrap();
    let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    desk.link_up();
    desk.open_with(OTHER, Role::Run, lucy(), vec![first]);
    desk.open_with(RUN, Role::Run, lucy(), vec![second]);
    desk.close(OTHER);
    assert_eq!(desk.sign_offs(), []);
    desk.close(RUN);
    assert_eq!(desk.sign_offs(), [(seat(2, 1), ReleaseReason::ApplicationExited)]);
}

#[test]
fn a_cancel_in_one_pool_holds_up_nobody_in_another_nor_anybody_else_in_the_same() {
    let mut desk = with_two_pools();
    desk.open(RUN, Role::Run, lucy());
    desk.open(OTHER, Role::Run, bill());
    desk.open(CLI, Role::Run, lucy());
    wants(&mut desk, RUN, 2, cad(), "network");
    desk.close(RUN);
    let asked = desk.messages(is_sign_on);
    wants(&mut desk, CLI, 3, pool(), "network");
    wants(&mut desk, OTHER, 4, cad(), "network");
    assert_eq!(desk.messages(is_sign_on), asked + 2);
}

#[test]
fn what_is_kept_of_a_key_is_named_in_a_log_but_not_shown() {
    assert_eq!(format!("{:?}", KeyHash([7; 32])), "KeyHash(…)");
}
