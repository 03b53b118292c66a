//! A private message bus on which nothing is started on demand: what is on it, the test put there.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use crate::children::{Child, Children};
use crate::launch::Launch;
use crate::waiting::wait_for;

/// A running `dbus-daemon`, as session bus or as system bus.
#[derive(Debug)]
pub struct Bus {
    /// Its process; killing it is how a bus dies.
    pub child: Child,
    address: String,
}

impl Bus {
    /// Starts a bus whose socket is `<folder>/<name>`, a path that must stay below 100 bytes.
    ///
    /// # Errors
    /// If dbus-daemon is missing or ends.
    pub fn start(children: &Children, folder: &Path, name: &str) -> Result<Bus> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let config = folder.join(format!("{name}.conf"));
        fs::write(&config, configuration(&folder.join(name)))
            .with_context(|| format!("cannot write {}", config.display()))?;
        let launch = Launch::new(name, "dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"]);
        let mut child = children.start(launch)?;
        // Without the bus's number, so that programs find the one that comes after it, too.
        let is_address = |line: &str| {
            let address = line.split(',').next().unwrap_or_default();
            address.starts_with("unix:").then(|| address.to_owned())
        };
        let address = child.wait_for_output("the bus has an address", is_address)?;
        Ok(Bus { child, address })
    }

    /// The value for `DBUS_SESSION_BUS_ADDRESS` or `DBUS_SYSTEM_BUS_ADDRESS`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// If the bus is gone.
    pub async fn connect(&self) -> Result<Connection> {
        let builder = zbus::connection::Builder::address(self.address.as_str());
        builder.build().await.with_context(|| format!("cannot connect to {}", self.address))
    }

    /// The process behind a name, or `None` while nobody owns it.
    ///
    /// # Errors
    /// If the bus is gone or the name is no name.
    pub async fn owner(&self, name: &str) -> Result<Option<u32>> {
        let connection = self.connect().await?;
        let proxy = DBusProxy::new(&connection).await?;
        let name = BusName::try_from(name)?;
        if !proxy.name_has_owner(name.clone()).await? {
            return Ok(None);
        }
        // The owner may have left in between.
        Ok(proxy.get_connection_unix_process_id(name).await.ok())
    }

    /// Waits until somebody owns a name and returns the process behind it.
    ///
    /// # Errors
    /// If nobody comes to own it.
    pub async fn wait_for_owner(&self, name: &str) -> Result<u32> {
        wait_for(&format!("{name} has an owner"), async || self.owner(name).await).await
    }
}

/// No service folders: an unowned name stays unowned. Every user may connect, for tests with two of them.
fn configuration(socket: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"#,
        socket.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_owned_by_who_took_it_and_nothing_starts_by_itself() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let children = Children::new(folder.path()).expect("children");
        let bus = Bus::start(&children, folder.path(), "session").expect("a bus");
        assert_eq!(bus.owner("org.freedesktop.Notifications").await.expect("an answer"), None);
        let connection = bus.connect().await.expect("a connection");
        connection.request_name("org.freedesktop.Notifications").await.expect("the name is free");
        let owner = bus.wait_for_owner("org.freedesktop.Notifications").await.expect("an owner");
        assert_eq!(owner, std::process::id());
        let error = connection
            .call_method(Some("org.a11y.Bus"), "/", Some("org.freedesktop.DBus.Peer"), "Ping", &())
            .await;
        assert!(error.expect_err("nobody is there").to_string().contains("ServiceUnknown"));
    }
}
