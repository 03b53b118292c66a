//! What differs between operating systems: what a signal does to this process, a terminal's modes,
//! who owns a directory.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::with_terminal_restored;
#[cfg(unix)]
pub use unix::{is_ignored, lock_file, trusted_directory};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::with_terminal_restored;
#[cfg(windows)]
pub use windows::{is_ignored, lock_file, trusted_directory};
