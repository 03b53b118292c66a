//! Notifications with a server that answers, that comes late, that dies, and with none.

use hotseat_protocol::ipc::{Notice, Request};
use hotseat_tests::tray_states::{free, holding, lost, offered, pool_id, view, wall, warned};

use super::notification_server::NotificationServer;
use super::office::Desk;

fn keeps(request: &Request) -> bool {
    *request == Request::Keep { pool: pool_id() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_has_both_answers_and_keep_keeps() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    tray.broker.show(view(vec![warned()]));
    let shown = desk.notes().wait_for("Still there, Lucy?").await.unwrap();
    assert_eq!(shown.labels(), ["Keep my seat", "Sign off now"]);
    assert!(shown.body.starts_with("Olaf is waiting; you have been idle 25\u{a0}min."));
    press_until_asked(&desk, &tray.broker, &shown, "Keep my seat", keeps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_can_be_answered_by_signing_off_and_goes_when_it_is_over() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![warned()])).await.unwrap();
    let shown = desk.notes().wait_for("Still there, Lucy?").await.unwrap();
    tray.broker.show(view(vec![holding()]));
    desk.notes().wait_until_closed(shown.id).await.unwrap();
    tray.broker.show(view(vec![warned_again()]));
    let again = hotseat_tests::waiting::wait_for("the second warning is shown", async || {
        Ok(desk.notes().shown().into_iter().find(|other| other.id != shown.id))
    })
    .await
    .unwrap();
    let signs_off = |request: &Request| matches!(request, Request::SignOff { .. });
    press_until_asked(&desk, &tray.broker, &again, "Sign off now", signs_off).await;
}

fn warned_again() -> hotseat_protocol::ipc::PoolState {
    let mut pool = warned();
    if let Some(warning) = &mut pool.warning {
        warning.ends_boot_ms += 1_000;
    }
    pool
}

/// A press may come before the tray listens for it, and is then lost, as on a real desktop; the
/// person presses again.
async fn press_until_asked(
    desk: &Desk,
    broker: &hotseat_tests::stand_in_broker::StandInBroker,
    shown: &super::notification_server::Shown,
    label: &str,
    wanted: impl Fn(&Request) -> bool,
) {
    hotseat_tests::waiting::wait_for(label, async || {
        desk.notes().press(shown, label).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        Ok(broker.requests().iter().any(|(_, request)| wanted(request)).then_some(()))
    })
    .await
    .expect("the press arrives");
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_and_endings_are_told() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![offered()])).await.unwrap();
    let shown = desk.notes().wait_for("A seat for you: Infor CRM").await.unwrap();
    assert_eq!(shown.labels(), ["Take the seat", "Pass"]);
    tray.broker.show(view(vec![lost()]));
    desk.notes().wait_until_closed(shown.id).await.unwrap();
    let lost = lost().lost.expect("it is lost");
    tray.broker.notice(&Notice::Lost { pool: pool_id(), lost });
    let shown = desk.notes().wait_for("Your seat is lost.").await.unwrap();
    assert_eq!(shown.labels(), ["Wait for a seat", "Open Hotseat"]);
    let idle = Notice::SignedOffIdle {
        pool: pool_id(),
        idle_since: wall(),
        next: Some("Olaf".to_owned()),
        seat: None,
    };
    tray.broker.notice(&idle);
    let shown = desk.notes().wait_for("You were signed off.").await.unwrap();
    assert!(shown.body.ends_with("Olaf is next in line for your seat."), "{shown:?}");
    assert_eq!(shown.labels(), ["Wait for a seat"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_dying_server_harms_nothing_and_the_menu_answers() {
    let mut desk = Desk::new().await.unwrap();
    desk.notifications = None;
    let mut tray = desk.tray(view(vec![warned()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.press("Keep my seat").await.unwrap();
    tray.broker.wait_for_request("keep, without a server", keeps).await.unwrap();

    let bus = &desk.desktop.session_bus;
    let server = NotificationServer::start(bus).await.unwrap();
    tray.broker.show(view(vec![offered()]));
    server.wait_for("A seat for you: Infor CRM").await.unwrap();
    drop(server);
    tray.broker.show(view(vec![free()]));
    item.wait_for_line("Infor CRM: no seat, 1 of 2 in use").await.unwrap();

    let server = NotificationServer::start(&desk.desktop.session_bus).await.unwrap();
    tray.broker.show(view(vec![warned_again()]));
    server.wait_for("Still there, Lucy?").await.unwrap();
    tray.child.expect_running().unwrap();
    assert!(!tray.child.log().contains("panicked"), "{}", tray.child.log());
}
