//! The window: its page by WebDriver, its process by the tray's menu.

use hotseat_protocol::ids::UserId;
use hotseat_protocol::ipc::{Reply, Request, Role};
use hotseat_protocol::link::Outcome;
use hotseat_protocol::problem::{Code, Problem, RefusalFacts};
use hotseat_tests::launch::Launch;
use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_states::{
    free, full, holding, logged_out, lost, offered, pool_id, unreachable, view, waiting, warned,
};
use hotseat_tests::waiting::wait_for;

use super::office::Desk;
use super::web_driver::Page;

/// X names of keys.
const ALT: u32 = 0xffe9;
const F4: u32 = 0xffc1;

pub(crate) fn open(desk: &Desk) -> Page {
    let launch = Launch::new("driver", "WebKitWebDriver")
        .env("HOTSEAT_SOCKET", desk.socket())
        .env("TZ", "UTC");
    let launch = desk.desktop.inside(launch);
    tokio::task::block_in_place(|| Page::open(&desk.children, launch)).expect("a window")
}

pub(crate) fn shows(page: &Page, text: &str) {
    tokio::task::block_in_place(|| page.wait_for(text)).expect("the text comes");
}

fn press(page: &Page, label: &str) {
    tokio::task::block_in_place(|| page.press(label)).expect("the button is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_follows_the_broker_through_every_state() {
    let desk = Desk::new().await.unwrap();
    let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let page = open(&desk);
    shows(&page, "You hold a seat");
    shows(&page, "Bill");
    let steps = [
        (view(vec![warned()]), "Still there, Lucy?"),
        (unreachable(view(vec![holding()])), "The pool does not answer"),
        (view(vec![free()]), "A seat is free"),
        (view(vec![full()]), "All seats are in use"),
        (view(vec![waiting()]), "You are next in line"),
        (view(vec![offered()]), "It is your turn"),
        (view(vec![lost()]), "Your seat is lost"),
        (logged_out(view(vec![free()])), "Log in"),
    ];
    for (view, heading) in steps {
        broker.show(view);
        shows(&page, heading);
    }
    drop(broker);
    shows(&page, "Hotseat is not running here");
    let _again = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    shows(&page, "You hold a seat");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_buttons_ask_the_broker_and_a_refusal_shows_both_messages() {
    let desk = Desk::new().await.unwrap();
    let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let page = open(&desk);
    press(&page, "Sign off");
    let wanted = Request::SignOff { pool: Some(pool_id()) };
    broker.wait_for_request("sign-off", |request| *request == wanted).await.unwrap();
    assert!(broker.requests().iter().all(|(role, _)| *role == Role::Window));

    // Between what the window showed and the click, Olaf took the last seat.
    broker.answer("sign_on", refused(Code::PoolFull, "All seats are in use.", Some(FIXED)));
    broker.show(view(vec![free()]));
    press(&page, "Take a seat");
    broker.show(view(vec![full()]));
    shows(&page, "All seats are in use");
    shows(&page, FIXED);
    shows(&page, "is not about your password");
    let why = "You may not use Infor CRM.";
    broker.answer("sign_on", refused(Code::NotEntitled, why, None));
    press(&page, "Wait for a seat");
    shows(&page, why);
}

/// The fixed message of the network client.
const FIXED: &str = "there are no concurrent licenses available for use";

fn refused(code: Code, detail: &str, legacy_message: Option<&str>) -> Reply {
    let mut problem = Problem::new(code, detail, "");
    problem.facts = legacy_message.map(|message| {
        Box::new(RefusalFacts {
            legacy_message: Some(message.to_owned()),
            seats: 2,
            in_use: 2,
            waiting: 0,
            usually_waits_s: None,
            holders: Vec::new(),
        })
    });
    let outcome = Outcome::Refused { problem };
    Reply::Outcome { outcome, deadline_boot_ms: None, resume: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_in_sends_the_password_once_and_says_when_it_is_wrong() {
    let desk = Desk::new().await.unwrap();
    let broker = StandInBroker::start(&desk.socket(), logged_out(view(vec![free()]))).unwrap();
    let problem = Problem::new(Code::WrongPassword, "E-mail and password do not match.", "");
    broker.answer("log_in", Reply::Problem { problem });
    let page = open(&desk);
    shows(&page, "Log in");
    let enter = |password: &str| {
        tokio::task::block_in_place(|| {
            page.write("username", "lucy@finance.example").unwrap();
            page.write("current-password", password).unwrap();
            page.press("Log in").unwrap();
        });
    };
    enter("wrong");
    shows(&page, "E-mail and password do not match");
    let user = hotseat_protocol::link::AccountUser {
        id: UserId::from_random(1),
        name: "Lucy".to_owned(),
        email: "lucy@finance.example".to_owned(),
        named: false,
    };
    broker.answer("log_in", Reply::LoggedIn { user });
    enter("correct horse");
    let right = |request: &Request| matches!(request, Request::LogIn { password, .. } if password.secret().expose() == "correct horse");
    broker.wait_for_request("the right password", right).await.unwrap();
    broker.show(view(vec![free()]));
    shows(&page, "A seat is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_window_at_a_time_that_gives_back_everything_and_keeps_the_seat() {
    let desk = Desk::new().await.unwrap();
    let _manager = desk.desktop.start_window_manager().unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    assert_eq!(tray.child.all_processes(), [tray.child.id()]);
    for _ in 0..2 {
        item.press("Open Hotseat").await.unwrap();
        tray.broker.wait_until_connected(Role::Window, 1).await.unwrap();
        item.activate().await.unwrap();
        // The window has the keyboard once it is drawn; before that the keys go nowhere.
        let input = desk.desktop.input().unwrap();
        let closed = wait_for("the window is closed", async || {
            assert!(tray.broker.connected(Role::Window) <= 1, "there are two windows");
            input.press(&[ALT, F4])?;
            Ok((tray.broker.connected(Role::Window) == 0).then_some(()))
        });
        closed.await.unwrap();
        let given_back = wait_for("only the tray is left", async || {
            Ok((tray.child.all_processes() == [tray.child.id()]).then_some(()))
        });
        given_back.await.unwrap();
    }
    tray.child.expect_running().unwrap();
    let asked = tray.broker.requests();
    let ends = |request: &Request| matches!(request, Request::SignOff { .. } | Request::Goodbye);
    assert!(!asked.iter().any(|(_, request)| ends(request)), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_counts_as_seen_when_somebody_looks_at_the_window() {
    let desk = Desk::new().await.unwrap();
    let _manager = desk.desktop.start_window_manager().unwrap();
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.press("Open Hotseat").await.unwrap();
    tray.broker.wait_until_connected(Role::Window, 1).await.unwrap();
    tray.broker.show(view(vec![lost()]));
    let by_window = wait_for("the window says that the loss was seen", async || {
        let seen = (Role::Window, Request::AcknowledgeLoss { pool: pool_id() });
        Ok(tray.broker.requests().contains(&seen).then_some(()))
    });
    by_window.await.unwrap();
}
