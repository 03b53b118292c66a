//! Idle warnings at the edges: how long is long enough, whose input counts, and what is said.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::link::WarningOutcome;
use hotseat_protocol::view::WaiterView;

use super::*;

const WARN_S: u64 = 25 * 60;

/// Lucy holds a seat, somebody waits, and her tray reports.
fn wanted(idle_s: u64) -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(PoolView { waiting: 1, ..pool_view() });
    report(&mut desk, idle_s);
    desk
}

fn report(desk: &mut Desk, idle_s: u64) {
    desk.input(Input::Idle { connection: TRAY, idle_s: Some(idle_s), locked: false });
}

fn pick(desk: &mut Desk, epoch: u64) {
    desk.frame(FromPool::WarnIdle { seat: seat(1, epoch), waiter: Some("Olaf".into()) });
}

fn said(desk: &Desk) -> Vec<(WarningOutcome, u64)> {
    let said = desk.sent.iter().filter_map(|(_, body)| match body {
        MachineMessage::WarningEnded { outcome, idle_s, .. } => Some((*outcome, idle_s.get())),
        _ => None,
    });
    said.collect()
}

fn warned(desk: &Desk) -> bool {
    desk.state(&lucy()).warning.is_some()
}

/// Only this pool's machines decide, whether or not somebody waits.
fn alone(line: Vec<WaiterView>) -> PoolView {
    let policy = PolicyView { only_when_wanted: false, ..policy() };
    PoolView { policy, waiting: u32::try_from(line.len()).unwrap(), line, ..pool_view() }
}

#[test]
fn whoever_is_idle_long_enough_in_whole_seconds_is_warned_and_whoever_is_not_is_at_work() {
    let mut desk = wanted(WARN_S - 1);
    pick(&mut desk, 1);
    let warning = desk.state(&lucy()).warning.unwrap();
    assert_eq!((warning.idle_s, warning.wanted), (WARN_S - 1, true));
    let mut desk = wanted(WARN_S - 2);
    pick(&mut desk, 1);
    assert!(!warned(&desk));
    assert_eq!(said(&desk), [(WarningOutcome::Active, WARN_S - 2)]);
}

#[test]
fn a_warning_is_about_the_epoch_that_was_picked() {
    let mut desk = Desk::with_tray_holding(seat(1, 2));
    desk.show(PoolView { waiting: 1, ..pool_view() });
    report(&mut desk, WARN_S);
    pick(&mut desk, 1);
    assert!(!warned(&desk), "that stay is over");
    pick(&mut desk, 2);
    assert!(warned(&desk));
}

#[test]
fn two_seconds_forward_are_no_activity_and_more_are() {
    for (forward_s, back) in [(2, false), (3, true)] {
        let mut desk = wanted(WARN_S);
        pick(&mut desk, 1);
        report(&mut desk, WARN_S - forward_s);
        assert_eq!(warned(&desk), !back, "{forward_s} s");
    }
}

#[test]
fn a_report_says_something_for_less_than_45_seconds() {
    let mut desk = wanted(WARN_S);
    pick(&mut desk, 1);
    desk.pass(44_999);
    assert!(warned(&desk));
    assert_eq!(next_deadline(&desk.core), Some(desk.boot_ms + 1), "it asks to be called then");
    desk.pass(1);
    assert_eq!(said(&desk), [(WarningOutcome::Unknown, WARN_S)]);
    // Nobody is asked to look again and again at a report that is old already.
    desk.pass(600_000);
    assert_eq!(said(&desk).len(), 1);
}

#[test]
fn a_locked_screen_is_warned_although_the_tray_fell_silent() {
    let mut desk = wanted(WARN_S);
    desk.input(Input::Idle { connection: TRAY, idle_s: Some(WARN_S), locked: true });
    desk.pass(WARN_S * 1_000);
    pick(&mut desk, 1);
    let warning = desk.state(&lucy()).warning.unwrap();
    assert_eq!(warning.ends_boot_ms, desk.boot_ms + 120_000);
    desk.pass(119_999);
    assert!(desk.sign_offs().is_empty());
    desk.pass(1);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::Idle)]);
    let over = desk.notices().iter().any(|n| matches!(n, Notice::WarningOver { .. }));
    assert!(!over, "it was signed off, that is another piece of news");
}

#[test]
fn only_the_report_of_ones_own_tray_counts() {
    let mut desk = wanted(WARN_S);
    desk.open(OTHER, Role::Tray, bill());
    desk.open(RUN, Role::App, lucy());
    for connection in [OTHER, RUN] {
        desk.input(Input::Idle { connection, idle_s: Some(0), locked: false });
    }
    pick(&mut desk, 1);
    assert!(warned(&desk));
}

#[test]
fn keep_is_for_ones_own_seat_in_that_pool() {
    let cad = PoolId::new("cad").unwrap();
    let mut desk = wanted(WARN_S);
    desk.open(OTHER, Role::Tray, bill());
    pick(&mut desk, 1);
    desk.ask(OTHER, Request::Keep { pool: pool() });
    desk.ask(TRAY, Request::Keep { pool: cad });
    assert!(warned(&desk));
    desk.ask(TRAY, Request::Keep { pool: pool() });
    assert!(!warned(&desk));
    assert!(desk.notices().iter().any(|n| matches!(n, Notice::WarningOver { .. })));
    // It counts as activity, also for the next question.
    desk.pass(3_000);
    pick(&mut desk, 1);
    assert_eq!(said(&desk).last(), Some(&(WarningOutcome::Active, 3)));
}

#[test]
fn whoever_signs_off_during_the_countdown_is_not_told_that_the_warning_is_over() {
    let mut desk = wanted(WARN_S);
    pick(&mut desk, 1);
    desk.ask(TRAY, Request::SignOff { pool: None });
    assert_eq!(said(&desk), [(WarningOutcome::SignedOff, WARN_S)]);
    assert!(!desk.notices().iter().any(|n| matches!(n, Notice::WarningOver { .. })));
}

#[test]
fn where_the_machine_decides_alone_the_warning_names_who_waits_and_outlives_the_line() {
    let waiter = WaiterView {
        user: Some("Olaf".into()),
        since: WallTime { unix_ms: 6 },
        offered: false,
        request: None,
        mine: false,
    };
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(alone(vec![waiter]));
    report(&mut desk, WARN_S);
    let warning = desk.state(&lucy()).warning.unwrap();
    assert_eq!((warning.waiter.as_deref(), warning.wanted), (Some("Olaf"), true));
    let ends = warning.ends_boot_ms;
    desk.pass(10_000);
    desk.show(alone(vec![]));
    let warning = desk.state(&lucy()).warning.expect("nobody need wait for it");
    assert_eq!((warning.ends_boot_ms, said(&desk)), (ends, vec![]), "it runs on");

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(alone(vec![]));
    report(&mut desk, WARN_S);
    let warning = desk.state(&lucy()).warning.unwrap();
    assert_eq!((warning.waiter, warning.wanted), (None, false));
}

#[test]
fn where_the_machine_decides_alone_nobody_is_warned_of_a_seat_that_is_not_held() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(alone(vec![]));
    desk.link_down();
    desk.pass(T);
    report(&mut desk, WARN_S);
    assert!(!warned(&desk));
}

#[test]
fn what_was_kept_elsewhere_before_the_warning_or_at_another_epoch_ends_it_not() {
    let kept = |desk: &mut Desk, epoch, ago_ms| {
        desk.frame(FromPool::Kept { seat: seat(1, epoch), ago_ms: AgoMs::clamped(ago_ms) });
    };
    let mut desk = Desk::with_tray_holding(seat(1, 2));
    desk.show(PoolView { waiting: 1, ..pool_view() });
    report(&mut desk, WARN_S);
    pick(&mut desk, 2);
    kept(&mut desk, 1, 0);
    assert!(warned(&desk), "that was another stay");
    kept(&mut desk, 2, WARN_S * 1_000 - 2_000);
    assert!(warned(&desk), "so long ago the idleness had just begun");
    kept(&mut desk, 2, WARN_S * 1_000 - 2_001);
    assert!(!warned(&desk));
}

#[test]
fn a_seat_that_was_kept_stays_kept_when_the_tray_is_started_anew() {
    let mut desk = wanted(WARN_S);
    desk.ask(TRAY, Request::Keep { pool: pool() });
    desk.close(TRAY);
    desk.open(TRAY, Role::Tray, lucy());
    desk.pass(5_000);
    report(&mut desk, WARN_S + 5);
    pick(&mut desk, 1);
    assert!(!warned(&desk));
    assert_eq!(said(&desk), [(WarningOutcome::Active, 5)]);
}

#[test]
fn nothing_more_is_told_early_of_somebody_who_is_warned_or_whose_seat_is_taken_back() {
    let mut desk = wanted(WARN_S);
    pick(&mut desk, 1);
    let told = desk.messages(is_renewal);
    report(&mut desk, WARN_S + 60);
    assert!(warned(&desk));
    assert_eq!(desk.messages(is_renewal), told);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut shown = waiting::shown_seat(seat(1, 1), 1);
    shown.leaving = Some(end(ReleaseReason::Reclaimed));
    let pool = Box::new(PoolView { waiting: 1, ..pool_view() });
    desk.snapshot(vec![Projected::Pool { pool }, Projected::Seat { seat: shown }]);
    let told = desk.messages(is_renewal);
    report(&mut desk, WARN_S + 60);
    assert_eq!(desk.messages(is_renewal), told);
}

#[test]
fn a_warning_for_somebody_who_waits_runs_on_while_anybody_does() {
    let mut desk = wanted(WARN_S);
    pick(&mut desk, 1);
    desk.show(PoolView { waiting: 2, ..pool_view() });
    assert!(warned(&desk));
    desk.show(pool_view());
    assert_eq!(said(&desk), [(WarningOutcome::Withdrawn, WARN_S)]);
}

#[test]
fn a_screen_that_is_locked_as_long_stays_warned_when_the_tray_falls_silent() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.show(PoolView { waiting: 1, ..pool_view() });
    desk.input(Input::Os(OsEvent::Locked { name: "uid 1000".into(), locked: true }));
    desk.pass(WARN_S * 1_000);
    report(&mut desk, WARN_S);
    pick(&mut desk, 1);
    desk.pass(60_000);
    assert!(warned(&desk));
    assert_eq!(said(&desk), []);
}

#[test]
fn a_report_that_was_long_under_way_is_no_activity() {
    let mut desk = wanted(WARN_S);
    pick(&mut desk, 1);
    desk.pass(10_000);
    report(&mut desk, WARN_S + 2);
    assert!(warned(&desk), "measured 8 s before it arrived");
    desk.pass(1_000);
    report(&mut desk, WARN_S + 11);
    assert!(warned(&desk));
    assert_eq!(said(&desk), []);
}

#[test]
fn an_input_between_two_reports_that_are_far_apart_is_activity() {
    let mut desk = wanted(WARN_S);
    pick(&mut desk, 1);
    desk.pass(44_000);
    report(&mut desk, 43);
    assert_eq!(said(&desk), [(WarningOutcome::Active, WARN_S)]);
    desk.pass(44_000);
    report(&mut desk, 44);
    pick(&mut desk, 1);
    assert_eq!(said(&desk)[1..], [(WarningOutcome::Active, 44)], "not 87: it may be another input");
}
