//! Sessions and their trays: what ends with them, what does not, and who hears of it.

use alloc::vec;

use super::*;

fn session(user: OsUser, name: &str) -> SessionKey {
    SessionKey { user, name: name.into() }
}

fn open_in(desk: &mut Desk, connection: ConnectionId, role: Role, key: SessionKey, watched: bool) {
    let hello = Hello {
        version: PROTOCOL_VERSION,
        program: "test".into(),
        role,
        display: None,
        resume: vec![],
    };
    let caller = Caller { session: key, watched };
    desk.input(Input::Opened { connection, caller, hello, fresh: u128::from(connection.0) });
}

fn welcomed(desk: &Desk, connection: ConnectionId) -> bool {
    let welcome = |frame: &FromBroker| matches!(frame, FromBroker::Welcome { .. });
    desk.pushes.iter().any(|(to, frame)| *to == connection && welcome(frame))
}

fn refused(desk: &Desk, connection: ConnectionId) -> Option<Code> {
    desk.others.iter().find_map(|effect| match effect {
        Effect::Disconnect { connection: of, problem } if *of == connection => Some(problem.code),
        _ => None,
    })
}

#[test]
fn after_its_goodbye_a_tray_makes_room_for_the_next_one() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::Goodbye);
    desk.open(CLI, Role::Tray, lucy());
    assert!(welcomed(&desk, CLI), "{:?}", desk.others);
    // The end of the first one's connection is no loss of the second.
    desk.sign_on(CLI, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    desk.close(TRAY);
    desk.pass(10_000);
    assert!(desk.held());
    desk.open(RUN, Role::Tray, lucy());
    assert_eq!(refused(&desk, RUN), Some(Code::AlreadyRunning));
}

#[test]
fn what_a_tray_knew_of_its_person_goes_with_it_but_not_what_the_os_says() {
    let idle_s = |desk: &mut Desk| {
        let id = desk.ask(CLI, Request::Doctor);
        let Some(Reply::Health { health }) = desk.reply(id) else { panic!() };
        health.idle_s
    };
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(CLI, Role::Cli, lucy());
    desk.input(Input::Idle { connection: TRAY, idle_s: Some(60), locked: true });
    assert_eq!(idle_s(&mut desk), Some(60));
    desk.close(TRAY);
    assert_eq!(idle_s(&mut desk), None);
    let lock = |name: &str| Input::Os(OsEvent::Locked { name: name.into(), locked: true });
    desk.input(lock("uid 1001"));
    assert_eq!(idle_s(&mut desk), None, "that is Bill's session");
    desk.input(lock("uid 1000"));
    desk.pass(7_000);
    desk.open(TRAY, Role::Tray, lucy());
    assert_eq!(idle_s(&mut desk), Some(7));
    desk.ask(TRAY, Request::Goodbye);
    assert_eq!(idle_s(&mut desk), Some(7), "still locked");
}

#[test]
fn a_log_out_ends_what_hangs_on_that_session_and_leaves_the_others_as_they_are() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(OTHER, Role::Tray, bill());
    desk.sign_on(OTHER, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    desk.input(Input::Os(OsEvent::SessionEnded { name: "uid 1001".into() }));
    assert_eq!(desk.sign_offs(), [(seat(2, 1), ReleaseReason::LoggedOut)]);
    assert!(desk.held());
    // Lucy's session still has its tray, Bill's has none any more.
    desk.open(CLI, Role::Tray, lucy());
    desk.open(RUN, Role::Tray, bill());
    assert_eq!((refused(&desk, CLI), refused(&desk, RUN)), (Some(Code::AlreadyRunning), None));
}

#[test]
fn a_command_never_hangs_on_another_users_tray() {
    let mut desk = Desk::new();
    desk.open(OTHER, Role::Tray, bill());
    open_in(&mut desk, CLI, Role::Cli, session(lucy(), "ssh"), false);
    let id = desk.sign_on(CLI, 1);
    assert_eq!(desk.problem(id), Some(Code::NoSession));
    let id = desk.ask(CLI, Request::OpenWindow);
    assert_eq!(desk.problem(id), Some(Code::NoSession));
}

#[test]
fn a_session_of_which_the_os_tells_the_end_stays_one_whoever_else_is_in_it() {
    let mut desk = Desk::new();
    let key = session(lucy(), "c2");
    open_in(&mut desk, CLI, Role::Cli, key.clone(), true);
    // What a program that the OS does not know says of the session takes nothing back.
    open_in(&mut desk, RUN, Role::Cli, key, false);
    desk.sign_on(RUN, 1);
    assert_eq!(desk.messages(is_sign_on), 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    desk.input(Input::Os(OsEvent::SessionEnded { name: "c2".into() }));
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::LoggedOut)]);
}

#[test]
fn news_of_a_seat_goes_to_the_tray_of_its_session_and_to_no_other_tray() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    open_in(&mut desk, OTHER, Role::Tray, session(lucy(), "c2"), true);
    desk.open(CLI, Role::Window, lucy());
    desk.open(RUN, Role::Window, bill());
    for listener in [OTHER, CLI, RUN] {
        desk.ask(listener, Request::Subscribe);
    }
    desk.link_down();
    desk.pass(T);
    let hears = |listener: ConnectionId| {
        let news = |frame: &FromBroker| matches!(frame, FromBroker::Notice { .. });
        desk.pushes.iter().any(|(to, frame)| *to == listener && news(frame))
    };
    assert_eq!([TRAY, OTHER, CLI, RUN].map(hears), [true, false, true, false]);
}

#[test]
fn a_lost_tray_costs_its_own_seats_only() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    open_in(&mut desk, OTHER, Role::Tray, session(lucy(), "c2"), true);
    desk.sign_on(OTHER, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    desk.close(TRAY);
    desk.pass(10_000);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::TrayLost)]);
    assert_eq!(desk.seats_of(&lucy()).len(), 1);
}

#[test]
fn a_tray_of_another_session_brings_nothing_of_this_one_back_after_a_restart() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let client = Some(ClientName::new("web").unwrap());
    let sign_on = Request::SignOn { request: request(2), pool: pool(), client, wait: None };
    desk.ask(TRAY, sign_on);
    desk.link_down();
    let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    desk.link_up();
    open_in(&mut desk, OTHER, Role::Tray, session(lucy(), "c2"), true);
    desk.pass(RESTART_GRACE_MS);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::BrokerRestarted)]);
    assert_eq!(desk.messages(is_cancel), 1, "nor the sign-on that was under way");
}

#[test]
fn a_second_process_with_the_same_key_does_not_take_the_seat_of_the_first() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    let id = desk.sign_on(RUN, 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    let Some(Reply::Outcome { resume: Some(key), .. }) = desk.reply(id) else { panic!() };
    let key = key.clone();
    let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    desk.link_up();
    for connection in [RUN, OTHER] {
        desk.open_with(connection, Role::Run, lucy(), vec![key.clone()]);
    }
    desk.close(OTHER);
    assert_eq!(desk.sign_offs(), []);
    desk.close(RUN);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::ApplicationExited)]);
}

#[test]
fn a_sign_on_that_was_under_way_stays_when_the_tray_of_its_session_is_back() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    desk.link_up();
    desk.open(TRAY, Role::Tray, lucy());
    desk.pass(RESTART_GRACE_MS);
    assert_eq!(desk.messages(is_cancel), 0);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    assert!(desk.held());
}

#[test]
fn a_shell_without_a_display_is_told_of_its_users_tray() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let health = |desk: &mut Desk, user: OsUser| {
        let connection = ConnectionId(90);
        let name = alloc::string::String::from("somewhere else");
        desk.input(Input::Opened {
            connection,
            caller: Caller { session: SessionKey { user, name }, watched: false },
            hello: Hello {
                version: PROTOCOL_VERSION,
                program: "test".into(),
                role: Role::Cli,
                display: None,
                resume: vec![],
            },
            fresh: 90,
        });
        let id = desk.ask(connection, Request::Doctor);
        let Some(Reply::Health { health }) = desk.reply(id).cloned() else {
            panic!("no health: {:?}", desk.reply(id));
        };
        desk.close(connection);
        health
    };
    assert!(health(&mut desk, lucy()).tray, "it is where a seat would hang");
    let bills = health(&mut desk, bill());
    assert!(!bills.tray, "it is not his");
    assert_eq!(bills.session, "somewhere else");
}
