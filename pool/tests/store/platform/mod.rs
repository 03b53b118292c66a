//! Disks that fail, as far as an operating system lets a test make some. Each has the same
//! functions; what cannot be made is none.

use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
use unix as system;

#[cfg(not(unix))]
mod other;
#[cfg(not(unix))]
use other as system;

/// A small disk of its own at a new directory; it goes when this is dropped.
pub(crate) fn small_disk(at: &Path, kib: u32) -> Option<system::Mount> {
    system::small_disk(at, kib)
}

/// Makes a directory, or a file, and all below it read-only until this is dropped.
pub(crate) fn read_only(what: &Path) -> Option<system::ReadOnly> {
    system::read_only(what)
}

/// A command that lives on when it may write no more.
pub(crate) fn survives_full_disks(command: &Command) -> Option<Command> {
    system::survives_full_disks(command)
}

/// From here on a process can write nothing to files, or everything again.
pub(crate) fn let_write(pid: u32, may: bool) {
    system::let_write(pid, may);
}

/// The bits of a file's mode that say who may read it; none where there are none.
pub(crate) fn mode(file: &Path) -> Option<u32> {
    system::mode(file)
}

/// Makes a symbolic link; false where that is not allowed.
pub(crate) fn link(target: &str, at: &Path) -> bool {
    system::link(target, at)
}

/// Whether this process has the machine's own places and not a user's.
pub(crate) fn is_administrator() -> bool {
    system::is_administrator()
}

/// Lets every user write in a directory; false where that cannot be.
pub(crate) fn open_to_all(folder: &Path) -> bool {
    system::open_to_all(folder)
}

/// Gives a directory to another user; false where that cannot be.
pub(crate) fn give_away(folder: &Path, user: u32) -> bool {
    system::give_away(folder, user)
}

/// Gives a data directory with all that is in it to another user, who can reach it; false where
/// that cannot be. Modes stay.
pub(crate) fn give_store_away(data_dir: &Path, user: u32) -> bool {
    system::give_store_away(data_dir, user)
}

/// Lets a command run as another user; only for root.
pub(crate) fn run_as(command: &mut Command, user: u32) {
    system::run_as(command, user);
}

/// Everything in a directory, with whose it is and its mode.
pub(crate) fn owners(folder: &Path) -> Vec<(PathBuf, u32, u32)> {
    system::owners(folder)
}

/// What a user is called here; none: not at all.
pub(crate) fn user_name(user: u32) -> Option<String> {
    system::user_name(user)
}

/// Makes a directory this user's alone again.
pub(crate) fn make_own(folder: &Path) {
    system::make_own(folder);
}

/// Makes a pipe; false where there are none.
pub(crate) fn pipe(at: &Path) -> bool {
    system::pipe(at)
}

/// Sets a file's mode; false where it has none.
pub(crate) fn set_mode(file: &Path, mode: u32) -> bool {
    system::set_mode(file, mode)
}
