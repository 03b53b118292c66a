//! The demo's panel: the Xfce panel with nothing on it but status icons, and its settings daemon.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bus::Bus;
use crate::children::{Child, Children};
use crate::launch::Launch;

/// The name on the bus under which programs register their status icons.
pub const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// The name of the settings daemon, without which the panel does not start.
pub const SETTINGS: &str = "org.xfce.Xfconf";

/// A running panel.
#[derive(Debug)]
pub struct Panel {
    /// The panel's process; killing it is how a panel dies.
    pub child: Child,
    _settings: Child,
}

impl Panel {
    /// Starts a panel at the top of the screen and waits until it takes status icons.
    /// `desktop` completes the environment of what is started; `config` is its `XDG_CONFIG_HOME`.
    ///
    /// # Errors
    /// If the panel or its settings daemon is missing or ends.
    pub async fn start(
        children: &Children,
        bus: &Bus,
        config: &Path,
        desktop: impl Fn(Launch) -> Launch,
    ) -> Result<Panel> {
        write_settings(config)?;
        let settings = children.start(desktop(Launch::new("xfconfd", settings_daemon()?)))?;
        bus.wait_for_owner(SETTINGS).await?;
        let child = children
            .start(desktop(Launch::new("panel", "xfce4-panel").arg("--disable-wm-check")))?;
        bus.wait_for_owner(WATCHER).await?;
        Ok(Panel { child, _settings: settings })
    }
}

/// The program that keeps the settings of Xfce's programs.
///
/// # Errors
/// If it is missing.
pub fn settings_daemon() -> Result<PathBuf> {
    program_of_xfce("xfconf/xfconfd").context("xfconfd is missing: install the package xfconf")
}

/// Xfce's notification server.
///
/// # Errors
/// If it is missing.
pub fn notification_daemon() -> Result<PathBuf> {
    program_of_xfce("notifyd/xfce4-notifyd")
        .context("xfce4-notifyd is missing: install the package xfce4-notifyd")
}

/// Debian keeps them in a folder named after the architecture.
fn program_of_xfce(name: &str) -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let places =
        folders.filter_map(Result::ok).map(|folder| folder.path().join("xfce4").join(name));
    places.into_iter().find(|place| place.is_file())
}

fn write_settings(config: &Path) -> Result<()> {
    let folder = config.join("xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let file = folder.join("xfce4-panel.xml");
    fs::write(&file, PANEL_SETTINGS).with_context(|| format!("cannot write {}", file.display()))
}

/// One panel at the top, 32 pixels high, with the status icons at their full size.
const PANEL_SETTINGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
      <property name="icon-size" type="int" value="22"/>
    </property>
  </property>
</channel>
"#;

#[cfg(test)]
#[path = "panel_tests.rs"]
mod tests;
