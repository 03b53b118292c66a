//! The very edge of a wait, a budget or a leap of the clocks: on this side nothing, on that all.

use alloc::boxed::Box;
use alloc::vec;

use super::*;
use crate::limits::CLONE_SHOWN_MS;

fn released(desk: &Desk, inhibitor: Inhibitor) -> bool {
    desk.others.contains(&Effect::ReleaseInhibitor(inhibitor))
}

fn runs_hook(desk: &Desk) -> bool {
    desk.others.iter().any(|effect| matches!(effect, Effect::RunHook { .. }))
}

#[test]
fn two_seconds_that_the_wall_clock_runs_ahead_are_no_leap_and_more_are() {
    for (ahead, doubted) in [(2_000, false), (2_001, true)] {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        desk.wall_ms += ahead;
        desk.input(Input::Tick);
        assert_eq!(desk.held(), !doubted, "{ahead} ms");
    }
}

#[test]
fn what_the_clock_ran_ahead_since_a_renewal_was_sent_counts_on_after_its_answer() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    desk.wall_ms += 1_500;
    desk.pass(100);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    desk.wall_ms += 1_500;
    desk.pass(100);
    assert!(!desk.held(), "three seconds since the renewal that speaks for it was sent");
    // One that is sent now and answered speaks for it again, and what was before is forgotten.
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    desk.wall_ms += 1_500;
    desk.pass(100);
    assert!(desk.held());
}

#[test]
fn a_hook_that_just_fits_into_the_budget_is_run_and_one_millisecond_more_does_not_fit() {
    let fits = ENDING_BUDGET_MS - HOOK_ROOM_MS;
    for (within_ms, run) in [(fits, true), (fits + 1, false)] {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        desk.core.outbox.hooks.configure(pool(), within_ms);
        desk.input(Input::Os(OsEvent::ShutDownBegins));
        assert_eq!(runs_hook(&desk), run, "{within_ms} ms");
    }
}

#[test]
fn a_hook_in_one_pool_holds_up_no_sign_on_in_another() {
    let cad = PoolId::new("cad").unwrap();
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let pools = [pool_view(), PoolView { id: cad.clone(), name: "Other".into(), ..pool_view() }];
    desk.snapshot(pools.map(|pool| Projected::Pool { pool: Box::new(pool) }).to_vec());
    desk.core.outbox.hooks.configure(pool(), 2_000);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let asked = desk.messages(is_sign_on);
    desk.ask(TRAY, Request::SignOn { request: request(2), pool: cad, client: None, wait: None });
    assert_eq!(desk.messages(is_sign_on), asked + 1);
}

#[test]
fn a_machine_that_shuts_down_waits_for_the_cancel_of_a_place_as_for_a_sign_off() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on_waiting(TRAY, 1, Some(Accept::Ask));
    desk.answer(desk.number_of(is_sign_on), waiting::waiting_answer(1, None));
    desk.input(Input::Os(OsEvent::ShutDownBegins));
    assert!(!released(&desk, Inhibitor::ShutDown));
    desk.answer(desk.number_of(is_cancel), PoolAnswer::Done);
    assert!(released(&desk, Inhibitor::ShutDown));
}

#[test]
fn a_cancel_that_the_pool_could_not_take_is_said_again_a_second_later() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 1);
    desk.close(RUN);
    desk.answer(desk.number_of(is_cancel), failed());
    assert_eq!(next_deadline(&desk.core), Some(desk.boot_ms + 1_000), "it asks to be called");
    desk.pass(999);
    assert_eq!(desk.messages(is_cancel), 1);
    desk.pass(1);
    assert_eq!(desk.messages(is_cancel), 2);
    desk.answer(desk.number_of(is_cancel), PoolAnswer::Done);
    desk.pass(60_000);
    assert_eq!((desk.messages(is_cancel), desk.disk.cancels.len()), (2, 0));
}

#[test]
fn for_whatever_the_pool_could_not_take_the_core_asks_to_be_called_a_second_later() {
    type Is = fn(&MachineMessage) -> bool;
    type Act = fn(&mut Desk);
    let sign_off: Act = |desk| {
        desk.ask(TRAY, Request::SignOff { pool: None });
    };
    let taken_back: Act = |desk| {
        desk.pass(25_000);
        let mut shown = waiting::shown_seat(seat(1, 1), 1);
        shown.leaving = Some(end(ReleaseReason::Reclaimed));
        let pool = Box::new(pool_view());
        desk.snapshot(vec![Projected::Pool { pool }, Projected::Seat { seat: shown }]);
    };
    let sign_on: Act = |desk| {
        desk.open(RUN, Role::Run, lucy());
        desk.sign_on(RUN, 2);
    };
    let cases: [(Act, Is); 3] = [
        (sign_off, is_sign_off),
        (taken_back, |body| matches!(body, MachineMessage::LeavingDone { .. })),
        (sign_on, is_sign_on),
    ];
    for (number, (act, is)) in cases.into_iter().enumerate() {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        act(&mut desk);
        desk.answer(desk.number_of(is), failed());
        assert_eq!(next_deadline(&desk.core), Some(desk.boot_ms + 1_000), "case {number}");
    }
}

#[test]
fn a_clone_is_shown_for_less_than_an_hour_after_it_was_seen() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let at = WallTime { unix_ms: desk.wall_ms - 1_000 };
    desk.frame(FromPool::CloneSeen { at });
    let shown = |desk: &Desk| desk.core.view(&lucy()).trouble.is_some();
    desk.link_down();
    desk.pass(CLONE_SHOWN_MS - 1_001);
    assert!(shown(&desk));
    desk.pass(1);
    assert!(!shown(&desk));
}

#[test]
fn without_a_link_people_hear_the_pool_servers_own_words_if_it_said_no_and_ours_if_not() {
    let cases = [
        (Code::MachineRevoked, "revoked by Ann", true),
        (Code::PoolUnreachable, "os error 111", false),
    ];
    for (code, detail, theirs) in cases {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        let cause = Some(Problem::new(code, detail, "ask Ann"));
        desk.input(Input::LinkDown { cause });
        desk.open(RUN, Role::Run, lucy());
        let id = desk.sign_on(RUN, 2);
        let Some(Reply::Problem { problem }) = desk.reply(id) else { panic!() };
        assert_eq!(problem.code, Code::PoolUnreachable);
        assert_eq!(problem.detail == detail, theirs, "{}", problem.detail);
    }
}

#[test]
fn the_answer_to_an_earlier_sign_off_or_leaving_says_nothing_about_a_later_stay() {
    let taken_back = |desk: &mut Desk, epoch| {
        let mut shown = waiting::shown_seat(seat(1, epoch), 1);
        shown.leaving = Some(end(ReleaseReason::Reclaimed));
        desk.snapshot(vec![
            Projected::Pool { pool: Box::new(pool_view()) },
            Projected::Seat { seat: shown },
        ]);
    };
    let is_leaving = |body: &MachineMessage| matches!(body, MachineMessage::LeavingDone { .. });
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    taken_back(&mut desk, 1);
    let earlier = desk.number_of(is_leaving);
    // The same seat, granted and taken back anew before that answer is in.
    desk.sign_on(TRAY, 2);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 2), T));
    taken_back(&mut desk, 2);
    let seats = desk.seats_of(&lucy()).len();
    desk.answer(earlier, PoolAnswer::Done);
    assert_eq!((seats, desk.seats_of(&lucy()).len()), (1, 1), "it is still to be let go");
    desk.answer(desk.number_of(is_leaving), PoolAnswer::Done);
    assert_eq!(desk.seats_of(&lucy()).len(), 0);
}

#[test]
fn a_broker_that_stops_welcomes_nobody_any_more() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.input(Input::Stop);
    desk.open(CLI, Role::Cli, lucy());
    let refused = desk.others.iter().find_map(|effect| match effect {
        Effect::Disconnect { connection: CLI, problem } => Some(problem.code),
        _ => None,
    });
    assert_eq!(refused, Some(Code::Unavailable));
}

#[test]
fn the_core_asks_to_be_called_when_a_hooks_time_is_up() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.core.outbox.hooks.configure(pool(), 2_000);
    desk.ask(TRAY, Request::SignOff { pool: None });
    assert_eq!(next_deadline(&desk.core), Some(desk.boot_ms + 2_000));
}

#[test]
fn a_grant_that_is_answered_after_the_machine_stood_still_is_asked_about_again() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    let before = desk.number_of(is_sign_on);
    desk.wall_ms += 2_001;
    desk.input(Input::Tick);
    desk.answer(before, granted(seat(1, 1), T));
    assert!(!desk.held());
    assert_eq!(desk.reply(id), None, "nobody is told of a seat that may have ended");
    let again = desk.number_of(is_sign_on);
    assert_ne!(again, before);
    desk.answer(again, granted(seat(1, 1), T));
    assert!(desk.held());
    assert!(matches!(desk.reply(id), Some(Reply::Outcome { .. })), "{:?}", desk.reply(id));
}

#[test]
fn a_sign_on_that_is_repeated_after_the_machine_stood_still_is_answered_by_the_pool() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let asked = desk.messages(is_sign_on);
    desk.wall_ms += 2_001;
    desk.input(Input::Tick);
    let id = desk.sign_on(TRAY, 1);
    assert_eq!(desk.reply(id), None);
    assert_eq!(desk.messages(is_sign_on), asked + 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    assert!(desk.held());
    assert!(matches!(desk.reply(id), Some(Reply::Outcome { .. })), "{:?}", desk.reply(id));
}
