//! A desktop of one person: X server, session and system bus, home, and what else they want on it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::bus::Bus;
use crate::children::{Child, Children};
use crate::input::Input;
use crate::launch::Launch;
use crate::panel::Panel;
use crate::screen::Picture;
use crate::windows::{self, Area};
use crate::x_server::XServer;

/// A running desktop. Its processes belong to the [`Children`] it was started with.
#[derive(Debug)]
pub struct Desktop {
    /// The X server.
    pub x: XServer,
    /// The session bus.
    pub session_bus: Bus,
    /// The system bus, where a test may put a logind of its own.
    pub system_bus: Bus,
    children: Children,
    folder: PathBuf,
}

impl Desktop {
    /// Starts a desktop that keeps its files in `folder` (a short path: sockets are in it).
    ///
    /// # Errors
    /// If one of its servers is missing or ends.
    pub fn start(children: &Children, folder: &Path) -> Result<Desktop> {
        for name in ["home", "config", "run"] {
            let made = folder.join(name);
            fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
        }
        fs::set_permissions(folder.join("run"), Permissions::from_mode(0o700))
            .context("cannot close the run folder")?;
        Ok(Desktop {
            x: XServer::start(children)?,
            session_bus: Bus::start(children, folder, "session")?,
            system_bus: Bus::start(children, folder, "system")?,
            children: children.clone(),
            folder: folder.to_path_buf(),
        })
    }

    /// Puts a program into this desktop's session.
    pub fn inside(&self, launch: Launch) -> Launch {
        launch
            .env("DISPLAY", self.x.display())
            .env("DBUS_SESSION_BUS_ADDRESS", self.session_bus.address())
            .env("DBUS_SYSTEM_BUS_ADDRESS", self.system_bus.address())
            .env("XDG_RUNTIME_DIR", self.folder.join("run"))
            .env("XDG_CONFIG_HOME", self.folder.join("config"))
            .env("XDG_SESSION_TYPE", "x11")
            .env("HOME", self.folder.join("home"))
            .env("GDK_BACKEND", "x11")
            // No screen reader is on this desktop, so GTK need not look for its bus.
            .env("NO_AT_BRIDGE", "1")
    }

    /// Starts a program in this desktop's session.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start_program(&self, launch: Launch) -> Result<Child> {
        self.children.start(self.inside(launch))
    }

    /// Starts a window manager, which gives windows their close button.
    ///
    /// # Errors
    /// If it is missing or ends.
    pub fn start_window_manager(&self) -> Result<Child> {
        let mut child = self.start_program(Launch::new("openbox", "openbox"))?;
        let input = self.input()?;
        child.wait_until("a window manager is there", || {
            Ok(input.window_manager()?.then_some(()))
        })?;
        Ok(child)
    }

    /// Starts a panel that shows status icons.
    ///
    /// # Errors
    /// If it is missing or ends.
    pub async fn start_panel(&self) -> Result<Panel> {
        let config = self.folder.join("config");
        Panel::start(&self.children, &self.session_bus, &config, |launch| self.inside(launch)).await
    }

    /// A hand on this desktop's keyboard and pointer.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn input(&self) -> Result<Input> {
        Input::connect(self.x.display())
    }

    /// What its screen shows now.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn picture(&self) -> Result<Picture> {
        Picture::of_screen(self.x.display())
    }

    /// Where the window with this title is, if it is shown.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn window_area(&self, title: &str) -> Result<Option<Area>> {
        windows::area_of(self.x.display(), title)
    }

    /// Where the windows with this title are that are shown.
    ///
    /// # Errors
    /// If the display is gone.
    pub fn window_areas(&self, title: &str) -> Result<Vec<Area>> {
        windows::areas_of(self.x.display(), title)
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder that is `XDG_RUNTIME_DIR` on it.
    pub fn runtime_dir(&self) -> PathBuf {
        self.folder.join("run")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiting::wait_until;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_desktop_has_a_panel_that_takes_icons_and_a_screen_to_look_at() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let children = Children::new(&folder.path().join("logs")).expect("children");
        let desktop = Desktop::start(&children, folder.path()).expect("a desktop");
        let empty = desktop.picture().expect("a picture");
        let _manager = desktop.start_window_manager().expect("a window manager");
        let _panel = desktop.start_panel().await.expect("a panel");
        let drawn = wait_until("the panel is drawn", || {
            let picture = desktop.picture()?;
            Ok((picture != empty).then_some(picture))
        });
        let picture = drawn.expect("it is drawn");
        picture.save(&folder.path().join("screen.png")).expect("it is saved");
        assert_eq!((picture.width, picture.height), (1280, 800));
    }
}
