//! Log-out, sleep and shut-down, as logind tells them to the real binary.

use hotseat_protocol::ipc::{FromBroker, Notice, Reply, Request, Role, ToBroker};
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::Signal;

use super::answers;
use super::fake_logind::{FakeLogind, SESSION_ID};
use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, Link, seat};
use crate::platform::unix::signals::signal;
use crate::process::{Process, broker};
use crate::programs::{Program, Raw, hello, seats};

struct Office {
    _desktop: Desktop,
    logind: FakeLogind,
    process: Process,
    link: Link,
    tray: Program,
}

/// A tray in logind's session holds a seat.
async fn holding() -> (Office, FakePool) {
    holding_with(FakePool::start().await, FakeLogind::start().await).await
}

async fn holding_with(fake: FakePool, logind: FakeLogind) -> (Office, FakePool) {
    let desktop = Desktop::enrolled(&fake);
    let mut command = broker(&desktop);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", &logind.address);
    let process = Process::start(command);
    let mut link = fake.link().await;
    let mut tray = Program::start(&desktop.socket(), Role::Tray).await;
    assert_eq!(tray.client.about().session, SESSION_ID);
    tray.linked().await;
    tokio::join!(tray.ask(Program::log_in()), link.log_in());
    tokio::join!(tray.ask(Program::sign_on(1)), link.grant(seat(1)));
    (Office { _desktop: desktop, logind, process, link, tray }, fake)
}

#[tokio::test]
async fn shut_down_waits_until_the_seats_are_given_back() {
    let (mut office, _fake) = holding().await;
    let mut held = office.logind.inhibitors().await;
    office.logind.shut_down(true).await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::ShutDown);
    held.remove("shutdown").unwrap().released().await;
    signal(&office.process, Signal::TERM);
    assert_eq!(office.process.ended().await.0, Some(0));
}

#[tokio::test]
async fn sleep_waits_and_is_held_back_the_next_time_again() {
    let (mut office, _fake) = holding().await;
    let mut held = office.logind.inhibitors().await;
    office.logind.sleep(true).await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::Suspended);
    held.remove("sleep").unwrap().released().await;
    office.logind.sleep(false).await;
    let again = office.logind.held().await;
    assert_eq!(again.what, "sleep");
    signal(&office.process, Signal::TERM);
    assert_eq!(office.process.ended().await.0, Some(0));
}

#[tokio::test]
async fn who_wakes_up_is_told_what_the_sleep_cost_once_the_pool_was_asked() {
    let (mut office, _fake) = holding().await;
    let _held = office.logind.inhibitors().await;
    assert_eq!(office.tray.ask(Request::Subscribe).await, Reply::Done);
    office.logind.sleep(true).await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::Suspended);
    office.logind.sleep(false).await;
    let told = async {
        loop {
            if let Some(FromBroker::Notice { notice: notice @ Notice::ResumeReport { .. } }) =
                office.tray.pushes.next().await
            {
                return notice;
            }
        }
    };
    let notice = tokio::select! {
        notice = crate::soon("the notice", told) => notice,
        other = office.link.next() => panic!("expected renewals only, not {other:?}"),
    };
    match notice {
        Notice::ResumeReport { lost, free, rank, .. } => {
            assert!(lost.slept);
            assert_eq!(lost.end.reason, ReleaseReason::Suspended);
            assert_eq!((free, rank), (Some(2), Some(1)));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_shut_down_that_is_called_off_is_held_back_the_next_time_again() {
    let (mut office, _fake) = holding().await;
    let mut held = office.logind.inhibitors().await;
    office.logind.shut_down(true).await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::ShutDown);
    held.remove("shutdown").unwrap().released().await;
    office.logind.shut_down(false).await;
    assert_eq!(office.logind.held().await.what, "shutdown");
    // And seats can be taken again.
    tokio::join!(office.tray.ask(Program::sign_on(2)), office.link.grant(seat(2)));
    office.logind.shut_down(true).await;
    assert_eq!(office.link.signed_off(seat(2)).await, ReleaseReason::ShutDown);
}

#[tokio::test]
async fn a_machine_that_must_not_be_held_back_yet_is_held_back_later() {
    let fake = FakePool::start().await;
    let logind = FakeLogind::start().await;
    logind.refuse(3);
    let (mut office, _fake) = holding_with(fake, logind).await;
    let mut held = office.logind.inhibitors().await;
    office.logind.shut_down(true).await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::ShutDown);
    held.remove("shutdown").unwrap().released().await;
}

#[tokio::test]
async fn a_session_that_is_locked_or_not_shown_is_idle_and_not_gone() {
    let (mut office, _fake) = holding().await;
    let _held = office.logind.inhibitors().await;
    for (locked, active) in [(false, false), (true, true), (true, false)] {
        office.logind.looks(locked, active).await;
        idle_is_known(&office.tray, true).await;
        office.logind.looks(false, true).await;
        idle_is_known(&office.tray, false).await;
    }
    let view = office.tray.view().await;
    assert_eq!(seats(&view).len(), 1, "it is still held");
    let tray = office.tray;
    let (_, reason) =
        tokio::join!(tray.ask(Request::SignOff { pool: None }), office.link.signed_off(seat(1)));
    assert_eq!(reason, ReleaseReason::SignedOffByTheUser, "nothing else has ended it before");
}

/// Waits until the broker knows, or does not know, for how long the person has been idle.
async fn idle_is_known(tray: &Program, known: bool) {
    let waiting = crate::soon("the broker hears of it", async {
        loop {
            match tray.ask(Request::Doctor).await {
                Reply::Health { health } if health.idle_s.is_some() == known => return,
                Reply::Health { .. } => tokio::task::yield_now().await,
                other => panic!("expected health, not {other:?}"),
            }
        }
    });
    waiting.await;
}

#[tokio::test]
async fn a_session_that_closes_or_goes_is_a_log_out() {
    let (mut office, _fake) = holding().await;
    office.logind.closing(true).await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::LoggedOut);
    drop(office);

    let (mut office, _fake) = holding().await;
    office.logind.removed().await;
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::LoggedOut);
}

#[tokio::test]
async fn a_tray_that_goes_with_its_session_was_logged_out_not_lost() {
    let (mut office, _fake) = holding().await;
    // logind has not said it yet, as it often has not; it is asked when the tray goes.
    office.logind.closing(false).await;
    drop(office.tray);
    assert_eq!(office.link.signed_off(seat(1)).await, ReleaseReason::LoggedOut);
}

#[tokio::test]
async fn without_logind_the_display_names_the_session() {
    let desktop = Desktop::new();
    let process = Process::start(broker(&desktop));
    answers(&desktop.socket()).await;
    let mut raw = Raw::connect(&desktop.socket()).await;
    raw.send(&ToBroker::Hello(hello(Role::Cli))).await;
    assert!(matches!(raw.next().await, Some(FromBroker::Hello { .. })));
    let session = "display :7".to_owned();
    assert_eq!(raw.next().await, Some(FromBroker::Welcome { session }));
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}
