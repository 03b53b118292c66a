//! Every way an end comes about, and that none can be lost.

use alloc::borrow::ToOwned;
use alloc::vec;

use hotseat_protocol::link::SeatClaimEnd;

use super::*;

#[test]
fn a_sign_off_is_acknowledged_once_it_is_durable() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.disk_works = None;
    let id = desk.ask(TRAY, Request::SignOff { pool: None });
    assert!(!desk.held(), "belief ends first");
    assert_eq!(desk.sign_offs().len(), 1, "it is said at once");
    assert!(desk.reply(id).is_none());
    let write = desk.writes[0];
    desk.input(Input::Stored { write, ok: true });
    assert_eq!(desk.reply(id), Some(&Reply::SignedOff { pools: vec![pool()] }));
}

#[test]
fn where_nothing_can_be_written_a_sign_off_waits_for_the_pools_answer() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.disk_works = Some(false);
    let id = desk.ask(TRAY, Request::SignOff { pool: None });
    assert!(desk.reply(id).is_none());
    desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
    assert!(matches!(desk.reply(id), Some(Reply::SignedOff { .. })));
}

#[test]
fn where_nothing_can_be_written_no_seat_is_taken() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.disk_works = Some(false);
    let id = desk.sign_on(TRAY, 1);
    assert_eq!(desk.problem(id), Some(Code::StateUnwritable));
    assert_eq!(desk.messages(is_sign_on), 0);
    desk.disk_works = Some(true);
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), 1);
}

#[test]
fn a_sign_on_is_written_down_before_it_is_sent() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.disk_works = None;
    desk.sign_on(TRAY, 1);
    assert_eq!(desk.messages(is_sign_on), 0);
    let write = desk.writes[0];
    desk.input(Input::Stored { write, ok: true });
    assert_eq!(desk.messages(is_sign_on), 1);
}

#[test]
fn a_sign_off_while_the_sign_on_is_still_being_written_down_is_no_less_safe() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.disk_works = None;
    desk.sign_on(TRAY, 1);
    let id = desk.ask(TRAY, Request::SignOff { pool: None });
    let intent = desk.writes[0];
    desk.input(Input::Stored { write: intent, ok: true });
    assert!(desk.reply(id).is_none(), "a crash now would bring the sign-on back");
    let end = *desk.writes.last().unwrap();
    assert_ne!(end, intent);
    desk.input(Input::Stored { write: end, ok: true });
    assert!(matches!(desk.reply(id), Some(Reply::SignedOff { .. })));
    assert_eq!(desk.messages(is_sign_on), 0);
}

#[test]
fn a_sign_off_is_repeated_until_the_pool_answers_it_and_comes_first_on_a_new_link() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.link_down();
    desk.pass(1_000);
    desk.link_up();
    assert!(is_sign_off(&desk.sent[0].1), "{:?}", desk.sent);

    desk.answer(desk.number_of(is_sign_off), failed());
    assert_eq!(desk.messages(is_sign_off), 1);
    desk.pass(1_000);
    assert_eq!(desk.messages(is_sign_off), 2, "an error is no answer: again, on the same link");
    desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
    assert!(desk.disk.sign_offs.is_empty());
    desk.link_up();
    assert_eq!(desk.messages(is_sign_off), 0);
}

#[test]
fn sign_offs_go_before_sign_ons_on_a_new_link() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.sign_on(TRAY, 2);
    desk.link_down();
    desk.link_up();
    let position = |kind: fn(&MachineMessage) -> bool| {
        let mut sent = desk.sent.iter();
        sent.position(|(_, body)| kind(body)).unwrap()
    };
    assert!(position(is_sign_off) < position(is_sign_on));
    assert!(position(is_sign_on) < position(is_renewal));
}

#[test]
fn a_seat_ends_when_its_tray_says_goodbye() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let id = desk.ask(TRAY, Request::Goodbye);
    assert_eq!(desk.reply(id), Some(&Reply::Done));
    let expected = vec![(seat(1, 1), ReleaseReason::TrayClosed)];
    assert_eq!(desk.sign_offs(), expected);
    assert!(desk.disk.sign_offs.contains_key(&seat(1, 1).id));
}

#[test]
fn a_lost_tray_costs_the_seat_only_after_the_grace() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.close(TRAY);
    desk.pass(9_999);
    assert!(desk.held());
    desk.pass(1);
    let expected = vec![(seat(1, 1), ReleaseReason::TrayLost)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn a_tray_that_comes_back_in_time_keeps_the_seat() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.close(TRAY);
    desk.pass(9_000);
    desk.open(ConnectionId(9), Role::Tray, lucy());
    desk.pass(20_000);
    assert!(desk.held());
}

#[test]
fn a_seat_of_a_process_ends_with_its_connection() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    assert!(desk.held());
    desk.close(RUN);
    let expected = vec![(seat(1, 1), ReleaseReason::ApplicationExited)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn an_asker_that_is_gone_before_the_answer_cancels() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on(RUN, 1);
    let n = desk.number_of(is_sign_on);
    desk.close(RUN);
    let body =
        MachineMessage::Cancel { request: request(1), reason: ReleaseReason::ApplicationExited };
    assert_eq!(desk.sent.last().unwrap().1, body);
    assert!(desk.disk.cancels.contains_key(&request(1)));
    desk.answer(n, granted(seat(1, 1), T));
    assert!(!desk.held());

    desk.answer(desk.number_of(is_cancel), failed());
    desk.pass(1_000);
    assert_eq!(desk.messages(is_cancel), 2);
    desk.answer(desk.number_of(is_cancel), PoolAnswer::Done);
    assert!(desk.disk.cancels.is_empty() && desk.disk.intents.is_empty());
}

#[test]
fn an_unanswered_sign_on_is_given_up_with_a_cancel() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    let id = desk.sign_on(TRAY, 1);
    desk.pass(ANSWER_LIMIT_MS);
    assert_eq!(desk.problem(id), Some(Code::PoolUnreachable));
    assert_eq!(desk.messages(is_cancel), 1);
}

#[test]
fn a_seat_that_is_taken_back_is_let_go_and_the_pool_is_told() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let mut taken = end(ReleaseReason::Reclaimed);
    taken.by = Some("Olaf".into());
    desk.renewed(Renewed {
        leaving: vec![SeatClaimEnd { seat: seat(1, 1), end: Some(taken.clone()) }],
        ..Renewed::default()
    });
    assert!(!desk.held());
    let [Notice::Reclaimed { end, seat: Some(ended), .. }] = desk.notices()[..] else {
        panic!("{:?}", desk.notices())
    };
    assert_eq!((end, ended.id, ended.newest), (&taken, seat(1, 1).id, seat(1, 1).epoch));
    let leaving = |body: &MachineMessage| matches!(body, MachineMessage::LeavingDone { .. });
    assert_eq!(desk.messages(leaving), 1);
    desk.pass(30_000);
    assert!(desk.last_renewal().seats.is_empty(), "never claimed again");
    desk.answer(desk.number_of(leaving), PoolAnswer::Done);
    assert!(desk.seats_of(&lucy()).is_empty() && desk.disk.seats.is_empty());
}

#[test]
fn that_a_seat_was_let_go_is_said_again_when_the_pool_could_not_take_it() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.pass(30_000);
    let taken = SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::Reclaimed)) };
    desk.renewed(Renewed { leaving: vec![taken], ..Renewed::default() });
    let let_go = |body: &MachineMessage| matches!(body, MachineMessage::LeavingDone { .. });
    desk.answer(desk.number_of(let_go), failed());
    assert_eq!(desk.messages(let_go), 1);
    desk.pass(1_000);
    assert_eq!(desk.messages(let_go), 2);
}

#[test]
fn the_ends_of_the_operating_system_each_have_their_reason() {
    let name = "uid 1000".to_owned();
    let cases = [
        (OsEvent::SessionEnded { name }, ReleaseReason::LoggedOut),
        (OsEvent::ShutDownBegins, ReleaseReason::ShutDown),
        (OsEvent::SleepBegins, ReleaseReason::Suspended),
    ];
    for (event, reason) in cases {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        desk.input(Input::Os(event));
        assert_eq!(desk.sign_offs(), vec![(seat(1, 1), reason)]);
    }
}

#[test]
fn the_machine_sleeps_when_the_pool_has_answered_or_the_budget_is_used_up() {
    for answered in [true, false] {
        let mut desk = Desk::with_tray_holding(seat(1, 1));
        desk.input(Input::Os(OsEvent::SleepBegins));
        assert!(desk.others.is_empty());
        if answered {
            desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
        } else {
            desk.pass(ENDING_BUDGET_MS);
        }
        let released = vec![Effect::ReleaseInhibitor(Inhibitor::Sleep)];
        assert_eq!(desk.others, released);
        let id = desk.sign_on(TRAY, 5);
        assert_eq!(desk.problem(id), Some(Code::Unavailable));
        desk.input(Input::Os(OsEvent::SleepEnded));
        desk.sign_on(TRAY, 6);
        assert_eq!(desk.messages(is_sign_on), 2);
    }
}

#[test]
fn a_pool_that_lets_sleepers_keep_their_seats_is_left_alone() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let mut view = pool_view();
    view.policy.on_sleep = OnSleep::Keep;
    desk.show(view);
    desk.input(Input::Os(OsEvent::SleepBegins));
    assert!(desk.held());
    let released = vec![Effect::ReleaseInhibitor(Inhibitor::Sleep)];
    assert_eq!(desk.others, released);
}

#[test]
fn a_broker_that_stops_signs_everybody_off_first() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.input(Input::Stop);
    let expected = vec![(seat(1, 1), ReleaseReason::BrokerStopped)];
    assert_eq!(desk.sign_offs(), expected);
    assert!(desk.pushes.contains(&(TRAY, FromBroker::Stopping)));
    assert!(desk.others.is_empty());
    desk.answer(desk.number_of(is_sign_off), PoolAnswer::Done);
    assert_eq!(desk.others, vec![Effect::Stop]);
}

#[test]
fn a_broker_that_stops_without_a_pool_leaves_its_sign_offs_on_the_disk() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.input(Input::Stop);
    assert_eq!(desk.others, vec![Effect::Stop]);
    assert!(desk.disk.sign_offs.contains_key(&seat(1, 1).id));
}
