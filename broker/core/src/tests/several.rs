//! Several of a kind at once: none takes another's number, answer or place.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::Operation;
use hotseat_protocol::view::Offline;

use super::*;

fn cad() -> PoolId {
    PoolId::new("cad").unwrap()
}

/// Lucy's tray holds a seat in one pool, and Bill's in the same.
fn two_seats() -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.open(OTHER, Role::Tray, bill());
    desk.sign_on(OTHER, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    desk.renewal_answered(&[(seat(1, 1), T), (seat(2, 1), T)]);
    desk
}

fn log_in(desk: &mut Desk, connection: ConnectionId, name: &str, id: u128, token: &str) -> u64 {
    let asked = desk.ask(connection, log_in_as(&format!("{name}@finance.example")));
    let SavedAccount { user, expires_at, .. } = account(name, id);
    let number = desk.number_of(|body| matches!(body, MachineMessage::LogIn { .. }));
    desk.answer(number, PoolAnswer::LoggedIn { token: Secret::new(token), user, expires_at });
    asked
}

fn tokens_ended(desk: &Desk) -> Vec<Secret> {
    let ended = desk.sent.iter().filter_map(|(_, body)| match body {
        MachineMessage::LogOut { token } => Some(token.clone()),
        _ => None,
    });
    ended.collect()
}

#[test]
fn of_two_checks_each_gets_its_own_answer() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut check = |id: u128| {
        let client = ClientName::new("outlook").unwrap();
        let operation = Some(Operation::new("synchronise").unwrap());
        let request = Request::Check { request: request(id), pool: pool(), client, operation };
        let asked = desk.ask(TRAY, request);
        (asked, desk.number_of(|body| matches!(body, MachineMessage::Check { .. })))
    };
    let (passes, refused) = (check(7), check(8));
    let full = Problem::new(Code::PoolFull, "full", "");
    desk.answer(refused.1, PoolAnswer::Problem { problem: full });
    desk.answer(passes.1, PoolAnswer::Outcome { outcome: Outcome::Passed });
    assert_eq!(desk.problem(refused.0), Some(Code::PoolFull));
    let reply = desk.reply(passes.0);
    assert!(matches!(reply, Some(Reply::Outcome { outcome: Outcome::Passed, .. })), "{reply:?}");
}

#[test]
fn two_people_log_out_without_a_pool_and_both_tokens_end_later() {
    let mut desk = two_seats();
    desk.link_down();
    for connection in [TRAY, OTHER] {
        let id = desk.ask(connection, Request::LogOut);
        assert_eq!(desk.reply(id), Some(&Reply::Done));
    }
    desk.link_up();
    let tokens = ["token of lucy", "token of bill"].map(Secret::new);
    assert_eq!(tokens_ended(&desk), tokens);
    desk.answer(desk.number_of(|body| matches!(body, MachineMessage::LogOut { .. })), failed());
    desk.pass(1_000);
    assert_eq!(tokens_ended(&desk).len(), 3, "the one that was not taken is said again");
}

#[test]
fn who_logs_in_again_keeps_the_seat_and_who_logs_in_as_another_does_not() {
    let mut desk = two_seats();
    let id = log_in(&mut desk, TRAY, "lucy", 1, "newer token of lucy");
    assert!(matches!(desk.reply(id), Some(Reply::LoggedIn { .. })));
    assert_eq!((desk.sign_offs(), tokens_ended(&desk).len()), (vec![], 1));
    log_in(&mut desk, TRAY, "olaf", 3, "token of olaf");
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::SignedOffByTheUser)]);
    assert_eq!(desk.seats_of(&bill()).len(), 1);
}

#[test]
fn a_log_out_takes_ones_own_losses_off_the_screen_and_nobody_elses() {
    let mut desk = two_seats();
    desk.link_down();
    desk.pass(T);
    desk.ask(TRAY, Request::LogOut);
    assert!(desk.state(&lucy()).lost.is_none());
    assert!(desk.state(&bill()).lost.is_some());
}

#[test]
fn two_who_sign_off_while_the_disk_is_slow_are_both_told() {
    let mut desk = two_seats();
    desk.disk_works = None;
    let asked = [TRAY, OTHER].map(|connection| desk.ask(connection, Request::LogOut));
    for (turn, id) in asked.iter().enumerate() {
        assert_eq!(desk.reply(*id), None);
        let write = desk.writes[turn];
        desk.input(Input::Stored { write, ok: true });
    }
    assert_eq!(asked.map(|id| desk.reply(id).cloned()), [Some(Reply::Done), Some(Reply::Done)]);
}

#[test]
fn where_nothing_can_be_written_a_sign_off_waits_for_the_answers_to_all_that_it_ends() {
    for seat_first in [true, false] {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        desk.open(RUN, Role::Run, lucy());
        desk.sign_on(RUN, 2);
        desk.disk_works = Some(false);
        let id = desk.ask(TRAY, Request::SignOff { pool: None });
        let mut answers = [desk.number_of(is_sign_off), desk.number_of(is_cancel)];
        if !seat_first {
            answers.reverse();
        }
        desk.answer(answers[0], PoolAnswer::Done);
        assert_eq!(desk.reply(id), None, "seat first: {seat_first}");
        desk.answer(answers[1], PoolAnswer::Done);
        assert_eq!(desk.reply(id), Some(&Reply::SignedOff { pools: vec![pool()] }));
    }
}

#[test]
fn two_hooks_run_each_for_its_own_seat() {
    let mut desk = two_seats();
    desk.core.outbox.hooks.configure(pool(), 2_000);
    for connection in [TRAY, OTHER] {
        desk.ask(connection, Request::SignOff { pool: None });
    }
    let hooks = desk.others.iter().filter_map(|effect| match effect {
        Effect::RunHook { hook, owner, .. } => Some((*hook, owner.clone())),
        _ => None,
    });
    let hooks: Vec<_> = hooks.collect();
    let [(first, _), (second, _)] = &hooks[..] else { panic!("{hooks:?}") };
    assert_eq!((&hooks[0].1, &hooks[1].1), (&lucy(), &bill()));
    let reason = ReleaseReason::SignedOffByTheUser;
    desk.input(Input::HookEnded { hook: *second });
    assert_eq!(desk.sign_offs(), [(seat(2, 1), reason)]);
    assert_eq!(desk.disk.hooks.len(), 1, "a crash would run the other again");
    desk.input(Input::HookEnded { hook: *first });
    assert_eq!(desk.sign_offs().len(), 2);
}

#[test]
fn two_who_work_on_without_a_seat_are_both_reported() {
    let mut desk = two_seats();
    let policy = PolicyView { offline: Offline::Tolerate, ..policy() };
    desk.show(PoolView { policy: policy.clone(), ..pool_view() });
    desk.link_down();
    desk.pass(T);
    assert_eq!(desk.disk.overdrafts.len(), 2);
    desk.link_up();
    desk.show(PoolView { policy, ..pool_view() });
    desk.renewal_answered(&[(seat(1, 1), T), (seat(2, 1), T)]);
    assert_eq!(desk.messages(|body| matches!(body, MachineMessage::Overdraft(_))), 2);
}

#[test]
fn what_was_left_of_one_key_is_asked_one_after_the_other() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
    desk.sign_on(TRAY, 2);
    desk.sign_on(TRAY, 3);
    let mut desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    desk.link_up();
    assert_eq!(desk.messages(is_sign_on), 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    assert_eq!((desk.messages(is_sign_on), desk.disk.intents.len()), (1, 0), "both are that seat");
}

#[test]
fn a_sign_off_ends_what_it_names_in_that_pool_and_leaves_places_alone() {
    let mut desk = two_seats();
    let pools = [pool_view(), PoolView { id: cad(), name: "Other".into(), ..pool_view() }];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk.open(RUN, Role::Run, lucy());
    let (client, wait) = (None, Some(Accept::Ask));
    desk.ask(RUN, Request::SignOn { request: request(3), pool: cad(), client, wait });
    desk.answer(desk.number_of(is_sign_on), granted(seat(3, 1), T));
    desk.sign_on_waiting(RUN, 4, Some(Accept::Ask));
    desk.answer(desk.number_of(is_sign_on), waiting::waiting_answer(1, None));
    desk.ask(RUN, Request::SignOff { pool: Some(pool()) });
    let reason = ReleaseReason::SignedOffByTheUser;
    assert_eq!(desk.sign_offs(), [(seat(1, 1), reason)]);
    assert_eq!(desk.messages(is_cancel), 0);
    assert!(desk.state(&lucy()).place.is_some());
    desk.ask(RUN, Request::SignOff { pool: None });
    assert_eq!(desk.sign_offs(), [(seat(1, 1), reason), (seat(3, 1), reason)]);
    assert_eq!(desk.seats_of(&bill()).len(), 1);
}

#[test]
fn a_lost_tray_costs_the_seats_of_each_pool_after_that_pools_own_grace() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let patient = PolicyView { tray_grace_ms: TrayGraceMs::clamped(60_000), ..policy() };
    let other = PoolView { id: cad(), name: "Other".into(), policy: patient, ..pool_view() };
    let pools = [pool_view(), other];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk.ask(TRAY, Request::SignOn { request: request(2), pool: cad(), client: None, wait: None });
    desk.answer(desk.number_of(is_sign_on), granted(seat(2, 1), T));
    desk.close(TRAY);
    desk.pass(59_999);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::TrayLost)]);
    desk.pass(1);
    assert_eq!(desk.sign_offs().len(), 2);
}

#[test]
fn a_snapshot_in_pages_counts_when_it_is_whole_and_what_was_broken_off_does_not() {
    let mut desk = Desk::new();
    let page = |desk: &mut Desk, page, pages, name: &str| {
        let pool = Box::new(PoolView { id: PoolId::new(name).unwrap(), ..pool_view() });
        let position = JournalPosition { generation: 7, seq: Seq(9) };
        let items = vec![Projected::Pool { pool }];
        desk.frame(FromPool::Snapshot { push: 9, position, page, pages, items });
    };
    let shown = |desk: &Desk| {
        let pools = desk.core.view(&lucy()).pools.into_iter();
        pools.map(|state| state.pool.id.to_string()).collect::<Vec<_>>()
    };
    page(&mut desk, 1, 3, "a");
    page(&mut desk, 2, 3, "b");
    assert_eq!(shown(&desk), ["infor-crm"]);
    assert_eq!(desk.core.seen().map(|position| position.seq), Some(Seq(1)));
    page(&mut desk, 1, 2, "c");
    page(&mut desk, 2, 2, "d");
    assert_eq!(shown(&desk), ["c", "d"]);
    assert_eq!(desk.core.seen().map(|position| position.seq), Some(Seq(9)));
}

#[test]
fn a_new_link_counts_its_pushes_anew_and_what_was_shown_stays_until_it_shows_more() {
    let mut desk = Desk::new();
    desk.link_down();
    desk.link = LinkId(2);
    let position = |seq| JournalPosition { generation: 7, seq: Seq(seq) };
    desk.input(Input::LinkUp { link: LinkId(2), lease_ms: T, position: position(5) });
    assert_eq!(desk.core.seen(), Some(position(5)));
    let items = vec![Projected::PoolRemoved { pool: pool() }];
    desk.frame(FromPool::Changed { push: 2, previous: 1, position: position(6), items });
    assert_eq!((desk.core.seen(), desk.core.view(&lucy()).pools.len()), (Some(position(5)), 1));
}
