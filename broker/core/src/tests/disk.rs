//! The disk of a machine is slow, or takes nothing: what waits for it, and what does not.

use super::*;

fn released(desk: &Desk) -> bool {
    desk.others.contains(&Effect::ReleaseInhibitor(Inhibitor::Sleep))
}

#[test]
fn a_machine_without_a_pool_sleeps_once_its_sign_offs_are_on_the_disk() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.disk_works = None;
    desk.input(Input::Os(OsEvent::SleepBegins));
    assert!(!released(&desk));
    let [write] = desk.writes[..] else { panic!("{:?}", desk.writes) };
    desk.input(Input::Stored { write, ok: true });
    assert!(released(&desk));
}

#[test]
fn an_answer_about_an_earlier_write_acknowledges_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.disk_works = None;
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 2);
    let asked = desk.messages(is_sign_on);
    let first = desk.writes[0];
    desk.input(Input::Stored { write: first, ok: true });
    assert_eq!(desk.messages(is_sign_on), asked + 1);
    desk.link_down();
    let id = desk.ask(TRAY, Request::SignOff { pool: None });
    let second = *desk.writes.last().unwrap();
    desk.input(Input::Stored { write: first, ok: true });
    assert_eq!(desk.reply(id), None);
    desk.input(Input::Stored { write: second, ok: true });
    assert!(matches!(desk.reply(id), Some(Reply::SignedOff { .. })));
}

#[test]
fn a_disk_that_hangs_after_it_failed_is_waited_for_and_not_asked_again() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.disk_works = Some(false);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.disk_works = None;
    desk.pass(5_000);
    let [write] = desk.writes[..] else { panic!("{:?}", desk.writes) };
    // A log-out must be written down, too, and waits its turn.
    desk.ask(TRAY, Request::LogOut);
    desk.pass(60_000);
    assert_eq!(desk.writes.len(), 1, "one write is under way at a time");
    desk.input(Input::Stored { write, ok: true });
    assert_eq!(desk.writes.len(), 2);
}

#[test]
fn what_was_refused_by_the_disk_is_tried_again_after_five_seconds_and_not_sooner() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.disk_works = Some(false);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.disk_works = Some(true);
    desk.pass(4_999);
    assert!(desk.disk.sign_offs.is_empty());
    desk.pass(1);
    assert_eq!(desk.disk.sign_offs.len(), 1);
}
