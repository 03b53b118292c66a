//! Log-out, sleep and shut-down, as logind tells them to the real binary.

use hotseat_protocol::ipc::{FromBroker, Role, ToBroker};
use hotseat_protocol::reason::ReleaseReason;
use rustix::process::Signal;

use super::fake_logind::{FakeLogind, SESSION_ID};
use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, Link, seat};
use crate::platform::unix::signals::signal;
use crate::process::{Process, broker};
use crate::programs::{Program, Raw, hello};

struct Office {
    _desktop: Desktop,
    logind: FakeLogind,
    process: Process,
    link: Link,
    tray: Program,
}

/// A tray in logind's session holds a seat.
async fn holding() -> (Office, FakePool) {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let logind = FakeLogind::start().await;
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
    office.logind.shut_down().await;
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
    let connecting = crate::soon("the socket is there", async {
        while !desktop.socket().exists() {
            tokio::task::yield_now().await;
        }
    });
    connecting.await;
    let mut raw = Raw::connect(&desktop.socket()).await;
    raw.send(&ToBroker::Hello(hello(Role::Cli))).await;
    assert!(matches!(raw.next().await, Some(FromBroker::Hello { .. })));
    let session = "display :7".to_owned();
    assert_eq!(raw.next().await, Some(FromBroker::Welcome { session }));
    signal(&process, Signal::TERM);
    assert_eq!(process.ended().await.0, Some(0));
}
