//! What a person is told when a seat has ended, and what one click then does.

use hotseat_protocol::ids::OfferId;
use hotseat_protocol::ipc::{Change, LinkState, Lost, Notice};
use hotseat_protocol::link::SeatEnd;
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::reason::ReleaseReason;

use super::tests::{PoolStateSample, World, labels, notes};
use super::*;
use crate::desktop::recording::Done;
use crate::desktop::{NoteKey, Topic};
use crate::samples::{Sample, at, down, infor, lost, view};

#[test]
fn endings_are_told_with_the_next_step() {
    let mut world = World::tray(view(vec![infor()]));
    let pool = infor().pool.id;
    let mut tell = |notice| {
        let done = world.broker(LinkEvent::Notice(Box::new(notice)));
        let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
        (note.title.clone(), note.body.clone(), labels(note).join(", "))
    };
    let idle = Notice::SignedOffIdle {
        pool: pool.clone(),
        idle_since: at(9, 49, 0),
        next: None,
        seat: None,
    };
    assert_eq!(
        tell(idle),
        (
            "You were signed off.".to_owned(),
            "Idle since 09:49. Your seat went back.".to_owned(),
            "Wait for a seat".to_owned()
        )
    );
    let end = SeatEnd {
        reason: ReleaseReason::Reclaimed,
        by: Some("Lucy".to_owned()),
        note: Some("month-end closing".to_owned()),
        at: at(9, 13, 0),
    };
    let (title, body, _) = tell(Notice::Reclaimed { pool: pool.clone(), end, seat: None });
    assert_eq!(title, "Lucy took your seat back.");
    assert_eq!(body, "\"month-end closing\", at 09:13.");
    let (title, body, actions) = tell(Notice::Lost { pool, lost: lost() });
    assert_eq!(title, "Your seat is lost.");
    assert_eq!(body, "At 10:08:56: the pool did not answer for 80\u{a0}s. Save your work.");
    assert_eq!(actions, "Wait for a seat, Open Hotseat");
}

#[test]
fn after_a_wake_it_is_told_who_has_the_seat_and_where_one_stands() {
    let pool = infor().pool.id;
    let slept = Lost { silent_s: None, slept: true, ..lost() };
    let told = |state: PoolStateSample, taken_by: &[&str], free, rank| {
        let mut world = World::tray(view(vec![state.lost()]));
        let taken_by = taken_by.iter().map(|name| (*name).to_owned()).collect();
        let notice =
            Notice::ResumeReport { pool: pool.clone(), lost: slept.clone(), taken_by, free, rank };
        let done = world.broker(LinkEvent::Notice(Box::new(notice)));
        let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
        (note.body.clone(), labels(note).join(", "))
    };
    let why = "At 10:08:56: this computer slept longer than a seat is kept.";
    let (body, buttons) = told(infor().in_use(2), &["Bill"], Some(0), Some(1));
    let after = "Bill has it now. You would be next in line.";
    assert_eq!(body, format!("{why} {after} Save your work."));
    assert_eq!(buttons, "Wait for a seat, Open Hotseat");

    let (body, buttons) = told(infor().in_use(2).in_line(1), &["Bill"], Some(0), Some(1));
    let after = "Bill has it now. You are next in line.";
    assert_eq!(body, format!("{why} {after} Save your work."));
    assert_eq!(buttons, "Open Hotseat", "the line needs no second click");

    let (body, buttons) = told(infor().in_use(1), &[], Some(1), Some(1));
    assert_eq!(body, format!("{why} A seat is free. Save your work."));
    assert_eq!(buttons, "Take a seat, Open Hotseat");

    let (body, buttons) = told(infor(), &[], None, None);
    assert_eq!(body, format!("{why} Save your work."));
    assert_eq!(buttons, "Wait for a seat, Open Hotseat");
}

#[test]
fn a_button_that_comes_too_late_opens_the_window() {
    let pool = infor().pool.id;
    let mut broken = view(vec![infor().lost()]);
    broken.link = down();
    let mut world = World::tray(broken);
    let wait = Action::in_pool(&pool, Verb::Wait);
    assert_eq!(world.act(wait, Origin::Notification), [Done::WindowOpened]);
    assert_eq!(world.asked(), []);
}

#[test]
fn a_loss_that_was_not_seen_yet_hides_no_offer() {
    let take = Action::in_pool(&infor().pool.id, Verb::TakeOffered);
    let mut world = World::tray(view(vec![infor().offered().lost()]));
    world.act(take, Origin::Notification);
    let offer = OfferId::from_random(5);
    assert!(world.asked().contains(&Request::AcceptOffer { offer }));
}

#[test]
fn a_pool_that_refuses_this_computer_is_told_once_in_its_own_words() {
    let refused = |code, next: &str| {
        let mut broken = view(vec![infor()]);
        let problem = Problem::new(code, "Another computer uses this one's enrolment.", next);
        broken.link = LinkState::Down { since: None, cause: Some(problem) };
        broken
    };
    let snapshot = |view| LinkEvent::Snapshot(Box::new(view));
    let mut world = World::tray(view(vec![infor()]));
    let done = world.broker(snapshot(refused(Code::MachineCloned, "Enrol again.")));
    let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
    assert_eq!(note.title, "The pool refuses this computer.");
    assert_eq!(note.body, "Another computer uses this one's enrolment. Enrol again.");
    assert_eq!(labels(note), ["Open Hotseat"]);

    // Between two refusals an attempt may fail in another way: nobody is told twice.
    let silent = refused(Code::PoolUnreachable, "");
    assert_eq!(notes(&world.broker(snapshot(silent))).len(), 0);
    let again = refused(Code::MachineCloned, "Enrol again.");
    assert_eq!(notes(&world.broker(snapshot(again.clone()))).len(), 0);

    let key = NoteKey { pool: None, topic: Topic::Trouble };
    assert!(world.pools(vec![infor()]).contains(&Done::Withdrawn(key)));
    assert_eq!(notes(&world.broker(snapshot(again))).len(), 1, "it is so again");
}

#[test]
fn a_computer_whose_identity_is_used_twice_is_told_so_although_the_link_works() {
    let mut world = World::tray(view(vec![infor()]));
    let mut twice = view(vec![infor()]);
    let problem = Problem::new(Code::MachineCloned, "It is used twice.", "Enrol again.");
    twice.trouble = Some(problem.clone());
    let done = world.broker(LinkEvent::Snapshot(Box::new(twice)));
    let [note] = notes(&done)[..] else { panic!("one notification: {done:?}") };
    assert_eq!(note.title, "This computer needs an administrator.");
    assert_eq!(note.body, "It is used twice. Enrol again.");
    let change = |trouble| LinkEvent::Changed(vec![Change::Trouble { trouble }]);
    assert_eq!(notes(&world.broker(change(Some(problem)))).len(), 0, "told again");
    let key = NoteKey { pool: None, topic: Topic::Trouble };
    assert!(world.broker(change(None)).contains(&Done::Withdrawn(key)));
}
