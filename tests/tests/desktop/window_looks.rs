//! The window on a real screen: light or dark as the desktop is, with our icon.

use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_states::{holding, view};
use hotseat_tests::waiting::wait_for;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{AtomEnum, ConnectionExt as _};

use super::office::Desk;
use super::settings_portal::{DARK, LIGHT, SettingsPortal};
use super::window::{open, shows};

/// The page's background, light and dark.
const PAPER: [[u8; 3]; 2] = [[0xf6, 0xf6, 0xf4], [0x1c, 0x1e, 0x1f]];

/// Waits until most of the window has this colour.
async fn is_painted(desk: &Desk, colour: [u8; 3]) -> anyhow::Result<()> {
    let what = format!("the window is {colour:?}");
    let painted = wait_for(&what, async || {
        let Some(area) = desk.desktop.window_area("Hotseat")? else { return Ok(None) };
        let picture = desk.desktop.picture()?.crop(area.x, area.y, area.width, area.height);
        Ok((picture.count(colour) * 2 > picture.pixels.len()).then_some(()))
    });
    painted.await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_as_dark_as_the_desktop_and_follows_it() {
    let [light, dark] = PAPER;
    let desk = Desk::new().await.unwrap();
    let portal = SettingsPortal::start(&desk.desktop.session_bus, DARK).await.unwrap();
    let _broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let page = open(&desk);
    shows(&page, "You hold a seat");
    is_painted(&desk, dark).await.unwrap();
    portal.set(LIGHT).await.unwrap();
    is_painted(&desk, light).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_window_has_an_icon_that_window_managers_show() {
    let desk = Desk::new().await.unwrap();
    let _broker = StandInBroker::start(&desk.socket(), view(vec![holding()])).unwrap();
    let page = open(&desk);
    shows(&page, "You hold a seat");
    let (connection, screen) = x11rb::connect(Some(desk.desktop.x.display())).unwrap();
    let root = connection.setup().roots[screen].root;
    let name = connection.intern_atom(false, b"_NET_WM_ICON").unwrap().reply().unwrap().atom;
    let tree = connection.query_tree(root).unwrap().reply().unwrap();
    let sides: Vec<u32> = tree
        .children
        .iter()
        .filter_map(|window| {
            let asked = connection.get_property(false, *window, name, AtomEnum::CARDINAL, 0, 2);
            asked.ok()?.reply().ok()?.value32()?.next()
        })
        .collect();
    // GTK silently leaves pictures away that are too large for a property.
    assert!(sides.contains(&128), "{sides:?}");
}
