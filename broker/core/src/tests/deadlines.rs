//! When the core wants to be woken: nothing is due before, and something happens then.

use alloc::format;
use alloc::string::String;

use super::*;
use crate::clocks::Clocks;
use crate::limits::{OUTAGE_MS, REPEAT_FIRST_MS, REPEAT_MAX_MS};

/// What one can tell of a core and of what it did so far, without the clocks.
fn traces(desk: &Desk) -> (String, [usize; 4]) {
    let mut core = desk.core.clone();
    core.ctx.now = Now { boot_ms: 0, wall: WallTime { unix_ms: 0 } };
    let leaps = core.ctx.clocks.leaps;
    core.ctx.clocks = Clocks::new(core.ctx.now);
    core.ctx.clocks.leaps = leaps;
    let done = [desk.sent.len(), desk.pushes.len(), desk.replies.len(), desk.others.len()];
    (format!("{core:?}"), done)
}

fn tick_at(desk: &mut Desk, boot_ms: u64) {
    desk.wall_ms += i64::try_from(boot_ms - desk.boot_ms).unwrap();
    desk.boot_ms = boot_ms;
    desk.input(Input::Tick);
}

/// Wakes the core some times: a moment too early, then in time.
fn walk(play: &str, mut desk: Desk, times: usize) {
    for time in 0..times {
        let Some(next) = next_deadline(&desk.core) else {
            assert!(time > 0, "{play}: nothing is due at all");
            return;
        };
        assert!(next > desk.boot_ms, "{play}: what was due was done");
        let before = traces(&desk);
        tick_at(&mut desk, next - 1);
        assert_eq!(traces(&desk), before, "{play}: something changed before it was due");
        assert_eq!(next_deadline(&desk.core), Some(next), "{play}: the deadline moved by itself");
        tick_at(&mut desk, next);
        assert_ne!(traces(&desk), before, "{play}: the core was woken for nothing");
        assert_ne!(next_deadline(&desk.core), Some(next), "{play}: it is still due");
    }
}

#[test]
fn nothing_changes_before_the_next_deadline_and_something_does_at_it() {
    walk("a silent pool", Desk::with_tray_holding(seat(1, 1)), 12);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    walk("no link", desk, 12);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.close(TRAY);
    walk("a lost tray", desk, 6);

    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    desk.sign_on(TRAY, 2);
    walk("two sign-ons without an answer", desk, 6);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.answer(desk.number_of(is_sign_off), failed());
    walk("a sign-off that the pool could not take", desk, 6);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.disk_works = Some(false);
    desk.ask(TRAY, Request::SignOff { pool: None });
    walk("a disk that takes nothing", desk, 6);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.input(Input::Os(OsEvent::SleepBegins));
    walk("a machine that falls asleep", desk, 4);

    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.input(Input::Os(OsEvent::SleepBegins));
    desk.input(Input::Os(OsEvent::SleepEnded));
    walk("a machine that woke up without a pool", desk, 4);

    let desk = Desk::with_tray_holding(seat(1, 1));
    let desk = desk.restart(Boot::Same { grace_ms: RESTART_GRACE_MS });
    walk("a seat for which nobody comes back", desk, 4);
}

#[test]
fn what_the_pool_cannot_take_is_said_again_at_ever_longer_intervals() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::SignOff { pool: None });
    let mut wait = REPEAT_FIRST_MS;
    for said in 1..10 {
        assert_eq!(desk.messages(is_sign_off), said);
        desk.answer(desk.number_of(is_sign_off), failed());
        desk.pass(wait - 1);
        assert_eq!(desk.messages(is_sign_off), said, "not before {wait} ms");
        desk.pass(1);
        wait = (wait * 2).min(REPEAT_MAX_MS);
    }
    // A new link begins anew.
    desk.link_down();
    desk.link_up();
    assert_eq!(desk.messages(is_sign_off), 1);
    desk.answer(desk.number_of(is_sign_off), failed());
    desk.pass(REPEAT_FIRST_MS);
    assert_eq!(desk.messages(is_sign_off), 2);
}

#[test]
fn an_outage_is_worth_a_notice_from_ten_seconds_on() {
    for (outage_ms, notices) in [(OUTAGE_MS - 1, 0), (OUTAGE_MS, 1)] {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        desk.link_down();
        desk.pass(outage_ms);
        desk.link_up();
        desk.renewal_answered(&[(seat(1, 1), T)]);
        assert_eq!(desk.notices().len(), notices, "{outage_ms} ms");
    }
}
