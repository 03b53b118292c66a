//! Whether something shows status icons: a program that owns the watcher's name.

use futures_util::StreamExt;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::proxy::CacheProperties;
use zbus::{Connection, Proxy};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const PATH: &str = "/StatusNotifierWatcher";

/// Ends when a panel can take an icon; never when there is no session bus to tell.
pub async fn panel_appears() {
    if let Err(error) = wait().await {
        tracing::warn!(%error, "without a session bus no panel can show the icon");
        std::future::pending::<()>().await;
    }
}

async fn wait() -> zbus::Result<()> {
    let connection = Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    // Asked after subscribing, so that no change is missed.
    if bus.name_has_owner(BusName::try_from(WATCHER)?).await? {
        return Ok(());
    }
    while let Some(change) = owners.next().await {
        if change.args()?.new_owner().is_some() {
            return Ok(());
        }
    }
    std::future::pending().await
}

/// Ends when something draws the icons that the watcher was given; at once when that cannot be
/// told. A watcher can run without: some desktops start one whether or not there is a panel.
pub async fn panel_draws() {
    if let Err(error) = wait_for_host().await {
        tracing::debug!(%error, "whether icons are drawn cannot be told");
    }
}

async fn wait_for_host() -> zbus::Result<()> {
    let connection = Connection::session().await?;
    let watcher: Proxy<'_> = zbus::proxy::Builder::new(&connection)
        .destination(WATCHER)
        .path(PATH)
        .interface(WATCHER)
        // Not every watcher announces a change of its properties.
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let mut hosts = watcher.receive_signal("StatusNotifierHostRegistered").await?;
    // Asked after subscribing, so that no change is missed.
    while !watcher.get_property::<bool>("IsStatusNotifierHostRegistered").await? {
        if hosts.next().await.is_none() {
            return Ok(());
        }
    }
    Ok(())
}
