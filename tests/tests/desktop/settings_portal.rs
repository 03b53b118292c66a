//! The desktop's settings as programs read them, with a colour scheme that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use hotseat_tests::bus::Bus;
use zbus::object_server::InterfaceRef;

use zbus::{Connection, OwnedVariant, Variant, interface};

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";

/// As the portal numbers them.
pub(crate) const DARK: u32 = 1;
/// The other one.
pub(crate) const LIGHT: u32 = 2;

/// A running portal.
pub(crate) struct SettingsPortal {
    scheme: Arc<AtomicU32>,
    object: InterfaceRef<Object>,
    _connection: Connection,
}

impl SettingsPortal {
    /// Takes the portal's name on a bus.
    pub(crate) async fn start(bus: &Bus, scheme: u32) -> Result<SettingsPortal> {
        let scheme = Arc::new(AtomicU32::new(scheme));
        let connection = bus.connect().await?;
        let objects = connection.object_server();
        objects.at(PATH, Object { scheme: Arc::clone(&scheme) }).await?;
        let object = objects.interface(PATH).await?;
        connection.request_name(NAME).await?;
        Ok(SettingsPortal { scheme, object, _connection: connection })
    }

    /// From now on it is this, and everybody is told.
    pub(crate) async fn set(&self, scheme: u32) -> Result<()> {
        self.scheme.store(scheme, Ordering::Relaxed);
        let emitter = self.object.signal_emitter();
        emitter.emit(SETTINGS, "SettingChanged", &(NAMESPACE, KEY, Variant::from(scheme))).await?;
        Ok(())
    }
}

struct Object {
    scheme: Arc<AtomicU32>,
}

#[interface(name = "org.freedesktop.portal.Settings")]
impl Object {
    fn read(&self, namespace: &str, key: &str) -> zbus::fdo::Result<OwnedVariant> {
        if (namespace, key) != (NAMESPACE, KEY) {
            return Err(zbus::fdo::Error::UnknownProperty(format!("{namespace} {key}")));
        }
        // This older call wraps its answer twice.
        let inner = Variant::from(self.scheme.load(Ordering::Relaxed));
        OwnedVariant::try_from(Variant::Variant(Box::new(inner)))
            .map_err(|error| zbus::fdo::Error::Failed(error.to_string()))
    }
}
