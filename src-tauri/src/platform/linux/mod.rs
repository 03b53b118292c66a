//! Linux.

mod lock;
mod mutter;
mod notes;
mod panel;
mod wayland;
mod x11;

use std::process::Command;

use crate::config::Session;
use crate::controller::Part;
use crate::idle::IdleSource;

pub use super::signals::ended_by_the_system;
pub use lock::lock_source;
pub use notes::show_note;
pub use panel::panel_appears;
pub use x11::text_scale;

/// The variable that keeps GTK from loading a GL driver, which is a third of the memory of a
/// program that draws no window.
const GDK_GL: &str = "GDK_GL";

/// Prepares the process for its part; must be called before any other thread runs.
#[expect(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "GTK reads this setting from the environment and from nowhere else"
)]
pub fn prepare(part: Part) {
    if part == Part::Tray {
        // SAFETY: `main` calls this first, so no other thread reads the environment.
        unsafe { std::env::set_var(GDK_GL, "disable") };
    }
}

/// Takes back for a child what [`prepare`] did to this process.
pub fn without_preparation(command: &mut Command) {
    command.env_remove(GDK_GL);
}

/// Why no icon and no window can be shown; GTK would end the process without a word.
pub fn missing_display(session: &Session) -> Option<String> {
    let next = "Start hotseat-tray from a desktop session; in a terminal, use `hotseat run`.";
    if session.wayland_display.is_some() && wayland::answers() {
        return None;
    }
    let Some(display) = &session.display else {
        return Some(match &session.wayland_display {
            Some(display) => format!("The Wayland display {display} does not answer. {next}"),
            None => {
                format!("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. {next}")
            }
        });
    };
    let error = x11::cannot_connect()?;
    Some(format!("The display {display} cannot be opened: {error}. {next}"))
}

/// The first source that answers: the compositor's own protocol, GNOME's, then X11, but never the
/// X server inside a Wayland session, which sees only the input of X programs.
pub async fn idle_source(session: &Session) -> Option<Box<dyn IdleSource>> {
    if session.wayland_display.is_some()
        && let Some(source) = wayland::open().await
    {
        return Some(Box::new(source));
    }
    if let Some(source) = mutter::open().await {
        return Some(Box::new(source));
    }
    if session.wayland_display.is_none() && session.display.is_some() {
        let source = x11::open().await?;
        return Some(Box::new(source));
    }
    None
}
