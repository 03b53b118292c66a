//! One desk: a desktop with our own panel and notification server, a stand-in broker, the tray.

use std::path::PathBuf;

use anyhow::Result;
use hotseat_protocol::ipc::{Role, View};
use hotseat_tests::children::{Child, Children};
use hotseat_tests::desktop::Desktop;
use hotseat_tests::launch::Launch;
use hotseat_tests::paths;
use hotseat_tests::stand_in_broker::StandInBroker;
use hotseat_tests::tray_item::TrayItem;
use tempfile::TempDir;

use super::notification_server::NotificationServer;
use super::status_watcher::StatusWatcher;

/// A desk without a tray yet.
pub(crate) struct Desk {
    /// The panel; `None` before and after it.
    pub(crate) watcher: Option<StatusWatcher>,
    /// The notification server; `None` before and after it.
    pub(crate) notifications: Option<NotificationServer>,
    /// X server and buses.
    pub(crate) desktop: Desktop,
    /// Everything that was started.
    pub(crate) children: Children,
    folder: TempDir,
}

/// A tray, and the broker that it speaks to.
pub(crate) struct Tray {
    /// Its process.
    pub(crate) child: Child,
    /// What stands in for its broker.
    pub(crate) broker: StandInBroker,
}

impl Desk {
    /// A desk with panel and notification server.
    pub(crate) async fn new() -> Result<Desk> {
        let mut desk = Self::bare()?;
        let bus = &desk.desktop.session_bus;
        desk.watcher = Some(StatusWatcher::start(bus).await?);
        desk.notifications = Some(NotificationServer::start(bus).await?);
        Ok(desk)
    }

    /// A desk with neither.
    pub(crate) fn bare() -> Result<Desk> {
        let folder = TempDir::new()?;
        let children = Children::new(&folder.path().join("logs"))?;
        let desktop = Desktop::start(&children, folder.path())?;
        Ok(Desk { watcher: None, notifications: None, desktop, children, folder })
    }

    /// Where the broker's socket is.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("broker.sock")
    }

    /// The tray program, ready for more.
    pub(crate) fn launch(&self, name: &str) -> Result<Launch> {
        let launch = Launch::new(name, paths::program("hotseat-tray")?)
            .env("HOTSEAT_SOCKET", self.socket())
            .env("HOTSEAT_TRAY_LOG", "hotseat_tray=debug")
            .env("TZ", "UTC");
        Ok(self.desktop.inside(launch))
    }

    /// Starts a broker that shows this view, and the tray, and waits until they talk.
    pub(crate) async fn tray(&self, view: View) -> Result<Tray> {
        let broker = StandInBroker::start(&self.socket(), view)?;
        let child = self.children.start(self.launch("tray")?)?;
        broker.wait_until_subscribed(Role::Tray).await?;
        Ok(Tray { child, broker })
    }

    /// The icon of a tray.
    pub(crate) async fn item(&self, child: &Child) -> Result<TrayItem> {
        TrayItem::of_process(&self.desktop.session_bus, child.id()).await
    }

    /// The notification server.
    pub(crate) fn notes(&self) -> &NotificationServer {
        self.notifications.as_ref().expect("this desk has a notification server")
    }
}

/// Waits for a child's end without blocking what runs beside it.
pub(crate) async fn exit_code(child: &mut Child) -> Result<Option<i32>> {
    let what = format!("{} ends", child.name());
    let status = hotseat_tests::waiting::wait_for(&what, async || child.status()).await?;
    Ok(status.code())
}
