//! What differs between operating systems, behind functions of the same names.

#[cfg(target_os = "linux")]
#[path = "linux/mod.rs"]
mod os;

#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod os;

#[cfg(windows)]
#[path = "windows.rs"]
mod os;

#[cfg(unix)]
mod signals;

#[cfg(not(target_os = "linux"))]
mod blocking_notes;

pub use os::{
    ended_by_the_system, idle_source, lock_source, missing_display, panel_appears, prepare,
    show_note, text_scale, without_preparation,
};
