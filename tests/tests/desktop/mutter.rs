//! GNOME's idle monitor, with an idle time that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use hotseat_tests::bus::Bus;
use zbus::{Connection, interface};

const NAME: &str = "org.gnome.Mutter.IdleMonitor";
const PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";

/// A running idle monitor; dropping it is how a compositor dies.
pub(crate) struct Mutter {
    idle_ms: Arc<AtomicU64>,
    _connection: Connection,
}

impl Mutter {
    /// Takes the monitor's name on a bus.
    pub(crate) async fn start(bus: &Bus, idle_ms: u64) -> Result<Mutter> {
        let idle_ms = Arc::new(AtomicU64::new(idle_ms));
        let connection = bus.connect().await?;
        connection.object_server().at(PATH, Object { idle_ms: Arc::clone(&idle_ms) }).await?;
        connection.request_name(NAME).await?;
        Ok(Mutter { idle_ms, _connection: connection })
    }

    /// From now on the answer is this.
    pub(crate) fn set_idle(&self, ms: u64) {
        self.idle_ms.store(ms, Ordering::Relaxed);
    }
}

struct Object {
    idle_ms: Arc<AtomicU64>,
}

#[interface(name = "org.gnome.Mutter.IdleMonitor")]
impl Object {
    fn get_idletime(&self) -> u64 {
        self.idle_ms.load(Ordering::Relaxed)
    }
}
