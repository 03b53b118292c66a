//! Every way in which a tray ends, and what its broker hears of it.

use hotseat_protocol::ipc::{Request, Role};
use hotseat_tests::processes;
use hotseat_tests::tray_states::{free, holding, view};
use hotseat_tests::waiting::wait_for;
use rustix::process::Signal;

use super::office::{Desk, exit_code};
use super::status_watcher::StatusWatcher;

fn goodbyes(asked: &[(Role, Request)]) -> usize {
    asked.iter().filter(|(_, request)| *request == Request::Goodbye).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_say_goodbye_once_and_end_well() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let desk = Desk::new().await.unwrap();
        let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
        desk.item(&tray.child).await.unwrap();
        tray.child.signal(signal);
        assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0), "{signal:?}");
        assert_eq!(goodbyes(&tray.broker.requests()), 1, "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quit_says_goodbye() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.quit().await.unwrap();
    assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0));
    assert_eq!(goodbyes(&tray.broker.requests()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goodbye_that_is_not_acknowledged_does_not_hold_the_tray_back() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    tray.broker.ignore_goodbyes();
    tray.child.terminate();
    assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0));
    assert_eq!(goodbyes(&tray.broker.requests()), 1);
    assert!(tray.child.log().contains("did not acknowledge"), "{}", tray.child.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_a_signal_ends_the_tray_at_once() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.children.start(desk.launch("tray").unwrap()).unwrap();
    let item = desk.item(&tray).await.unwrap();
    item.wait_for_line("Hotseat's service is not running").await.unwrap();
    tray.terminate();
    assert_eq!(exit_code(&mut tray).await.unwrap(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_tray_and_a_dead_display_are_seen_by_the_broker_as_a_lost_connection() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    tray.child.kill().unwrap();
    tray.broker.wait_until_connected(Role::Tray, 0).await.unwrap();
    assert_eq!(goodbyes(&tray.broker.requests()), 0);
    drop(tray);

    let mut desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    desk.item(&tray.child).await.unwrap();
    desk.desktop.x.child.kill().unwrap();
    exit_code(&mut tray.child).await.unwrap();
    tray.broker.wait_until_connected(Role::Tray, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_session_bus_ends_the_tray_with_a_goodbye_or_leaves_it_running() {
    let mut desk = Desk::bare().unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    desk.desktop.session_bus.child.kill().unwrap();
    // GLib may end the program by SIGTERM when the bus goes; either way nothing may crash.
    tray.child.terminate();
    assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0));
    assert_eq!(goodbyes(&tray.broker.requests()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_bus_that_stands_still_does_not_keep_the_tray_from_ending() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    desk.item(&tray.child).await.unwrap();
    desk.desktop.session_bus.child.freeze();
    tray.child.terminate();
    let ended = exit_code(&mut tray.child).await;
    desk.desktop.session_bus.child.thaw();
    assert_eq!(ended.unwrap(), Some(0));
    assert_eq!(goodbyes(&tray.broker.requests()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_that_does_not_answer_does_not_keep_the_tray_from_ending() {
    let desk = Desk::bare().unwrap();
    let panel = StatusWatcher::start_hanging(&desk.desktop.session_bus).await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    let asked = async || Ok((panel.registrations() > 0).then_some(()));
    wait_for("the icon is registered", asked).await.unwrap();
    tray.child.terminate();
    assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0));
    assert_eq!(goodbyes(&tray.broker.requests()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_display_there_is_a_sentence_and_no_panic() {
    let desk = Desk::bare().unwrap();
    let none = desk.launch("no-display").unwrap().env_remove("DISPLAY");
    let wrong = desk.launch("wrong-display").unwrap().env("DISPLAY", ":4095");
    for (launch, words) in [(none, "There is no display"), (wrong, "cannot be opened")] {
        let mut tray = desk.children.start(launch).unwrap();
        assert_eq!(exit_code(&mut tray).await.unwrap(), Some(1));
        let said = tray.log();
        assert!(said.contains(words) && said.contains("hotseat run"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_bus_the_tray_runs_and_says_goodbye() {
    let desk = Desk::bare().unwrap();
    let nowhere = format!("unix:path={}", desk.desktop.folder().join("no-bus").display());
    let launch = desk.launch("tray").unwrap().env("DBUS_SESSION_BUS_ADDRESS", nowhere);
    let broker =
        hotseat_tests::stand_in_broker::StandInBroker::start(&desk.socket(), view(vec![free()]))
            .unwrap();
    let mut tray = desk.children.start(launch).unwrap();
    broker.wait_until_connected(Role::Tray, 1).await.unwrap();
    tray.terminate();
    assert_eq!(exit_code(&mut tray).await.unwrap(), Some(0));
    assert_eq!(goodbyes(&broker.requests()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_tray_asks_the_first_for_its_window_and_ends() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![free()])).await.unwrap();
    let mut second = desk.children.start(desk.launch("second").unwrap()).unwrap();
    assert_eq!(exit_code(&mut second).await.unwrap(), Some(0));
    let asked = tray.broker.requests();
    assert!(asked.contains(&(Role::Cli, Request::OpenWindow)), "{asked:?}");
    tray.broker.wait_until_connected(Role::Window, 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_itself_has_no_web_view_and_no_gl() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![free()])).await.unwrap();
    desk.item(&tray.child).await.unwrap();
    let started = processes::descendants(tray.child.id());
    assert_eq!(started, Vec::<u32>::new(), "the tray started something");
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", tray.child.id())).unwrap();
    assert!(!maps.contains("libLLVM") && !maps.contains("swrast"), "a GL driver was loaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_quits_takes_its_window_with_it_and_a_killed_one_leaves_it() {
    for killed in [false, true] {
        let desk = Desk::new().await.unwrap();
        let mut tray = desk.tray(view(vec![free()])).await.unwrap();
        let item = desk.item(&tray.child).await.unwrap();
        item.press("Open Hotseat").await.unwrap();
        tray.broker.wait_until_connected(Role::Window, 1).await.unwrap();
        if killed {
            tray.child.kill().unwrap();
            tray.broker.wait_until_connected(Role::Tray, 0).await.unwrap();
            assert_eq!(tray.broker.connected(Role::Window), 1);
        } else {
            tray.child.terminate();
            assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0));
            tray.broker.wait_until_connected(Role::Window, 0).await.unwrap();
            let gone = wait_for("no process of the window is left", async || {
                Ok(tray.child.all_processes().is_empty().then_some(()))
            });
            gone.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_hangs_does_not_outlive_a_tray_that_quits() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.press("Open Hotseat").await.unwrap();
    tray.broker.wait_until_connected(Role::Window, 1).await.unwrap();
    let window = processes::descendants(tray.child.id())
        .into_iter()
        .find(|process| command_line(*process).contains("--window"))
        .expect("the window is a child of the tray");
    processes::signal(window, Signal::STOP);
    tray.child.terminate();
    assert_eq!(exit_code(&mut tray.child).await.unwrap(), Some(0));
    assert_eq!(goodbyes(&tray.broker.requests()), 1);
    let gone = wait_for("no process of the window is left", async || {
        Ok(tray.child.all_processes().is_empty().then_some(()))
    });
    gone.await.unwrap();
}

fn command_line(process: u32) -> String {
    let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&words).replace('\0', " ")
}
