//! What a broker finds after it was started again.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ipc::ResumeKey;

use super::*;
use crate::limits::CLONE_SHOWN_MS;

const GRACE: Boot = Boot::Same { grace_ms: RESTART_GRACE_MS };

#[test]
fn after_another_boot_everything_is_signed_off_at_once() {
    let mut desk = Desk::with_tray_holding(seat(1, 1)).restart(Boot::Another);
    assert!(desk.disk.sign_offs.contains_key(&seat(1, 1).id));
    desk.link_up();
    let expected = vec![(seat(1, 1), ReleaseReason::MachineRestarted)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn within_one_boot_a_tray_that_comes_back_keeps_the_seat() {
    let mut desk = Desk::with_tray_holding(seat(1, 1)).restart(GRACE);
    desk.link_up();
    desk.pass(5_000);
    desk.open(TRAY, Role::Tray, lucy());
    assert!(!desk.held(), "nothing is believed that nobody confirmed");
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    desk.pass(10_000);
    assert!(desk.held());
}

#[test]
fn within_one_boot_what_nobody_comes_back_for_ends_after_the_grace() {
    let mut desk = Desk::with_tray_holding(seat(1, 1)).restart(GRACE);
    desk.link_up();
    desk.pass(RESTART_GRACE_MS - 1);
    assert!(desk.sign_offs().is_empty());
    desk.pass(1);
    let expected = vec![(seat(1, 1), ReleaseReason::BrokerRestarted)];
    assert_eq!(desk.sign_offs(), expected);
}

fn run_holding() -> (Desk, ResumeKey) {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    let id = desk.sign_on(RUN, 1);
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 1), T));
    let Some(Reply::Outcome { resume: Some(resume), .. }) = desk.reply(id) else {
        panic!("no resume key: {:?}", desk.reply(id));
    };
    let resume = resume.clone();
    (desk, resume)
}

#[test]
fn a_process_comes_back_for_its_seat_with_its_key() {
    let (desk, resume) = run_holding();
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    desk.open_with(RUN, Role::Run, lucy(), vec![resume]);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    desk.pass(15_000);
    assert!(desk.held());
    desk.close(RUN);
    let expected = vec![(seat(1, 1), ReleaseReason::ApplicationExited)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn a_process_that_never_heard_of_its_seat_comes_back_with_its_request() {
    let (desk, _) = run_holding();
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    desk.open(RUN, Role::Run, lucy());
    // The next broker knows of the seat; the process knows only what it has asked for.
    desk.sign_on(RUN, 1);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    desk.pass(15_000);
    assert!(desk.held(), "{:?}", desk.sign_offs());
    desk.close(RUN);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::ApplicationExited)]);
}

#[test]
fn nobody_comes_back_with_another_users_request() {
    let (desk, _) = run_holding();
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    desk.open(RUN, Role::Run, bill());
    let id = desk.sign_on(RUN, 1);
    assert_eq!(desk.problem(id), Some(Code::RequestReused));
    desk.pass(RESTART_GRACE_MS);
    assert_eq!(desk.sign_offs(), [(seat(1, 1), ReleaseReason::BrokerRestarted)]);
}

#[test]
fn nobody_comes_back_with_a_wrong_key_or_as_another_user() {
    let (desk, resume) = run_holding();
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    let wrong = ResumeKey { seat: resume.seat, key: Secret::new("guessed") };
    desk.open_with(RUN, Role::Run, lucy(), vec![wrong]);
    desk.open_with(OTHER, Role::Run, bill(), vec![resume]);
    desk.pass(RESTART_GRACE_MS);
    let expected = vec![(seat(1, 1), ReleaseReason::BrokerRestarted)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn a_tray_does_not_come_back_for_a_process() {
    let (desk, _) = run_holding();
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    desk.open(TRAY, Role::Tray, lucy());
    desk.pass(RESTART_GRACE_MS);
    let expected = vec![(seat(1, 1), ReleaseReason::BrokerRestarted)];
    assert_eq!(desk.sign_offs(), expected);
}

#[test]
fn a_sign_on_that_was_under_way_is_asked_again_in_the_same_words() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    let asked = desk.sent.iter().find(|(_, body)| is_sign_on(body));
    let asked = asked.unwrap().1.clone();
    let mut desk = desk.restart(GRACE);
    desk.open(TRAY, Role::Tray, lucy());
    desk.link_up();
    let again = desk.sent.iter().find(|(_, body)| is_sign_on(body));
    assert_eq!(again.unwrap().1, asked);
}

#[test]
fn a_sign_on_that_was_under_way_is_cancelled_when_nobody_comes_back() {
    let mut desk = Desk::new();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 1);
    let mut desk = desk.restart(Boot::Another);
    desk.link_up();
    let body =
        MachineMessage::Cancel { request: request(1), reason: ReleaseReason::MachineRestarted };
    assert_eq!(desk.sent[0].1, body);
    assert_eq!(desk.messages(is_sign_on), 0);
}

#[test]
fn a_process_that_waits_comes_back_by_repeating_its_request() {
    let mut desk = Desk::new();
    desk.open(RUN, Role::Run, lucy());
    desk.sign_on_waiting(RUN, 1, Some(Accept::Auto));
    desk.answer(desk.number_of(is_sign_on), waiting::waiting_answer(1, None));
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    desk.open(RUN, Role::Run, lucy());
    let id = desk.sign_on_waiting(RUN, 1, Some(Accept::Auto));
    desk.answer(desk.number_of(is_sign_on), granted(seat(1, 4), T));
    desk.pass(RESTART_GRACE_MS);
    assert!(desk.held());
    assert!(matches!(desk.reply(id), Some(Reply::Outcome { resume: Some(_), .. })));
}

#[test]
fn sign_offs_and_ended_tokens_are_taken_up() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.ask(TRAY, Request::LogOut);
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    assert_eq!(desk.sign_offs().len(), 1);
    let log_out = |body: &MachineMessage| matches!(body, MachineMessage::LogOut { .. });
    assert_eq!(desk.messages(log_out), 1);
    desk.answer(desk.number_of(log_out), PoolAnswer::Done);
    assert!(desk.disk.ending_tokens.is_empty());
    assert!(!desk.disk.accounts.contains_key(&lucy()));
}

#[test]
fn what_an_older_copy_was_left_is_let_go_without_a_word() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.sign_on(TRAY, 2);
    // Another boot, and nobody came back: from both the broker derives ends.
    for boot in [Boot::Another, GRACE] {
        let disk = desk.disk.clone();
        let mut copy = Desk::start(disk, boot, 500_000_000);
        copy.input(Input::LeftoversVoid);
        copy.link_up();
        copy.pass(UPGRADE_GRACE_MS);
        assert_eq!(copy.sign_offs(), vec![], "{boot:?}");
        assert_eq!(copy.messages(is_cancel), 0, "{boot:?}");
        assert_eq!(copy.messages(is_sign_on), 0, "{boot:?}");
        assert!(copy.last_renewal().seats.is_empty(), "{boot:?}");
        assert!(copy.disk.seats.is_empty() && copy.disk.sign_offs.is_empty(), "{boot:?}");
        assert!(copy.disk.intents.is_empty() && copy.disk.cancels.is_empty(), "{boot:?}");
    }
}

#[test]
fn an_older_copy_still_says_the_sign_offs_that_were_accepted() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    desk.ask(TRAY, Request::SignOff { pool: None });
    let mut copy = Desk::start(desk.disk, Boot::Another, 500_000_000);
    copy.input(Input::LeftoversVoid);
    copy.link_up();
    let expected = vec![(seat(1, 1), ReleaseReason::SignedOffByTheUser)];
    assert_eq!(copy.sign_offs(), expected);
}

#[test]
fn a_seat_that_this_broker_had_confirmed_is_claimed_on_when_the_rest_is_void() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.link_down();
    assert!(desk.held());
    desk.input(Input::LeftoversVoid);
    assert!(!desk.held(), "the other computer may have signed off from it");
    desk.link_up();
    let claimed: Vec<_> = desk.last_renewal().seats.iter().map(|claim| claim.seat).collect();
    assert_eq!(claimed, [seat(1, 1)]);
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
}

#[test]
fn a_frame_of_an_older_link_says_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let older = desk.link;
    desk.link_down();
    desk.link_up();
    let n = desk.number_of(is_renewal);
    let renewed = Renewed {
        ended: vec![hotseat_protocol::link::SeatClaimEnd { seat: seat(1, 1), end: None }],
        ..Renewed::default()
    };
    let frame = FromPool::Answer { n, answer: PoolAnswer::Renewed(renewed) };
    desk.input(Input::FromPool { link: older, frame: frame.clone() });
    assert!(desk.held());
    let link = desk.link;
    desk.input(Input::FromPool { link, frame });
    assert!(!desk.held(), "over the newest link it counts");
}

#[test]
fn a_clone_of_this_machine_is_told_to_whoever_asks() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let at = WallTime { unix_ms: 77 };
    desk.frame(FromPool::CloneSeen { at });
    let id = desk.ask(TRAY, Request::Doctor);
    let Some(Reply::Health { health }) = desk.reply(id) else { panic!() };
    assert_eq!(health.clone_seen_at, Some(at));
}

#[test]
fn a_clone_of_this_machine_is_shown_to_everybody_while_it_goes_on() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let trouble = |desk: &Desk| desk.core.view(&lucy()).trouble.map(|problem| problem.code);
    let at = WallTime { unix_ms: desk.wall_ms };
    assert_eq!(trouble(&desk), None);
    desk.frame(FromPool::CloneSeen { at });
    assert_eq!(trouble(&desk), Some(Code::MachineCloned));
    let told = desk.pushes.iter().any(|(_, frame)| match frame {
        FromBroker::Changed { changes, .. } => changes
            .iter()
            .any(|change| matches!(change, hotseat_protocol::ipc::Change::Trouble { .. })),
        _ => false,
    });
    assert!(told, "{:?}", desk.pushes);
    desk.pass(CLONE_SHOWN_MS - 1);
    assert!(trouble(&desk).is_some());
    desk.pass(1);
    assert_eq!(trouble(&desk), None);
    desk.link_down();
    desk.link_up();
    // Each link begins with the last time.
    desk.frame(FromPool::CloneSeen { at });
    assert_eq!(trouble(&desk), None, "that was long ago");
}
