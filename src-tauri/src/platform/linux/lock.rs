//! Whether the session's screen is locked, as logind knows it.

use futures_util::StreamExt;
use zbus::proxy::PropertyStream;
use zbus::{Connection, OwnedObjectPath, Proxy};

use crate::idle::{LockSource, Soon};

const NAME: &str = "org.freedesktop.login1";
const MANAGER_PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";
const SESSION: &str = "org.freedesktop.login1.Session";
/// The caller's session, or that of the caller's display.
const MINE: &str = "/org/freedesktop/login1/session/auto";
const LOCKED: &str = "LockedHint";

struct Logind {
    session: Proxy<'static>,
    changes: PropertyStream<'static, bool>,
}

/// logind, if it knows this session.
pub async fn lock_source() -> Option<Box<dyn LockSource>> {
    match connect().await {
        Ok(source) => Some(Box::new(source)),
        Err(error) => {
            tracing::info!(%error, "nothing tells whether the screen is locked");
            None
        }
    }
}

async fn connect() -> zbus::Result<Logind> {
    let connection = Connection::system().await?;
    let mine = Proxy::new(&connection, NAME, MINE, SESSION).await?;
    let id: String = mine.get_property("Id").await?;
    let manager = Proxy::new(&connection, NAME, MANAGER_PATH, MANAGER).await?;
    // Changes are announced under the session's own path only.
    let path: OwnedObjectPath = manager.call("GetSession", &(id,)).await?;
    let session = Proxy::new(&connection, NAME, path, SESSION).await?;
    let _: bool = session.get_property(LOCKED).await?;
    let changes = session.receive_property_changed(LOCKED).await;
    Ok(Logind { session, changes })
}

impl LockSource for Logind {
    fn locked(&mut self) -> Soon<'_, bool> {
        // Read from the cache that the announced changes keep up to date.
        Box::pin(async { self.session.get_property(LOCKED).await.unwrap_or(false) })
    }

    fn news(&mut self) -> Soon<'_, ()> {
        Box::pin(async {
            if self.changes.next().await.is_none() {
                std::future::pending::<()>().await;
            }
        })
    }
}
