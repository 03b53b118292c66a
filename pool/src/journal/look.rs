//! Looks at a store and changes nothing of it, not even its write-ahead log.
//!
//! Before a store is opened for writing it is looked at, so that one that is damaged, of another
//! program or of a newer version stays exactly as it was found.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use hotseat_host::secrets;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::error::JournalError;
use super::lock::StoreLock;
use super::store::is_ours;

/// How long a look waits for a writer: a checkpoint takes milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// A store that is looked at.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) connection: Connection,
    /// Held so that no server starts meanwhile; none when one runs, or where nothing can be
    /// written.
    _lock: Option<StoreLock>,
}

impl Look {
    /// Looks at the store at `path`, whether a server has it or not. In a directory of another user
    /// it may be that user's, as the packaged server's is for root.
    ///
    /// # Errors
    ///
    /// When it is missing, of another program, somebody else's, or cannot be read.
    pub(crate) fn at(path: &Path) -> Result<Self, JournalError> {
        if !JournalError::is_there(path)? {
            return Err(JournalError::missing(path));
        }
        of_each_file(path, secrets::look)?;
        let (taken, whose) = match StoreLock::take(path) {
            Ok(lock) => (Ok(Some(lock)), Whose::Ours),
            Err(error @ JournalError::InUse(_)) => (Err(error), Whose::Ours),
            Err(JournalError::NotTrusted { .. }) => {
                (StoreLock::take_as_found(path), Whose::Anothers)
            }
            // Where not even a lock can be made, a server may have been started before.
            Err(_) => (StoreLock::take_as_found(path), Whose::Ours),
        };
        let (lock, in_use) = match taken {
            Ok(lock) => (lock, false),
            Err(_) => (None, true),
        };
        Ok(Self { connection: opened(path, in_use, whose)?, _lock: lock })
    }

    /// Looks at a store whose lock the caller has, or at a copy that no server can have.
    ///
    /// # Errors
    ///
    /// When it is of another program, or cannot be read.
    pub(crate) fn locked(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { connection: connect(path, false)?, _lock: None })
    }
}

/// Who may replace the files of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    Anothers,
}

/// A connection that only reads. Of a store that nobody has and whose log is empty it takes no
/// locks and makes no files, so it works on a read-only disk too.
pub(super) fn connect(path: &Path, in_use: bool) -> Result<Connection, JournalError> {
    opened(path, in_use, Whose::Ours)
}

fn opened(path: &Path, in_use: bool, whose: Whose) -> Result<Connection, JournalError> {
    let has_log = fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match (in_use || has_log, whose) {
        (true, Whose::Ours) => Connection::open_with_flags(path, flags)?,
        (false, Whose::Ours) => {
            flags |= OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(as_uri(path, "immutable=1"), flags)?
        }
        // No name there is followed elsewhere, and the index of the log is not written.
        (is_written, Whose::Anothers) => {
            flags |= OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let how = if is_written { "readonly_shm=1" } else { "immutable=1" };
            Connection::open_with_flags(as_uri(&without_links(path)?, how), flags)?
        }
    };
    connection.busy_timeout(BUSY_WAIT)?;
    // The last to close a store would otherwise move its log into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    match is_ours(&connection) {
        Ok(true) => Ok(connection),
        Ok(false) => Err(JournalError::NotAStore(path.to_owned())),
        Err(error) if error.sqlite_error_code() == Some(ffi::ErrorCode::NotADatabase) => {
            Err(JournalError::NotAStore(path.to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Sees that the files of a store are nobody else's, and takes from others what they may do with
/// them. Only for who has its lock.
///
/// # Errors
///
/// When one is, or cannot be kept from others.
pub(crate) fn keep_private(store: &Path) -> Result<(), JournalError> {
    of_each_file(store, secrets::keep)
}

fn of_each_file(store: &Path, seen: impl Fn(&Path) -> io::Result<()>) -> Result<(), JournalError> {
    for file in ["", "-wal", "-shm", "-journal"].map(|suffix| beside(store, suffix)) {
        seen(&file).map_err(|error| {
            let why = error.to_string();
            JournalError::Exposed { path: file.clone(), why }
        })?;
    }
    Ok(())
}

/// The directory of a store.
pub(super) fn directory_of(store: &Path) -> &Path {
    store.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The same file by a name whose directories are no links.
fn without_links(path: &Path) -> Result<PathBuf, JournalError> {
    let directory = directory_of(path);
    let found = directory.canonicalize();
    let found =
        found.map_err(|error| JournalError::Io(format!("{}: {error}", directory.display())))?;
    Ok(path.file_name().map_or(found.clone(), |name| found.join(name)))
}

/// The files that belong to a store: its name with something after it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    name.into()
}

/// The file as a URI that says how it is opened.
fn as_uri(path: &Path, how: &str) -> String {
    let mut uri = "file:".to_owned();
    let text = path.to_string_lossy().replace('\\', "/");
    // A drive letter is not a host.
    if !text.starts_with('/') && path.is_absolute() {
        uri.push_str("///");
    }
    for letter in text.chars() {
        match letter {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            other => uri.push(other),
        }
    }
    uri.push('?');
    uri.push_str(how);
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_letters_that_mean_something_in_a_uri_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plain.db", "what?.db", "50%.db", "a#b.db", "ü x.db"] {
            let path = folder.path().join(name);
            if fs::write(&path, "").is_err() {
                continue; // Some systems know no such names.
            }
            let uri = as_uri(&path, "immutable=1");
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(&uri, flags).unwrap();
            is_ours(&connection).unwrap_or_else(|error| panic!("{uri}: {error}"));
        }
    }
}
