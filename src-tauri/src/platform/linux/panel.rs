//! Whether something shows status icons: a program that owns the watcher's name, and one that draws
//! what the watcher was given.

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
    let watcher: Proxy<'_> = zbus::proxy::Builder::new(&connection)
        .destination(WATCHER)
        .path(PATH)
        .interface(WATCHER)
        // Not every watcher announces a change of its properties.
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let mut hosts = watcher.receive_signal("StatusNotifierHostRegistered").await?;
    // Asked after subscribing, so that no change is missed.
    while !is_there(&bus, &watcher).await? {
        tokio::select! {
            Some(_) = owners.next() => {}
            Some(_) = hosts.next() => {}
            else => std::future::pending::<()>().await,
        }
    }
    Ok(())
}

/// A watcher can run with nothing that draws: some desktops start one whether or not there is a
/// panel. One that does not tell is believed to have a panel.
async fn is_there(bus: &DBusProxy<'_>, watcher: &Proxy<'_>) -> zbus::Result<bool> {
    if !bus.name_has_owner(BusName::try_from(WATCHER)?).await? {
        return Ok(false);
    }
    Ok(watcher.get_property::<bool>("IsStatusNotifierHostRegistered").await.unwrap_or(true))
}
