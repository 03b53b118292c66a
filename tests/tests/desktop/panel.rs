//! Icon, tooltip and menu in the panel.

use hotseat_protocol::ipc::{Request, Role};
use hotseat_protocol::version::OLDEST_VERSION;
use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_item::Pixmap;
use hotseat_tests::tray_states::{
    every_state, free, full, holding, lost, offered, pool_id, unreachable, view, warned,
};
use hotseat_tests::waiting::wait_for;
use hotseat_tray::tray::icon::{Icon, Ink, paint};

use hotseat_tests::notification_server::NotificationServer;

use super::office::Desk;
use super::status_watcher::StatusWatcher;

fn drawing(name: &str) -> Pixmap {
    drawing_of(22, name)
}

fn drawing_of(side: u32, name: &str) -> Pixmap {
    let icon = Icon::ALL.into_iter().find(|icon| icon.name() == name).expect("a drawing");
    let painted = paint(icon, side, Ink::Halo);
    let mut argb = painted.pixels;
    for pixel in argb.chunks_exact_mut(4) {
        pixel.rotate_right(1);
    }
    let side = i32::try_from(side).expect("a small number");
    Pixmap { width: side, height: side, argb }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_has_its_drawing_and_its_words() {
    let desk = Desk::new().await.unwrap();
    let states = every_state();
    let tray = desk.tray(states[0].view.clone()).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    for state in states {
        tray.broker.show(state.view);
        let line = wait_for(&format!("the tray says {:?}", state.line), async || {
            let line = item.tooltip().await?;
            Ok(line.starts_with(state.line).then_some(line))
        })
        .await
        .unwrap();
        item.wait_for_line(&line).await.unwrap();
        let shown = wait_for(state.drawing, async || {
            let shown = item.pixmap().await?;
            Ok((shown == drawing(state.drawing)).then_some(()))
        });
        shown.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sharper_screen_gets_a_sharper_icon() {
    let desk = Desk::new().await.unwrap();
    let broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let launch = desk.launch("tray").unwrap().env("GDK_SCALE", "2");
    let tray = desk.children.start(launch).unwrap();
    let item = desk.item(&tray).await.unwrap();
    item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.unwrap();
    assert_eq!(item.pixmap().await.unwrap(), drawing_of(44, "holding"));
    drop((tray, broker));

    // A desktop that scales its text only, while the tray runs; the next drawing follows.
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    assert_eq!(item.pixmap().await.unwrap(), drawing("holding"));
    set_resources(desk.desktop.x.display(), "Xft.dpi:\t144\n");
    tray.broker.show(view(vec![free()]));
    let sharper = wait_for("the next drawing is larger", async || {
        Ok((item.pixmap().await? == drawing_of(33, "no-seat")).then_some(()))
    });
    sharper.await.unwrap();
}

/// What `xrdb` does.
fn set_resources(display: &str, resources: &str) {
    use x11rb::connection::Connection;
    use x11rb::protocol::xproto::{AtomEnum, PropMode};
    use x11rb::wrapper::ConnectionExt;
    let (connection, screen) = x11rb::connect(Some(display)).expect("the display is there");
    let root = connection.setup().roots[screen].root;
    let (name, kind) = (AtomEnum::RESOURCE_MANAGER, AtomEnum::STRING);
    let set =
        connection.change_property8(PropMode::REPLACE, root, name, kind, resources.as_bytes());
    set.expect("it is sent").check().expect("the display takes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_and_with_another_version_it_says_so_and_recovers() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.children.start(desk.launch("tray").unwrap()).unwrap();
    let item = desk.item(&tray).await.unwrap();
    item.wait_for_line("Hotseat's service is not running").await.unwrap();
    assert_eq!(item.pixmap().await.unwrap(), drawing("no-broker"));
    assert_eq!(item.words().await.unwrap()[1..], ["Open Hotseat", "Quit"]);

    let old = view(vec![free()]);
    let broker =
        StandInBroker::start_with_version(&desk.socket(), old, OLDEST_VERSION - 1).unwrap();
    let ours = env!("CARGO_PKG_VERSION");
    let line = format!("Hotseat's service is 1.2, this is {ours}");
    item.wait_for_line(&line).await.unwrap();
    assert_eq!(item.pixmap().await.unwrap(), drawing("another-version"));
    drop(broker);

    let _broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_asks_the_broker_for_what_it_says() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![free()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    let pool = pool_id();
    let sign_on = |request: &Request| matches!(request, Request::SignOn { client: None, wait: None, pool: asked, .. } if *asked == pool);
    item.press("Take a seat").await.unwrap();
    tray.broker.wait_for_request("a seat is asked for", sign_on).await.unwrap();

    tray.broker.show(view(vec![full()]));
    item.wait_for_line("Infor CRM: no seat, 2 of 2 in use").await.unwrap();
    item.press("Wait for a seat").await.unwrap();
    let wait = |request: &Request| matches!(request, Request::SignOn { wait: Some(_), .. });
    tray.broker.wait_for_request("a place is asked for", wait).await.unwrap();

    type Wanted = fn(&Request) -> bool;
    let steps: [(_, &str, Wanted); 4] = [
        (offered(), "Pass", |request| matches!(request, Request::DeclineOffer { .. })),
        (warned(), "Keep my seat", |request| matches!(request, Request::Keep { .. })),
        (holding(), "Sign off", |request| matches!(request, Request::SignOff { .. })),
        (free(), "Log out", |request| *request == Request::LogOut),
    ];
    for (pool, label, wanted) in steps {
        tray.broker.show(view(vec![pool]));
        let there = wait_for(label, async || {
            Ok(item.words().await?.iter().any(|word| word == label).then_some(()))
        });
        there.await.unwrap();
        item.press(label).await.unwrap();
        tray.broker.wait_for_request(label, wanted).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_of_a_disabled_item_does_nothing() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(unreachable(view(vec![free()]))).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    assert_eq!(item.words().await.unwrap()[1], "[Take a seat]");
    item.press("Take a seat").await.unwrap();
    // What is pressed later is asked for later, so its arrival shows that nothing came before.
    item.press("Log out").await.unwrap();
    let log_out = |request: &Request| *request == Request::LogOut;
    tray.broker.wait_for_request("log-out", log_out).await.unwrap();
    let asked = tray.broker.requests();
    assert!(
        !asked.iter().any(|(_, request)| matches!(request, Request::SignOn { .. })),
        "{asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_and_a_restarted_panel_get_the_icon() {
    let mut desk = Desk::bare().unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    tray.child.expect_running().unwrap();
    let late = StatusWatcher::start(&desk.desktop.session_bus).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.unwrap();
    // Its menu answers before it is registered.
    let registered = async || Ok((late.registrations() > 0).then_some(()));
    wait_for("the icon is registered", registered).await.unwrap();
    assert_eq!(late.registrations(), 1);
    drop(late);

    let restarted = StatusWatcher::start(&desk.desktop.session_bus).await.unwrap();
    let registered = wait_for("the icon is registered again", async || {
        Ok((restarted.registrations() > 0).then_some(()))
    });
    registered.await.unwrap();
    tray.broker.show(view(vec![free()]));
    item.wait_for_line("Infor CRM: no seat, 1 of 2 in use").await.unwrap();
    desk.watcher = Some(restarted);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_pools_have_a_submenu_each() {
    let desk = Desk::new().await.unwrap();
    let mut archive = free();
    archive.pool.id = "archive".parse().unwrap();
    archive.pool.name = "Archive & more_old".to_owned();
    let tray = desk.tray(view(vec![archive, holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    assert_eq!(
        item.words().await.unwrap(),
        [
            "[Infor CRM: you hold a seat, 2 of 2 in use]",
            "Archive & more_old: no seat, 1 of 2 in use",
            "Take a seat",
            "Infor CRM: you hold a seat, 2 of 2 in use",
            "Sign off",
            "Open Hotseat",
            "Log out",
            "Quit and sign off",
        ]
    );
    item.press("Sign off").await.unwrap();
    let wanted = Request::SignOff { pool: Some(pool_id()) };
    tray.broker.wait_for_request("sign-off", |request| *request == wanted).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_seen_once_the_person_acts() {
    let desk = Desk::new().await.unwrap();
    let tray = desk.tray(view(vec![lost()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.press("Wait for a seat").await.unwrap();
    let seen = Request::AcknowledgeLoss { pool: pool_id() };
    tray.broker.wait_for_request("it was seen", |request| *request == seen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_keeps_its_icon_while_its_broker_restarts() {
    let desk = Desk::new().await.unwrap();
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.unwrap();
    drop(tray.broker);
    item.wait_for_line("Hotseat's service is not running").await.unwrap();
    tray.broker = StandInBroker::start(&desk.socket(), view(vec![free()])).unwrap();
    tray.broker.wait_until_connected(Role::Tray, 1).await.unwrap();
    item.wait_for_line("Infor CRM: no seat, 1 of 2 in use").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_without_icons_is_told_so_by_notification() {
    let mut desk = Desk::bare().unwrap();
    desk.notifications = Some(NotificationServer::start(&desk.desktop.session_bus).await.unwrap());
    let mut tray = desk.tray(view(vec![holding()])).await.unwrap();
    let shown = desk.notes().wait_for("Your desktop shows no tray icons.").await.unwrap();
    assert_eq!(shown.labels(), ["Open Hotseat"]);
    tray.child.expect_running().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_takes_icons_and_draws_none_is_told_so_too() {
    let mut desk = Desk::bare().unwrap();
    let bus = &desk.desktop.session_bus;
    let watcher = StatusWatcher::start_without_host(bus).await.unwrap();
    desk.notifications = Some(NotificationServer::start(bus).await.unwrap());
    let tray = desk.tray(view(vec![holding()])).await.unwrap();
    desk.notes().wait_for("Your desktop shows no tray icons.").await.unwrap();
    watcher.host_comes().await.unwrap();
    let item = desk.item(&tray.child).await.unwrap();
    item.wait_for_line("Infor CRM: you hold a seat, 2 of 2 in use").await.unwrap();
}
