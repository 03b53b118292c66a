//! What the command line says, and what the desktop is like that the demo was started on.

use anyhow::{Result, bail};
use clap::Parser;
use hotseat_tests::desk::ThisDesktop;

/// Plays an office: three colleagues, three desktops, two seats.
#[derive(Debug, Parser)]
#[command(name = "hotseat-demo", version)]
pub(crate) struct Options {
    /// End after the last step instead of staying up to be played with
    #[arg(long)]
    pub(crate) once: bool,
    /// Put Lucy's tray on the desktop you are looking at
    #[arg(long)]
    pub(crate) here: bool,
}

/// What makes a program part of the desktop it is started on.
const OF_THE_DESKTOP: [&str; 14] = [
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_TYPE",
    "XDG_SESSION_ID",
    "XDG_CURRENT_DESKTOP",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "HOME",
    "LANG",
    "TZ",
    "GDK_SCALE",
];

/// The desktop that the demo was started on.
///
/// # Errors
/// If there is no display or no session bus.
#[expect(clippy::disallowed_methods, reason = "this is the environment's one home in the demo")]
pub(crate) fn this_desktop() -> Result<ThisDesktop> {
    let variables: Vec<_> = OF_THE_DESKTOP
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let value = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| *name == wanted)?;
        found.1.to_str().map(str::to_owned)
    };
    if value("DISPLAY").or_else(|| value("WAYLAND_DISPLAY")).is_none() {
        bail!("--here needs a display, and there is none: run the demo without --here");
    }
    let address = value("DBUS_SESSION_BUS_ADDRESS")
        .or_else(|| Some(format!("unix:path={}/bus", value("XDG_RUNTIME_DIR")?)));
    let Some(bus) = address else {
        bail!("--here needs a session bus, and there is none: run the demo without --here");
    };
    Ok(ThisDesktop { variables, bus })
}
