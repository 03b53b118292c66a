//! Idle times from real input, from Mutter, from a Wayland compositor, and from nobody.

use hotseat_ipc::boot_clock;
use hotseat_protocol::ipc::Role;
use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_states::{free, holding, view, warned};
use hotseat_tests::waiting::wait_for;

use super::compositor::Compositor;
use super::logind::Logind;
use super::mutter::Mutter;
use super::office::{Desk, exit_code};

/// Longer than anything else that was reported can be.
const HOUR_MS: u64 = 3_600_000;

/// Whether a report is Mutter's hour: on a computer that has run for less, nobody can have been idle
/// for longer than it has run. Every display of a test starts later.
fn long() -> impl Fn(Option<u64>, bool) -> bool + Copy {
    let least = HOUR_MS.min(boot_clock::now_ms()) / 1000;
    move |idle, _| idle.is_some_and(|idle| idle >= least)
}

fn active(idle: Option<u64>, _: bool) -> bool {
    idle.is_some_and(|idle| idle <= 1)
}

fn unknown(idle: Option<u64>, _: bool) -> bool {
    idle.is_none()
}

#[tokio::test(flavor = "multi_thread")]
async fn real_input_is_reported_as_activity() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    let input = desk.desktop.input().unwrap();
    // No input came since the display started, so idle times grow.
    let idle = |idle: Option<u64>, _| idle.is_some_and(|idle| idle >= 14);
    tray.broker.wait_for_report("the person is idle", 0, idle).await.unwrap();
    let before = tray.broker.reports().len();
    input.move_to(20, 20).unwrap();
    let is_active = |idle: Option<u64>, _| idle.is_some_and(|idle| idle < 14);
    tray.broker.wait_for_report("the person is back", before, is_active).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_warning_runs_activity_is_noticed_within_seconds() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![warned()])).await.unwrap();
    let input = desk.desktop.input().unwrap();
    let idle = |idle: Option<u64>, _| idle.is_some_and(|idle| idle >= 3);
    tray.broker.wait_for_report("the person is idle", 0, idle).await.unwrap();
    let before = tray.broker.reports().len();
    input.press(&[0xff1b]).unwrap();
    tray.broker.wait_for_report("the person is back", before, active).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_x_server_that_stops_answering_is_unknown_until_it_answers_again() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    let known = |idle: Option<u64>, _| idle.is_some();
    tray.broker.wait_for_report("the first report", 0, known).await.unwrap();
    let before = tray.broker.reports().len();
    // One that ends takes every program on it along, the tray too, so it stands still instead.
    desk.desktop.x.child.freeze();
    let told = tray.broker.wait_for_report("unknown", before, unknown).await;
    let before = tray.broker.reports().len();
    desk.desktop.x.child.thaw();
    told.unwrap();
    tray.broker.wait_for_report("it answers again", before, known).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn mutter_is_asked_before_x_and_its_end_is_unknown() {
    let long = long();
    let desk = Desk::new().await.unwrap();
    let bus = &desk.desktop.session_bus;
    let mutter = Mutter::start(bus, HOUR_MS).await.unwrap();
    // A Wayland session whose compositor tells nothing: the X server in it must not be asked.
    let socket = desk.desktop.folder().join("no-wayland");
    let launch = desk.launch("tray").unwrap().env("WAYLAND_DISPLAY", &socket);
    let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let mut tray = desk.children.start(launch).unwrap();
    broker.wait_until_connected(Role::Tray, 1).await.unwrap();
    broker.wait_for_report("Mutter's hour", 0, long).await.unwrap();
    let before = broker.reports().len();
    mutter.set_idle(0);
    broker.wait_for_report("Mutter's activity", before, active).await.unwrap();
    let before = broker.reports().len();
    drop(mutter);
    broker.wait_for_report("unknown", before, unknown).await.unwrap();
    let before = broker.reports().len();
    let _again = Mutter::start(&desk.desktop.session_bus, HOUR_MS).await.unwrap();
    broker.wait_for_report("Mutter is back", before, long).await.unwrap();
    tray.terminate();
    assert_eq!(exit_code(&mut tray).await.unwrap(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compositor_that_tells_is_believed_and_its_end_is_unknown() {
    let long = long();
    let desk = Desk::new().await.unwrap();
    let compositor = Compositor::start(desk.desktop.folder()).unwrap();
    // Mutter is there too and says something else, which must not be heard.
    let _mutter = Mutter::start(&desk.desktop.session_bus, HOUR_MS).await.unwrap();
    let launch = desk.launch("tray").unwrap().env("WAYLAND_DISPLAY", compositor.display());
    let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let tray = desk.children.start(launch).unwrap();
    broker.wait_until_connected(Role::Tray, 1).await.unwrap();
    let watched =
        wait_for("the compositor is asked", async || Ok(compositor.is_watched().then_some(())));
    watched.await.unwrap();
    broker.wait_for_report("activity", 0, |idle, _| idle == Some(0)).await.unwrap();
    let before = broker.reports().len();
    compositor.set_idle(true);
    let idle = |idle: Option<u64>, _| idle.is_some_and(|idle| idle >= 5);
    broker.wait_for_report("idle since the pause began", before, idle).await.unwrap();
    let before = broker.reports().len();
    compositor.set_idle(false);
    broker.wait_for_report("the person is back", before, active).await.unwrap();
    assert!(
        !broker.reports().iter().any(|(idle, locked)| long(*idle, *locked)),
        "Mutter was heard"
    );
    let before = broker.reports().len();
    drop(compositor);
    broker.wait_for_report("unknown", before, unknown).await.unwrap();
    drop(tray);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_can_tell_it_is_unknown() {
    let desk = Desk::new().await.unwrap();
    let socket = desk.desktop.folder().join("no-wayland");
    let launch = desk.launch("tray").unwrap().env("WAYLAND_DISPLAY", &socket);
    let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let _tray = desk.children.start(launch).unwrap();
    broker.wait_until_connected(Role::Tray, 1).await.unwrap();
    broker.wait_for_report("unknown", 0, unknown).await.unwrap();
    assert!(broker.reports().iter().all(|(idle, _)| idle.is_none()), "{:?}", broker.reports());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_restarts_hears_of_the_person_again() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![free()])).await.unwrap();
    let known = |idle: Option<u64>, _| idle.is_some();
    tray.broker.wait_for_report("the first report", 0, known).await.unwrap();
    drop(tray.broker);
    tray.broker = StandInBroker::start(&desk.socket(), view(vec![free()])).unwrap();
    tray.broker.wait_for_report("the report to the new one", 0, known).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_screen_is_reported_at_once_and_so_is_its_end() {
    let desk = Desk::new().await.unwrap();
    let logind = Logind::start(&desk.desktop.system_bus).await.unwrap();
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    let unlocked = |_, locked: bool| !locked;
    tray.broker.wait_for_report("the first report", 0, unlocked).await.unwrap();
    logind.set_locked(true).await.unwrap();
    tray.broker.wait_for_report("locked", 0, |_, locked| locked).await.unwrap();
    let before = tray.broker.reports().len();
    logind.set_locked(false).await.unwrap();
    tray.broker.wait_for_report("unlocked", before, unlocked).await.unwrap();
    let before = tray.broker.reports().len();
    logind.set_locked(true).await.unwrap();
    tray.broker.wait_for_report("locked again", before, |_, locked| locked).await.unwrap();
    let before = tray.broker.reports().len();
    drop(logind);
    // What locked the screen last is no longer there to say that it still is.
    tray.broker.wait_for_report("logind is gone", before, unlocked).await.unwrap();
    let again = Logind::start(&desk.desktop.system_bus).await.unwrap();
    let before = tray.broker.reports().len();
    again.set_locked(true).await.unwrap();
    tray.broker.wait_for_report("logind is back", before, |_, locked| locked).await.unwrap();
}
