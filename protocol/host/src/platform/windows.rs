//! Windows: a console restores itself, and directories have access lists that they inherit.

use std::fs::File;
use std::io;
use std::path::Path;

/// Runs what changes the console's mode; Ctrl-C there is a key like others, so nothing is left to
/// restore.
pub(crate) fn with_terminal_restored<T>(prompt: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    prompt()
}

/// Returns whether this process ignores a signal: Windows has none to ignore.
#[must_use]
pub fn is_ignored(_signal: i32) -> bool {
    false
}

/// Every directory is trusted: its access list was set when it was made.
///
/// # Errors
///
/// None.
pub fn trusted_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens the file whose lock says that a program runs, and makes it if there is none. Making a link
/// takes an administrator's privilege here.
///
/// # Errors
///
/// What the operating system says.
pub fn lock_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(false).open(path)
}
