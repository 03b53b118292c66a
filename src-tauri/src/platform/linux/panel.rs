//! Whether something shows status icons: a program that owns the watcher's name.

use futures_util::StreamExt;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

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
