//! Who may do what, who sees what: OS users, trays, log-ins, views.

use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::view::{HolderView, WaiterView};

use super::*;
use crate::limits::{UNANSWERED_PER_CONNECTION_MAX, UNANSWERED_PER_USER_MAX};

#[test]
fn another_users_seat_shows_neither_id_nor_keys_and_cannot_be_ended() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut view = pool_view();
    view.holders = vec![HolderView {
        user: Some("Lucy".into()),
        client: ClientName::new("network").unwrap(),
        since: WallTime { unix_ms: 5 },
        idle_s: IdleSeconds::new(3),
        leaving: false,
        counted: true,
        seat: Some(seat(1, 1).id),
        mine: false,
    }];
    view.line = vec![WaiterView {
        user: Some("Olaf".into()),
        since: WallTime { unix_ms: 6 },
        offered: false,
        request: Some(request(8)),
        mine: false,
    }];
    desk.show(view);
    desk.open(OTHER, Role::Cli, bill());
    let theirs = desk.state(&bill());
    assert!(theirs.seats.is_empty());
    assert_eq!(theirs.pool.holders[0].seat, None);
    assert!(!theirs.pool.holders[0].mine);
    assert_eq!(theirs.pool.holders[0].user.as_deref(), Some("Lucy"));
    assert_eq!(theirs.pool.line[0].request, None);
    assert!(desk.state(&lucy()).pool.holders[0].mine);
    let nobody = desk.state(&OsUser("1002".into()));
    assert_eq!(nobody.pool.holders[0].user, None, "not logged in: counts");

    let id = desk.ask(OTHER, Request::SignOff { pool: None });
    assert_eq!(desk.reply(id), Some(&Reply::SignedOff { pools: vec![] }));
    desk.ask(OTHER, Request::LogOut);
    desk.ask(OTHER, Request::Goodbye);
    desk.close(OTHER);
    let id = desk.sign_on(OTHER, 1);
    assert_eq!(desk.reply(id), None);
    assert!(desk.held());
}

#[test]
fn a_request_id_of_another_user_is_refused() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(OTHER, Role::Run, bill());
    let id = desk.sign_on(OTHER, 1);
    assert_eq!(desk.problem(id), Some(Code::RequestReused));
}

#[test]
fn a_repeat_and_a_sign_on_for_a_held_key_return_the_seat_without_asking() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let asked = desk.messages(is_sign_on);
    for request_id in [1, 2] {
        let id = desk.sign_on(TRAY, request_id);
        let Some(Reply::Outcome {
            outcome: Outcome::Seat { seat: got, .. },
            deadline_boot_ms: Some(deadline),
            ..
        }) = desk.reply(id)
        else {
            panic!("{:?}", desk.reply(id));
        };
        assert_eq!(*got, seat(1, 1));
        assert_eq!(*deadline, desk.seats_of(&lucy())[0].deadline_boot_ms);
    }
    assert_eq!(desk.messages(is_sign_on), asked);
}

#[test]
fn without_tray_and_watched_session_a_seat_has_nothing_to_hang_on() {
    let mut desk = Desk::new();
    desk.open(CLI, Role::Cli, lucy());
    let id = desk.sign_on(CLI, 1);
    let Some(Reply::Problem { problem }) = desk.reply(id) else {
        panic!("{:?}", desk.reply(id));
    };
    assert_eq!(problem.code, Code::NoSession);
    assert!(problem.next.contains("hotseat run"));
}

#[test]
fn a_command_in_another_session_hangs_on_the_one_with_a_tray() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.input(Input::Opened {
        connection: CLI,
        caller: Caller { session: SessionKey { user: lucy(), name: "ssh".into() }, watched: false },
        hello: Hello {
            version: PROTOCOL_VERSION,
            program: "test".into(),
            role: Role::Cli,
            display: None,
            resume: vec![],
        },
        fresh: 5,
    });
    desk.sign_on(CLI, 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    desk.close(CLI);
    assert!(desk.held(), "it does not hang on the command");
    desk.ask(TRAY, Request::Goodbye);
    assert_eq!(desk.sign_offs().len(), 1);
}

#[test]
fn a_second_tray_is_refused_and_the_first_opens_its_window() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(OTHER, Role::Tray, lucy());
    assert!(matches!(
        &desk.others[..],
        [Effect::Disconnect { connection: OTHER, problem }] if problem.code == Code::AlreadyRunning
    ));
    assert!(desk.pushes.contains(&(TRAY, FromBroker::OpenWindow)));
    desk.open(RUN, Role::Tray, bill());
    assert_eq!(desk.others.len(), 1, "another user's is welcome");
}

#[test]
fn another_version_is_refused() {
    let mut desk = Desk::new();
    desk.input(Input::Opened {
        connection: CLI,
        caller: Caller { session: SessionKey { user: lucy(), name: "s".into() }, watched: false },
        hello: Hello {
            version: 0,
            program: "old".into(),
            role: Role::Cli,
            display: None,
            resume: vec![],
        },
        fresh: 5,
    });
    assert!(matches!(
        &desk.others[..],
        [Effect::Disconnect { problem, .. }] if problem.code == Code::AnotherVersion
    ));
}

#[test]
fn a_windows_end_changes_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(OTHER, Role::Window, lucy());
    desk.ask(OTHER, Request::Goodbye);
    desk.close(OTHER);
    desk.pass(15_000);
    assert!(desk.held());
}

#[test]
fn who_is_not_logged_in_or_has_no_pool_hears_so() {
    let mut desk = Desk::new();
    desk.open(OTHER, Role::Tray, OsUser("1002".into()));
    let id = desk.sign_on(OTHER, 1);
    assert_eq!(desk.problem(id), Some(Code::NotLoggedIn));
    desk.open(TRAY, Role::Tray, lucy());
    desk.link_down();
    let id = desk.sign_on(TRAY, 2);
    assert_eq!(desk.problem(id), Some(Code::PoolUnreachable));
}

#[test]
fn a_log_in_counts_once_its_token_is_durable_and_is_never_shown() {
    let mut desk = Desk::new();
    let olaf = OsUser("1002".into());
    desk.open(OTHER, Role::Cli, olaf.clone());
    let request = log_in_as("olaf@finance.example");
    let id = desk.ask(OTHER, request.clone());
    let SavedAccount { token, user, expires_at } = account("olaf", 3);
    let answer = PoolAnswer::LoggedIn { token, user: user.clone(), expires_at };
    let log_in = |body: &MachineMessage| matches!(body, MachineMessage::LogIn { .. });
    desk.answer(desk.number_of(log_in), answer.clone());
    assert_eq!(desk.reply(id), Some(&Reply::LoggedIn { user: user.clone() }));
    assert_eq!(desk.core.view(&olaf).account, Some(user));
    assert!(desk.disk.accounts.contains_key(&olaf));

    desk.ask(OTHER, Request::LogOut);
    desk.disk_works = Some(false);
    let id = desk.ask(OTHER, request);
    desk.answer(desk.number_of(log_in), answer);
    assert_eq!(desk.problem(id), Some(Code::StateUnwritable));
    assert_eq!(desk.core.view(&olaf).account, None);
}

#[test]
fn changes_are_numbered_without_gaps_and_only_for_those_who_asked() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(OTHER, Role::Cli, bill());
    desk.ask(TRAY, Request::Subscribe);
    desk.sign_on(TRAY, 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    desk.link_down();
    let numbers: Vec<u64> = desk
        .pushes
        .iter()
        .filter_map(|(connection, frame)| match frame {
            FromBroker::Snapshot { seq, .. } | FromBroker::Changed { seq, .. } => {
                assert_eq!(*connection, TRAY);
                Some(*seq)
            }
            _ => None,
        })
        .collect();
    assert_eq!(numbers, vec![1, 2, 3]);
}

#[test]
fn a_missed_push_is_never_guessed() {
    let mut desk = Desk::new();
    let position = JournalPosition { generation: 7, seq: Seq(3) };
    let mut view = pool_view();
    view.seats = 9;
    let changed = |push, previous| FromPool::Changed {
        push,
        previous,
        position,
        items: vec![Projected::Pool { pool: Box::new(view.clone()) }],
    };
    desk.frame(changed(4, 3));
    assert_eq!(desk.state(&lucy()).pool.seats, 2);
    let resync = |body: &MachineMessage| matches!(body, MachineMessage::Resync);
    assert_eq!(desk.messages(resync), 1);
    desk.show(pool_view());
    desk.frame(changed(2, 1));
    assert_eq!(desk.state(&lucy()).pool.seats, 9);
}

#[test]
fn a_huge_pool_still_fits_into_a_frame() {
    let mut desk = Desk::new();
    let holder = HolderView {
        user: Some("x".repeat(40)),
        client: ClientName::new("network").unwrap(),
        since: WallTime { unix_ms: 5 },
        idle_s: IdleSeconds::new(3),
        leaving: false,
        counted: true,
        seat: None,
        mine: false,
    };
    let pools = (0..5).map(|number| {
        let mut view = pool_view();
        view.id = PoolId::new(format!("pool-{number}")).unwrap();
        view.holders = vec![holder.clone(); 100];
        Projected::Pool { pool: Box::new(view) }
    });
    desk.snapshot(pools.collect());
    let view = desk.core.view(&lucy());
    let bytes = serde_json::to_vec(&view).unwrap().len();
    assert!(bytes < hotseat_protocol::ipc::IPC_FRAME_BYTES_MAX - 1_024);
    let pool = &view.pools[0].pool;
    assert_eq!(pool.holders.len() + pool.more_holders as usize, 100);
}

#[test]
fn people_hear_that_the_pool_is_back_and_that_they_kept_their_seat() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.pass(20_000);
    desk.link_up();
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert_eq!(desk.notices(), vec![&Notice::PoolReachable { pool: pool() }]);
}

#[test]
fn whoever_asks_without_waiting_for_answers_is_told_so_and_nobody_else_is() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::App, lucy());
    desk.open(OTHER, Role::App, bill());
    let asked: Vec<u64> = (0..100).map(|n| desk.sign_on(RUN, 1_000 + n)).collect();
    let refused =
        |desk: &Desk| asked.iter().filter(|id| desk.problem(**id) == Some(Code::TooMany)).count();
    assert_eq!(refused(&desk), 100 - UNANSWERED_PER_CONNECTION_MAX);
    assert_eq!(desk.disk.intents.len(), UNANSWERED_PER_CONNECTION_MAX);
    desk.sign_on(OTHER, 5);
    assert_eq!(desk.messages(is_sign_on), 2, "Lucy's first and Bill's");
    // As many connections as it takes; what needs no pool is answered at once and counts no longer.
    let connections = UNANSWERED_PER_USER_MAX / UNANSWERED_PER_CONNECTION_MAX;
    for connection in (100..).map(ConnectionId).take(connections) {
        desk.open(connection, Role::App, lucy());
        let full = desk.disk.intents.len() > UNANSWERED_PER_USER_MAX;
        let view = desk.ask(connection, Request::View);
        assert_eq!(desk.problem(view).is_some(), full);
        for n in 0..u128::try_from(UNANSWERED_PER_CONNECTION_MAX).unwrap() {
            desk.sign_on(connection, u128::from(connection.0) * 1_000 + n);
        }
    }
    assert_eq!(desk.disk.intents.len(), UNANSWERED_PER_USER_MAX + 1, "with Bill's");
    // Answers make room again.
    desk.pass(ANSWER_LIMIT_MS);
    let id = desk.ask(RUN, Request::View);
    assert_eq!(desk.problem(id), None);
}

#[test]
fn a_log_in_that_ended_elsewhere_is_told_at_once_and_the_seat_is_kept() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(OTHER, Role::Tray, bill());
    let users: Vec<UserId> = [lucy(), bill()]
        .iter()
        .filter_map(|user| desk.core.view(user).account)
        .map(|a| a.id)
        .collect();
    desk.frame(FromPool::LogIns { users: users.clone() });
    assert!(desk.core.view(&lucy()).account.is_some(), "who is named is logged in");
    assert_eq!(desk.core.view(&lucy()).trouble, None);

    let lucys = desk.core.view(&lucy()).account.unwrap().id;
    let others: Vec<UserId> = users.into_iter().filter(|user| *user != lucys).collect();
    desk.frame(FromPool::LogIns { users: others });
    let view = desk.core.view(&lucy());
    assert_eq!(view.account, None);
    let told = view.trouble.unwrap();
    assert_eq!(told.code, Code::NotLoggedIn);
    assert!(told.detail.contains("by a new password"), "{told}");
    assert!(told.detail.ends_with("You keep your seat."), "{told}");
    assert!(told.next.contains("Log in again"), "{told}");
    assert!(desk.held(), "the seat hangs on the machine");
    assert!(!desk.disk.accounts.contains_key(&lucy()), "it is forgotten durably");
    assert_eq!(desk.core.view(&bill()).trouble, None, "others are told nothing");

    // A new log-in is the end of it.
    let id = desk.ask(TRAY, log_in_as("lucy@finance.example"));
    let SavedAccount { token, user, expires_at } = account("lucy", 1);
    let log_in = |body: &MachineMessage| matches!(body, MachineMessage::LogIn { .. });
    let answer = PoolAnswer::LoggedIn { token, user: user.clone(), expires_at };
    desk.answer(desk.number_of(log_in), answer);
    assert_eq!(desk.reply(id), Some(&Reply::LoggedIn { user }));
    assert_eq!(desk.core.view(&lucy()).trouble, None);
}

#[test]
fn a_log_in_that_a_sign_on_finds_ended_is_told_on_every_page() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    let problem = Problem::new(Code::NotAuthenticated, "who are you", "");
    desk.answer(desk.number_of(is_sign_on), PoolAnswer::Problem { problem });
    assert_eq!(desk.problem(id), Some(Code::NotLoggedIn));
    let told = desk.core.view(&lucy()).trouble.unwrap();
    assert_eq!(told.code, Code::NotLoggedIn);
    assert!(!told.detail.contains("You keep your seat"), "{told}");
    desk.ask(TRAY, Request::LogOut);
    assert_eq!(desk.core.view(&lucy()).trouble, None, "who logs out knows");
}
