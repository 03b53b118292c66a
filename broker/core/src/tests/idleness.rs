//! Idle: who is warned, who is back, who is signed off; unknown is never idle.

use alloc::borrow::ToOwned;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::link::WarningOutcome;

use super::*;

const MIN: u64 = 60_000;

/// Lucy holds a seat, her tray says that she has been idle so long; somebody waits.
fn idle_for(idle_s: Option<u64>) -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut view = pool_view();
    view.waiting = 1;
    desk.show(view);
    report(&mut desk, idle_s);
    desk
}

fn report(desk: &mut Desk, idle_s: Option<u64>) {
    desk.input(Input::Idle { connection: TRAY, idle_s, locked: false });
}

/// Time passes, the tray reports every 15 s that nothing happened, the pool answers renewals.
fn stay_idle(desk: &mut Desk, from_s: u64, seconds: u64) {
    for step in 0..seconds / 15 {
        desk.pass(15_000);
        if desk.held() {
            desk.renewal_answered(&[(seat(1, 1), T)]);
        }
        report(desk, Some(from_s + (step + 1) * 15));
    }
}

fn pick(desk: &mut Desk) {
    desk.frame(FromPool::WarnIdle { seat: seat(1, 1), waiter: Some("Olaf".into()) });
}

fn outcomes(desk: &Desk) -> Vec<WarningOutcome> {
    desk.sent
        .iter()
        .filter_map(|(_, body)| match body {
            MachineMessage::WarningEnded { outcome, .. } => Some(*outcome),
            _ => None,
        })
        .collect()
}

#[test]
fn the_one_whom_the_pool_picks_is_warned_and_signed_off_after_a_full_countdown() {
    let mut desk = idle_for(Some(26 * 60));
    pick(&mut desk);
    let warning = desk.state(&lucy()).warning.unwrap();
    assert_eq!(warning.ends_boot_ms, desk.boot_ms + 2 * MIN);
    assert_eq!(warning.waiter.as_deref(), Some("Olaf"));
    stay_idle(&mut desk, 26 * 60, 105);
    assert!(desk.held());
    stay_idle(&mut desk, 26 * 60 + 105, 15);
    let expected = vec![(seat(1, 1), ReleaseReason::Idle)];
    assert_eq!(desk.sign_offs(), expected);
    assert_eq!(outcomes(&desk), vec![WarningOutcome::Unanswered]);
    let told = desk.notices().into_iter().any(
        |notice| matches!(notice, Notice::SignedOffIdle { next: Some(next), .. } if next == "Olaf"),
    );
    assert!(told);
}

#[test]
fn nobody_is_warned_who_was_not_picked() {
    let mut desk = idle_for(Some(40 * 60));
    stay_idle(&mut desk, 40 * 60, 60);
    assert!(desk.state(&lucy()).warning.is_none());
}

#[test]
fn input_keep_and_a_line_that_is_empty_each_end_a_warning() {
    type Act = fn(&mut Desk);
    let ends: [(Act, WarningOutcome); 3] = [
        (|desk| report(desk, Some(1)), WarningOutcome::Active),
        (
            |desk| {
                desk.ask(TRAY, Request::Keep { pool: pool() });
            },
            WarningOutcome::Kept,
        ),
        (|desk| desk.show(pool_view()), WarningOutcome::Withdrawn),
    ];
    for (act, outcome) in ends {
        let mut desk = idle_for(Some(26 * 60));
        pick(&mut desk);
        desk.pass(10_000);
        act(&mut desk);
        assert_eq!(outcomes(&desk), vec![outcome]);
        assert!(desk.state(&lucy()).warning.is_none());
        desk.pass(5 * MIN);
        assert!(desk.sign_offs().is_empty());
    }
}

#[test]
fn a_report_that_says_the_same_is_no_activity() {
    let mut desk = idle_for(Some(26 * 60));
    pick(&mut desk);
    desk.pass(500);
    report(&mut desk, Some(26 * 60));
    assert!(outcomes(&desk).is_empty());
}

#[test]
fn unknown_signs_nobody_off() {
    let mut desk = idle_for(None);
    pick(&mut desk);
    assert_eq!(outcomes(&desk), vec![WarningOutcome::Unknown]);

    let mut desk = idle_for(Some(26 * 60));
    pick(&mut desk);
    report(&mut desk, None);
    assert_eq!(outcomes(&desk), vec![WarningOutcome::Unknown]);

    let mut desk = idle_for(Some(26 * 60));
    pick(&mut desk);
    desk.pass(46_000);
    assert_eq!(
        outcomes(&desk),
        vec![WarningOutcome::Unknown],
        "a report that is too old says nothing"
    );
}

#[test]
fn one_who_came_back_is_not_warned_and_the_pool_is_told() {
    let mut desk = idle_for(Some(3));
    pick(&mut desk);
    assert_eq!(outcomes(&desk), vec![WarningOutcome::Active]);
}

#[test]
fn where_seats_go_back_unwanted_the_broker_decides_alone() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut view = pool_view();
    view.policy.only_when_wanted = false;
    desk.show(view);
    report(&mut desk, Some(25 * 60 - 30));
    stay_idle(&mut desk, 25 * 60 - 30, 15);
    assert!(desk.state(&lucy()).warning.is_none());
    stay_idle(&mut desk, 25 * 60 - 15, 15);
    let warning = desk.state(&lucy()).warning.unwrap();
    assert!(!warning.wanted);
    stay_idle(&mut desk, 25 * 60, 120);
    assert_eq!(desk.sign_offs(), vec![(seat(1, 1), ReleaseReason::Idle)]);
}

#[test]
fn a_locked_screen_counts_as_idle_since_the_lock() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let name = "uid 1000".to_owned();
    desk.input(Input::Os(OsEvent::Locked { name, locked: true }));
    desk.pass(20_000);
    report(&mut desk, Some(1));
    desk.pass(20_000);
    assert_eq!(desk.last_renewal().seats[0].idle_s, IdleSeconds::new(30));
}

#[test]
fn a_process_is_exempt() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    report(&mut desk, Some(50 * 60));
    desk.pass(30_000);
    let claim = desk.last_renewal().seats[0];
    assert!(claim.idle_exempt);
    assert_eq!(claim.idle_s, None);
    pick(&mut desk);
    assert!(desk.state(&lucy()).warning.is_none());
}

/// The renewals that were sent until now.
fn renewals(desk: &Desk) -> usize {
    desk.messages(is_renewal)
}

#[test]
fn a_limit_passed_otherwise_than_the_pool_expects_is_told_at_once_and_once() {
    let limit = 25 * MIN;
    let mut desk = idle_for(Some(0));
    // A lease so long that no other renewal comes in between.
    desk.core.link.as_mut().unwrap().lease_ms = 100 * MIN;
    // The pool hears that Lucy is at work, and would expect the limit too early by 20 s.
    desk.pass(30_000);
    report(&mut desk, Some(0));
    desk.renewal_answered(&[(seat(1, 1), 100 * MIN)]);
    desk.pass(20_000);
    report(&mut desk, Some(0));
    let at_work_until = desk.boot_ms;
    while desk.boot_ms + 30_000 < at_work_until + limit {
        desk.pass(30_000);
        let idle_s = (desk.boot_ms - at_work_until) / 1_000;
        report(&mut desk, Some(idle_s));
    }
    let before = renewals(&desk);
    desk.pass(at_work_until + limit - desk.boot_ms - 1);
    assert_eq!(renewals(&desk), before, "not before the limit");
    let next = next_deadline(&desk.core);
    assert_eq!(next, Some(at_work_until + limit), "the core asks to be called at the limit");
    desk.pass(1);
    assert_eq!(renewals(&desk), before + 1, "at the limit");
    assert_eq!(desk.last_renewal().seats[0].idle_s, IdleSeconds::new(25 * 60));
    desk.pass(10_000);
    report(&mut desk, Some(25 * 60 + 10));
    desk.pass(10_000);
    assert_eq!(renewals(&desk), before + 1, "once for each crossing");
}

#[test]
fn whoever_was_unknown_is_told_when_somebody_begins_to_wait() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    report(&mut desk, Some(26 * 60));
    let before = renewals(&desk);
    desk.pass(1_000);
    assert_eq!(renewals(&desk), before, "nobody waits");
    let mut view = pool_view();
    view.waiting = 1;
    desk.show(view);
    assert_eq!(renewals(&desk), before + 1);
    assert_eq!(desk.last_renewal().seats[0].idle_s, IdleSeconds::new(26 * 60 + 1));
}

#[test]
fn keeping_a_seat_elsewhere_ends_the_warning_and_counts_as_activity() {
    let kept = |desk: &mut Desk, ago_ms| {
        desk.frame(FromPool::Kept { seat: seat(1, 1), ago_ms: AgoMs::clamped(ago_ms) })
    };
    let mut desk = idle_for(Some(26 * 60));
    pick(&mut desk);
    desk.pass(10_000);
    kept(&mut desk, 500);
    assert!(desk.state(&lucy()).warning.is_none());
    assert!(matches!(desk.notices().last(), Some(Notice::WarningOver { .. })));
    // The pool wrote the answer down when it was given.
    assert_eq!(outcomes(&desk), []);
    desk.pass(20_000);
    assert_eq!(desk.last_renewal().seats[0].idle_s, IdleSeconds::new(20));

    // Said again after a snapshot, it does not end a warning that was given since.
    stay_idle(&mut desk, 26 * 60 + 30, 26 * 60);
    pick(&mut desk);
    assert!(desk.state(&lucy()).warning.is_some());
    let ago = 26 * MIN + 30_000;
    kept(&mut desk, ago);
    assert!(desk.state(&lucy()).warning.is_some());
}

#[test]
fn the_pool_hears_of_a_warning_that_it_did_not_ask_for() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut view = pool_view();
    view.policy.only_when_wanted = false;
    desk.show(view);
    report(&mut desk, Some(26 * 60));
    assert!(desk.state(&lucy()).warning.is_some());
    desk.frame(FromPool::Kept { seat: seat(1, 1), ago_ms: AgoMs::MIN });
    assert_eq!(outcomes(&desk), vec![WarningOutcome::Kept]);
    assert!(desk.state(&lucy()).warning.is_none());
}
