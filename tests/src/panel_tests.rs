//! That the panel shows the pixels of a status icon.

use zbus::Connection;
use zbus::interface;
use zbus::object_server::SignalEmitter;

use super::WATCHER;
use crate::children::Children;
use crate::desktop::Desktop;
use crate::waiting::wait_until;

/// A colour that no theme uses.
const INK: [u8; 3] = [12, 200, 99];
/// Rows and columns of the icon.
const SIZE: i32 = 22;
/// Where the icon is on the bus.
const ITEM: &str = "/StatusNotifierItem";

/// Width, height and pixels (alpha, red, green, blue), as icons go over the bus.
type Pixmap = (i32, i32, Vec<u8>);

/// The least that a panel asks of a status icon.
struct Item;

#[interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    #[zbus(property)]
    fn category(&self) -> String {
        "ApplicationStatus".to_owned()
    }

    #[zbus(property)]
    fn id(&self) -> String {
        "square".to_owned()
    }

    #[zbus(property)]
    fn title(&self) -> String {
        "A green square".to_owned()
    }

    #[zbus(property)]
    fn status(&self) -> String {
        "Active".to_owned()
    }

    #[zbus(property)]
    fn icon_name(&self) -> String {
        String::new()
    }

    #[zbus(property)]
    fn icon_pixmap(&self) -> Vec<Pixmap> {
        let pixel = [255, INK[0], INK[1], INK[2]];
        vec![(SIZE, SIZE, (0..SIZE * SIZE).flat_map(|_| pixel).collect())]
    }

    #[zbus(property)]
    fn item_is_menu(&self) -> bool {
        false
    }

    #[zbus(signal)]
    async fn new_icon(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;
}

async fn show(connection: &Connection) -> zbus::Result<()> {
    connection.object_server().at(ITEM, Item).await?;
    let name = connection.unique_name().map(ToString::to_string).unwrap_or_default();
    let path = "/StatusNotifierWatcher";
    connection
        .call_method(Some(WATCHER), path, Some(WATCHER), "RegisterStatusNotifierItem", &(name,))
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panel_shows_the_pixels_of_a_status_icon() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let children = Children::new(&folder.path().join("logs")).expect("children");
    let desktop = Desktop::start(&children, folder.path()).expect("a desktop");
    let _panel = desktop.start_panel().await.expect("a panel");
    let connection = desktop.session_bus.connect().await.expect("a connection");
    show(&connection).await.expect("the panel takes the icon");
    let shown = wait_until("the icon is on the screen", || {
        Ok((desktop.picture()?.count(INK) >= (SIZE * SIZE).unsigned_abs() as usize).then_some(()))
    });
    shown.expect("it is shown");
    drop(connection);
    let gone =
        wait_until("the icon is gone", || Ok((desktop.picture()?.count(INK) == 0).then_some(())));
    gone.expect("it is gone");
}
