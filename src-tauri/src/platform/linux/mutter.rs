//! Idle times of GNOME's compositor, over the session bus.

use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::{Connection, Proxy};

use crate::idle::{Gone, IdleSource, Soon};

const NAME: &str = "org.gnome.Mutter.IdleMonitor";
const PATH: &str = "/org/gnome/Mutter/IdleMonitor/Core";

/// Mutter, or a compositor that speaks as it does.
pub(super) struct Mutter {
    proxy: Proxy<'static>,
}

/// Looks for it on the session bus; nothing when it is not there or does not answer.
pub(super) async fn open() -> Option<Mutter> {
    match connect().await {
        Ok(source) => source,
        Err(error) => {
            tracing::debug!(%error, "Mutter cannot tell idle times");
            None
        }
    }
}

async fn connect() -> zbus::Result<Option<Mutter>> {
    let connection = Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    // A call to a name that nobody owns would start a program.
    if !bus.name_has_owner(BusName::try_from(NAME)?).await? {
        return Ok(None);
    }
    let source = Mutter { proxy: Proxy::new(&connection, NAME, PATH, NAME).await? };
    source.ask().await?;
    Ok(Some(source))
}

impl Mutter {
    async fn ask(&self) -> zbus::Result<u64> {
        self.proxy.call("GetIdletime", &()).await
    }
}

impl IdleSource for Mutter {
    fn name(&self) -> &'static str {
        "Mutter"
    }

    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>> {
        Box::pin(async { self.ask().await.map_err(|error| Gone::Failed(error.to_string())) })
    }
}
