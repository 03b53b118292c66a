//! The application's own log-out: before the release, never in its way.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::link::SeatClaimEnd;

use super::*;

const HOOK_MS: u64 = 2_000;

/// Lucy's tray holds a seat of a pool with a hook.
fn hooked(timeout_ms: u64) -> Desk {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    desk.core.outbox.hooks.configure(pool(), timeout_ms);
    desk
}

fn runs(desk: &Desk) -> Vec<(HookId, ReleaseReason)> {
    let runs = desk.others.iter().filter_map(|effect| match effect {
        Effect::RunHook { hook, owner, reason, .. } => {
            assert_eq!(*owner, lucy());
            Some((*hook, *reason))
        }
        _ => None,
    });
    runs.collect()
}

fn skipped(desk: &Desk) -> bool {
    desk.others.iter().any(|effect| matches!(effect, Effect::SkipHook { .. }))
}

#[test]
fn the_release_waits_for_the_hook() {
    let mut desk = hooked(HOOK_MS);
    let id = desk.ask(TRAY, Request::SignOff { pool: None });
    assert!(!desk.held(), "belief ends first");
    assert!(matches!(desk.reply(id), Some(Reply::SignedOff { .. })), "it is durable");
    let [(hook, reason)] = runs(&desk)[..] else { panic!("{:?}", desk.others) };
    assert_eq!(reason, ReleaseReason::SignedOffByTheUser);
    assert!(desk.sign_offs().is_empty(), "the pool hears of it afterwards");
    desk.input(Input::HookEnded { hook });
    assert_eq!(desk.sign_offs(), vec![(seat(1, 1), ReleaseReason::SignedOffByTheUser)]);
    assert_eq!(runs(&desk).len(), 1);
}

#[test]
fn a_hook_that_hangs_holds_the_release_up_until_its_time_out_and_no_longer() {
    let mut desk = hooked(HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.pass(HOOK_MS - 1);
    assert!(desk.sign_offs().is_empty());
    desk.pass(1);
    assert_eq!(desk.sign_offs().len(), 1);
    let [(hook, _)] = runs(&desk)[..] else { panic!() };
    desk.input(Input::HookEnded { hook });
    assert_eq!(desk.sign_offs().len(), 1, "a late word changes nothing");
}

#[test]
fn a_new_link_does_not_hurry_it() {
    let mut desk = hooked(HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.link_down();
    desk.link_up();
    assert!(desk.sign_offs().is_empty());
    desk.pass(HOOK_MS);
    assert_eq!(desk.sign_offs().len(), 1);
}

#[test]
fn the_next_sign_on_comes_after_the_log_out() {
    let mut desk = hooked(HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.sign_on(TRAY, 2);
    desk.open(OTHER, Role::Tray, bill());
    desk.sign_on(OTHER, 3);
    assert_eq!(desk.messages(is_sign_on), 2, "Lucy's first, and Bill's, who waits for nothing");
    let [(hook, _)] = runs(&desk)[..] else { panic!() };
    desk.input(Input::HookEnded { hook });
    assert_eq!(desk.messages(is_sign_on), 3);
    let last = desk.sent.iter().rposition(|(_, body)| is_sign_on(body));
    assert!(desk.sent.iter().position(|(_, body)| is_sign_off(body)) < last);
}

#[test]
fn a_pool_without_a_hook_waits_for_nothing() {
    let mut desk = Desk::with_tray_holding(seat(1, 1));
    let another = PoolId::new("another").unwrap();
    desk.core.outbox.hooks.configure(another, HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    assert_eq!(desk.sign_offs().len(), 1);
    assert!(runs(&desk).is_empty() && !skipped(&desk));
}

#[test]
fn it_is_skipped_when_less_time_is_left_than_it_may_take() {
    let ends: [fn(&mut Desk); 3] = [
        |desk| desk.input(Input::Stop),
        |desk| desk.input(Input::Os(OsEvent::ShutDownBegins)),
        |desk| desk.input(Input::Os(OsEvent::SleepBegins)),
    ];
    for end in ends {
        let mut long = hooked(ENDING_BUDGET_MS - HOOK_ROOM_MS + 1);
        end(&mut long);
        assert!(skipped(&long) && runs(&long).is_empty());
        assert_eq!(long.sign_offs().len(), 1, "the release waits for nothing");

        let mut short = hooked(ENDING_BUDGET_MS - HOOK_ROOM_MS);
        end(&mut short);
        assert!(!skipped(&short) && runs(&short).len() == 1);
        assert!(short.sign_offs().is_empty());
        short.pass(ENDING_BUDGET_MS - HOOK_ROOM_MS);
        assert_eq!(short.sign_offs().len(), 1, "with time left for the answer");
        let before = short.others.len();
        short.answer(short.number_of(is_sign_off), PoolAnswer::Done);
        assert_eq!(short.others.len(), before + 1, "then the machine goes on: {:?}", short.others);
    }
}

#[test]
fn one_that_runs_when_the_machine_shuts_down_is_waited_for_within_the_budget() {
    let mut desk = hooked(10_000);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.pass(1_000);
    desk.input(Input::Os(OsEvent::ShutDownBegins));
    desk.pass(ENDING_BUDGET_MS - HOOK_ROOM_MS - 1);
    assert!(desk.sign_offs().is_empty());
    desk.pass(1);
    assert_eq!(desk.sign_offs().len(), 1);
}

#[test]
fn without_a_pool_the_broker_still_waits_for_the_hook() {
    let mut desk = hooked(HOOK_MS);
    desk.link_down();
    desk.input(Input::Stop);
    assert!(!desk.others.contains(&Effect::Stop));
    let [(hook, _)] = runs(&desk)[..] else { panic!() };
    desk.input(Input::HookEnded { hook });
    assert!(desk.others.contains(&Effect::Stop));
}

#[test]
fn a_lost_seat_is_logged_out_at_once_and_only_once() {
    let mut desk = hooked(HOOK_MS);
    desk.link_down();
    desk.pass(T);
    assert_eq!(runs(&desk).len(), 1, "at its deadline");
    assert_eq!(runs(&desk)[0].1, ReleaseReason::LeaseExpired);
    desk.link_up();
    desk.renewed(Renewed {
        ended: vec![SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::LeaseExpired)) }],
        ..Renewed::default()
    });
    assert_eq!(runs(&desk).len(), 1, "and not again when the pool says so");
}

#[test]
fn a_lost_seat_that_comes_back_is_logged_out_again_at_its_end() {
    let mut desk = hooked(HOOK_MS);
    desk.link_down();
    desk.pass(T);
    desk.link_up();
    desk.renewal_answered(&[(seat(1, 1), T)]);
    assert!(desk.held());
    desk.ask(TRAY, Request::SignOff { pool: None });
    assert_eq!(runs(&desk).len(), 2);
}

#[test]
fn a_seat_that_is_taken_back_is_let_go_after_the_hook() {
    let mut desk = hooked(HOOK_MS);
    let leaving = |body: &MachineMessage| matches!(body, MachineMessage::LeavingDone { .. });
    desk.pass(30_000);
    desk.renewed(Renewed {
        leaving: vec![SeatClaimEnd { seat: seat(1, 1), end: Some(end(ReleaseReason::Reclaimed)) }],
        ..Renewed::default()
    });
    assert!(!desk.held());
    let [(hook, reason)] = runs(&desk)[..] else { panic!() };
    assert_eq!(reason, ReleaseReason::Reclaimed);
    assert_eq!(desk.messages(leaving), 0);
    desk.input(Input::HookEnded { hook });
    assert_eq!(desk.messages(leaving), 1);
}

#[test]
fn a_seat_that_the_pool_ended_without_a_word_to_us_is_logged_out() {
    let mut desk = hooked(HOOK_MS);
    desk.pass(30_000);
    desk.renewed(Renewed {
        ended: vec![SeatClaimEnd {
            seat: seat(1, 1),
            end: Some(end(ReleaseReason::SignedOffByTheUser)),
        }],
        ..Renewed::default()
    });
    assert_eq!(runs(&desk).len(), 1);
}

const GRACE: Boot = Boot::Same { grace_ms: RESTART_GRACE_MS };

/// The broker dies; the next one knows the same hook.
fn killed(desk: Desk, boot: Boot) -> Desk {
    let settings = Settings { hooks: [(pool(), HOOK_MS)].into(), ..settings() };
    Desk::start_with(settings, desk.disk, boot, desk.boot_ms + 1_000)
}

#[test]
fn a_hook_that_a_crash_of_the_broker_interrupted_is_run_again_before_the_release() {
    for boot in [GRACE, Boot::Another] {
        let mut desk = hooked(HOOK_MS);
        desk.ask(TRAY, Request::SignOff { pool: None });
        assert_eq!(runs(&desk).len(), 1);
        let mut desk = killed(desk, boot);
        let [(hook, reason)] = runs(&desk)[..] else { panic!("{boot:?}: {:?}", desk.others) };
        assert_eq!(reason, ReleaseReason::SignedOffByTheUser);
        desk.link_up();
        assert!(desk.sign_offs().is_empty(), "{boot:?}: the pool hears of it afterwards");
        desk.input(Input::HookEnded { hook });
        assert_eq!(desk.sign_offs().len(), 1);
        assert!(desk.disk.hooks.is_empty());
        let desk = killed(desk, boot);
        assert!(runs(&desk).is_empty(), "{boot:?}: it has ended");
    }
}

#[test]
fn one_that_ran_into_its_time_out_has_ended() {
    let mut desk = hooked(HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.pass(HOOK_MS);
    assert!(desk.disk.hooks.is_empty());
}

#[test]
fn a_hook_of_a_lost_seat_is_run_again_too() {
    let mut desk = hooked(HOOK_MS);
    desk.link_down();
    desk.pass(fence_ms(T));
    assert_eq!(runs(&desk).len(), 1);
    assert_eq!(runs(&killed(desk, GRACE)).len(), 1);
}

#[test]
fn the_next_sign_on_waits_for_a_hook_that_was_left_too() {
    let mut desk = hooked(HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let mut desk = killed(desk, GRACE);
    desk.link_up();
    desk.open(TRAY, Role::Tray, lucy());
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), 0);
    let [(hook, _)] = runs(&desk)[..] else { panic!() };
    desk.input(Input::HookEnded { hook });
    assert_eq!(desk.messages(is_sign_on), 1);
}

#[test]
fn a_hook_that_the_configuration_no_longer_names_holds_nothing_up() {
    let mut desk = hooked(HOOK_MS);
    desk.ask(TRAY, Request::SignOff { pool: None });
    let mut desk = desk.restart(GRACE);
    desk.link_up();
    assert_eq!(desk.sign_offs().len(), 1);
    assert!(runs(&desk).is_empty() && desk.disk.hooks.is_empty());
}

/// A sign-on again with a held key is under way, and the tray says goodbye.
fn cancelled() -> Desk {
    let mut desk = hooked(HOOK_MS);
    // The seat is not believed in at this moment, so the pool is asked again.
    desk.wall_ms += 60_000;
    desk.sign_on(TRAY, 2);
    assert_eq!(desk.messages(is_sign_on), 2);
    desk.ask(TRAY, Request::Goodbye);
    assert_eq!(runs(&desk).len(), 1);
    desk
}

#[test]
fn a_cancel_of_a_sign_on_again_waits_for_the_hook_because_it_releases_the_seat() {
    let mut desk = cancelled();
    assert_eq!(desk.messages(is_cancel), 0);
    let [(hook, _)] = runs(&desk)[..] else { panic!() };
    desk.input(Input::HookEnded { hook });
    assert_eq!((desk.messages(is_cancel), desk.sign_offs().len()), (1, 1));
}

#[test]
fn so_it_does_after_a_crash_of_the_broker() {
    let mut desk = killed(cancelled(), GRACE);
    desk.link_up();
    assert_eq!((desk.messages(is_cancel), desk.sign_offs().len()), (0, 0));
    let [(hook, _)] = runs(&desk)[..] else { panic!() };
    desk.input(Input::HookEnded { hook });
    assert_eq!((desk.messages(is_cancel), desk.sign_offs().len()), (1, 1));
}

#[test]
fn a_cancel_without_a_hook_waits_for_nothing() {
    let mut desk = hooked(HOOK_MS);
    desk.open(OTHER, Role::Tray, bill());
    desk.ask(TRAY, Request::SignOff { pool: None });
    desk.sign_on(OTHER, 3);
    desk.ask(OTHER, Request::Goodbye);
    assert_eq!(desk.messages(is_cancel), 1, "it is Lucy's hook that runs");
}
