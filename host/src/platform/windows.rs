//! Windows: a console restores itself, and directories have access lists that they inherit.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opening follows links; making one takes an administrator's privilege here.
pub const OPENS_NO_LINK: u32 = 0;

/// Runs what changes the console's mode; Ctrl-C there is a key like others, so nothing is left to
/// restore.
pub(crate) fn with_terminal_restored<T>(prompt: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    prompt()
}

/// Every directory is trusted: its access list was set when it was made.
///
/// # Errors
///
/// None.
pub fn trusted_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Every file is trusted: its directory's access list covers it.
///
/// # Errors
///
/// None.
pub fn trusted_file(_file: &File) -> io::Result<()> {
    Ok(())
}
