//! What differs between operating systems: what a signal does to this process, a terminal's modes,
//! who owns a directory.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::{
    Endings, FileIdentity, hide_memory, is_ignored, lock_file, open_private, prepare_signals,
    trusted_directory,
};
#[cfg(unix)]
pub(crate) use unix::{exposed, keep_private, open_regular, password, waits};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub use windows::{
    Endings, FileIdentity, hide_memory, is_ignored, lock_file, open_private, prepare_signals,
    trusted_directory,
};
#[cfg(windows)]
pub(crate) use windows::{exposed, keep_private, open_regular, password, waits};

/// What only Unix has: paths with owners. Elsewhere there is nothing in it.
pub mod unix_only {
    #[cfg(unix)]
    pub use super::unix::{Way, trusted_place};
}
