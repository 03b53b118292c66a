//! The program with which status icons are registered, without drawing any.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use hotseat_tests::bus::Bus;
use hotseat_tests::panel::WATCHER;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, interface};

const PATH: &str = "/StatusNotifierWatcher";

/// A running watcher; dropping it is how a panel goes.
pub(crate) struct StatusWatcher {
    registered: Arc<Mutex<Vec<String>>>,
    host: Arc<AtomicBool>,
    connection: Connection,
}

impl StatusWatcher {
    /// Takes the watcher's name on a bus.
    pub(crate) async fn start(bus: &Bus) -> Result<StatusWatcher> {
        Self::start_with(bus, Host::Draws, Answers::AtOnce).await
    }

    /// The same, where nothing draws what is registered until [`Self::host_comes`].
    pub(crate) async fn start_without_host(bus: &Bus) -> Result<StatusWatcher> {
        Self::start_with(bus, Host::ToCome, Answers::AtOnce).await
    }

    /// The same, where no registration is ever answered.
    pub(crate) async fn start_hanging(bus: &Bus) -> Result<StatusWatcher> {
        Self::start_with(bus, Host::Draws, Answers::Never).await
    }

    async fn start_with(bus: &Bus, host: Host, answers: Answers) -> Result<StatusWatcher> {
        let registered = Arc::new(Mutex::new(Vec::new()));
        let host = Arc::new(AtomicBool::new(matches!(host, Host::Draws)));
        let object =
            Object { registered: Arc::clone(&registered), host: Arc::clone(&host), answers };
        let connection = bus.connect().await?;
        connection.object_server().at(PATH, object).await?;
        connection.request_name(WATCHER).await?;
        Ok(StatusWatcher { registered, host, connection })
    }

    /// Something draws from now on.
    pub(crate) async fn host_comes(&self) -> Result<()> {
        self.host.store(true, Ordering::Relaxed);
        let object = self.connection.object_server().interface::<_, Object>(PATH).await?;
        Ok(Object::status_notifier_host_registered(object.signal_emitter()).await?)
    }

    /// How many registrations there were.
    pub(crate) fn registrations(&self) -> usize {
        self.registered.lock().expect("no test panics while it holds this").len()
    }
}

enum Host {
    Draws,
    ToCome,
}

enum Answers {
    AtOnce,
    Never,
}

struct Object {
    registered: Arc<Mutex<Vec<String>>>,
    host: Arc<AtomicBool>,
    answers: Answers,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Object {
    async fn register_status_notifier_item(
        &self,
        service: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> zbus::fdo::Result<()> {
        self.registered.lock().expect("no test panics while it holds this").push(service.clone());
        if matches!(self.answers, Answers::Never) {
            std::future::pending::<()>().await;
        }
        Ok(Object::status_notifier_item_registered(&emitter, &service).await?)
    }

    #[zbus(signal)]
    async fn status_notifier_item_registered(
        emitter: &SignalEmitter<'_>,
        service: &str,
    ) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn status_notifier_host_registered(emitter: &SignalEmitter<'_>) -> zbus::Result<()>;

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        self.host.load(Ordering::Relaxed)
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.registered.lock().expect("no test panics while it holds this").clone()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
