//! A file that is replaced as a whole, and survives a power cut once it was.
//!
//! Chosen over an append-only log because the state is small (a few kilobytes, a megabyte for a
//! thousand people on one terminal server): a rename makes any number of changes all or none,
//! nothing torn is ever read back, and there is nothing to compact.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::platform;

/// Replaces a file: written beside it, flushed to the disk, renamed, and the rename flushed.
///
/// # Errors
///
/// When any step fails. After a failure of the last one the new content may or may not be found
/// at the next start.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let mut file: File = platform::private_file().open(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    platform::sync_dir(dir_of(path))
}

/// Removes a file for good; one that is not there is fine.
///
/// # Errors
///
/// When it cannot be removed.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => platform::sync_dir(dir_of(path)),
    }
}

/// The name under which the new content is written first.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn dir_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}
