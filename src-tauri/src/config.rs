//! What the command line and the environment say; the only place that reads them.

use std::path::PathBuf;

use clap::Parser;

/// Shows whether you hold a seat, warns when you are idle, signs you off when you leave.
#[derive(Debug, Parser)]
#[command(name = "hotseat-tray", version)]
pub struct Options {
    /// Show the window instead of the tray icon
    #[arg(long)]
    pub window: bool,

    /// The socket of Hotseat's service on this computer
    #[arg(long, value_name = "PATH", env = "HOTSEAT_SOCKET")]
    pub socket: Option<PathBuf>,

    /// What to write to standard error, for example `debug` or `hotseat_tray=debug`
    #[arg(long, value_name = "FILTER", env = "HOTSEAT_TRAY_LOG", default_value = "info")]
    pub log: String,
}

/// What the environment says about the desktop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// The X display.
    pub display: Option<String>,
    /// The Wayland display.
    pub wayland_display: Option<String>,
    /// The folder for this session's sockets.
    pub runtime_dir: Option<PathBuf>,
}

impl Session {
    /// Reads the environment.
    #[expect(clippy::disallowed_methods, reason = "this is the environment's one home")]
    pub fn from_env() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            display: text("DISPLAY"),
            wayland_display: text("WAYLAND_DISPLAY"),
            runtime_dir: text("XDG_RUNTIME_DIR").map(PathBuf::from),
        }
    }

    /// What tells this session apart where the OS does not: the display, Wayland first.
    pub fn display_name(&self) -> Option<String> {
        self.wayland_display.clone().or_else(|| self.display.clone())
    }
}
