//! logind with one session, which a test locks.

use anyhow::Result;
use hotseat_tests::bus::Bus;
use zbus::object_server::InterfaceRef;
use zbus::{Connection, ObjectPath, interface};

const NAME: &str = "org.freedesktop.login1";
const MANAGER: &str = "/org/freedesktop/login1";
/// Where a program finds its own session, and where that session announces its changes.
const MINE: &str = "/org/freedesktop/login1/session/auto";
const SESSION: &str = "/org/freedesktop/login1/session/c1";

/// A running logind.
pub(crate) struct Logind {
    session: InterfaceRef<Session>,
    _connection: Connection,
}

impl Logind {
    /// Takes logind's name on a bus; the session is not locked.
    pub(crate) async fn start(bus: &Bus) -> Result<Logind> {
        let connection = bus.connect().await?;
        let objects = connection.object_server();
        objects.at(MANAGER, Manager).await?;
        objects.at(MINE, Session { locked: false }).await?;
        objects.at(SESSION, Session { locked: false }).await?;
        let session = objects.interface(SESSION).await?;
        connection.request_name(NAME).await?;
        Ok(Logind { session, _connection: connection })
    }

    /// Locks or unlocks the screen.
    pub(crate) async fn set_locked(&self, locked: bool) -> Result<()> {
        let mut session = self.session.get_mut().await;
        session.locked = locked;
        Ok(session.locked_hint_changed(self.session.signal_emitter()).await?)
    }
}

struct Manager;

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn get_session(&self, _id: String) -> ObjectPath<'static> {
        ObjectPath::from_static_str_unchecked(SESSION)
    }
}

struct Session {
    locked: bool,
}

#[interface(name = "org.freedesktop.login1.Session")]
impl Session {
    #[zbus(property)]
    fn id(&self) -> String {
        "c1".to_owned()
    }

    #[zbus(property)]
    fn locked_hint(&self) -> bool {
        self.locked
    }
}
