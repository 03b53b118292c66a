//! Windows: a console restores itself, and directories have access lists that they inherit.

use std::fs::File;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::secrets::Narrowed;

/// Asks for a line that nobody sees. Ctrl-C there is a key like others, so nothing is left to
/// restore.
pub(crate) fn password(prompt: &str) -> io::Result<Option<Zeroizing<String>>> {
    rpassword::prompt_password(prompt).map(|typed| Some(Zeroizing::new(typed)))
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

/// Makes signals mean what the programs count on: Windows has none.
pub fn prepare_signals() {}

/// Keeps this process's memory out of core files, which Windows does not write by itself.
pub fn hide_memory() {}

/// Whether opening or reading something may wait for somebody else.
pub(crate) fn waits(_found: &std::fs::Metadata) -> bool {
    false
}

/// Every file is nobody else's: it inherits its directory's access list.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn keep_private(_path: &Path) -> io::Result<Option<Narrowed>> {
    Ok(None)
}

/// Others may do nothing with any file: it inherits its directory's access list.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn exposed(_path: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Opens a file that holds secrets for reading.
///
/// # Errors
///
/// What the operating system says.
pub fn open_private(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens a file for reading.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The wish to end this program, which Windows gives it no time for.
#[derive(Debug)]
pub struct Endings;

impl Endings {
    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// None.
    pub fn deferred() -> io::Result<Self> {
        Ok(Self)
    }

    /// Whether somebody wished this program to end.
    #[must_use]
    pub fn asked(&self) -> bool {
        false
    }
}

/// Which file something is: one that is open cannot be removed or replaced here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileIdentity;

impl FileIdentity {
    /// Sees that there is one.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|_| Self)
    }
}
