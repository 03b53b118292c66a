//! Whether the session's screen is locked, as logind knows it.
//!
//! Screen lockers tell logind (`LockedHint`). What they announce on the session bus as well
//! (`ActiveChanged`) is also sent for a screen that is only dark, so it is not listened to.

use futures_util::StreamExt;
use zbus::proxy::{OwnerChangedStream, PropertyStream};
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
    /// Comings and goings of logind itself.
    owners: OwnerChangedStream<'static>,
    presence: Presence,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Here,
    /// What it said last is no longer known to be true.
    Gone,
    /// Another one is there, which has to be asked anew.
    Back,
}

/// logind, if it knows this session.
pub async fn lock_source() -> Option<Box<dyn LockSource>> {
    match connect().await {
        Ok(source) => Some(Box::new(source)),
        Err(error) => {
            tracing::debug!(%error, "nothing tells whether the screen is locked");
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
    let owners = session.receive_owner_changed().await?;
    Ok(Logind { session, changes, owners, presence: Presence::Here })
}

impl LockSource for Logind {
    fn locked(&mut self) -> Soon<'_, bool> {
        Box::pin(async {
            if self.presence == Presence::Back
                && let Ok(anew) = connect().await
            {
                *self = anew;
            }
            // Read from the cache that the announced changes keep up to date.
            self.presence == Presence::Here
                && self.session.get_property(LOCKED).await.unwrap_or(false)
        })
    }

    fn news(&mut self) -> Soon<'_, ()> {
        Box::pin(async {
            tokio::select! {
                Some(owner) = self.owners.next() => {
                    self.presence = if owner.is_some() { Presence::Back } else { Presence::Gone };
                }
                Some(_) = self.changes.next() => {}
                // The bus has gone: there is nothing more to hear.
                else => {
                    self.presence = Presence::Gone;
                    std::future::pending::<()>().await;
                }
            }
        })
    }
}
