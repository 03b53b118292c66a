//! A notification server that remembers what it was asked to show and answers when told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedVariant, interface};

use crate::bus::Bus;
use crate::waiting::wait_for;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its number, from 1.
    pub id: u32,
    /// The title.
    pub summary: String,
    /// The text.
    pub body: String,
    /// Pairs of id and label.
    pub actions: Vec<String>,
    /// Withdrawn by the program that sent it.
    pub closed: bool,
    /// Answered, and so dismissed, by the person.
    pub answered: bool,
}

impl Shown {
    /// The labels of its buttons.
    pub fn labels(&self) -> Vec<&str> {
        self.actions.iter().skip(1).step_by(2).map(String::as_str).collect()
    }

    /// The id behind a label.
    fn action(&self, label: &str) -> Option<&str> {
        let place = self.actions.iter().skip(1).step_by(2).position(|known| known == label)?;
        self.actions.get(place * 2).map(String::as_str)
    }
}

/// A running server; dropping it is how one dies.
#[derive(Debug)]
pub struct NotificationServer {
    shown: Arc<Mutex<Vec<Shown>>>,
    connection: Connection,
}

impl NotificationServer {
    /// Takes the server's name on a bus.
    ///
    /// # Errors
    /// If the bus is gone or the name is taken.
    pub async fn start(bus: &Bus) -> Result<NotificationServer> {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let object = Object { shown: Arc::clone(&shown) };
        let connection = bus.connect().await?;
        connection.object_server().at(PATH, object).await?;
        connection.request_name(NAME).await?;
        Ok(NotificationServer { shown, connection })
    }

    /// Everything that was shown so far.
    pub fn shown(&self) -> Vec<Shown> {
        self.shown.lock().expect("nobody panics while holding this").clone()
    }

    /// What was withdrawn so far although nobody had answered it.
    pub fn withdrawn(&self) -> Vec<Shown> {
        self.shown().into_iter().filter(|shown| shown.closed && !shown.answered).collect()
    }

    /// What is on the screen now.
    pub fn on_screen(&self) -> Vec<Shown> {
        self.shown().into_iter().filter(|shown| !shown.closed && !shown.answered).collect()
    }

    /// Waits until a notification with this title is on the screen. One that was withdrawn is not
    /// waited for: nobody could read it.
    ///
    /// # Errors
    /// If none ever is.
    pub async fn wait_for(&self, summary: &str) -> Result<Shown> {
        wait_for(&format!("a notification says {summary:?}"), async || {
            Ok(self.on_screen().into_iter().rev().find(|shown| shown.summary == summary))
        })
        .await
        .with_context(|| format!("withdrawn was {:?}", self.withdrawn()))
    }

    /// Waits until a notification was taken away.
    ///
    /// # Errors
    /// If it never is.
    pub async fn wait_until_closed(&self, id: u32) -> Result<()> {
        wait_for(&format!("notification {id} is taken away"), async || {
            let shown = self.shown();
            Ok(shown.iter().any(|shown| shown.id == id && shown.closed).then_some(()))
        })
        .await
    }

    /// Presses a button.
    ///
    /// # Errors
    /// If it has no such button or the bus is gone.
    pub async fn press(&self, shown: &Shown, label: &str) -> Result<()> {
        let action =
            shown.action(label).with_context(|| format!("no button {label:?}: {shown:?}"))?;
        let emitter = SignalEmitter::new(&self.connection, PATH)?;
        for known in self.shown.lock().expect("nobody panics while holding this").iter_mut() {
            known.answered |= known.id == shown.id;
        }
        Object::action_invoked(&emitter, shown.id, action).await?;
        Ok(Object::notification_closed(&emitter, shown.id, DISMISSED).await?)
    }
}

/// Why a notification closed, by the specification's numbers.
const DISMISSED: u32 = 2;
const BY_CALL: u32 = 3;

#[derive(Debug)]
struct Object {
    shown: Arc<Mutex<Vec<Shown>>>,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Object {
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body"].map(str::to_owned).to_vec()
    }

    #[expect(clippy::too_many_arguments, reason = "the specification's own")]
    fn notify(
        &self,
        _app_name: String,
        replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expires: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().expect("nobody panics while holding this");
        let next = u32::try_from(shown.len() + 1).expect("few notifications");
        let id = if replaces == 0 { next } else { replaces };
        shown.push(Shown { id, summary, body, actions, closed: false, answered: false });
        id
    }

    async fn close_notification(
        &self,
        id: u32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        for shown in self.shown.lock().expect("nobody panics while holding this").iter_mut() {
            shown.closed |= shown.id == id;
        }
        Ok(Object::notification_closed(&emitter, id, BY_CALL).await?)
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        let text = |text: &str| text.to_owned();
        (text("test"), text("test"), text("1"), text("1.2"))
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, action: &str)
    -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        reason: u32,
    ) -> zbus::Result<()>;
}
