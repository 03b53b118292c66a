//! The lock beside a store: whoever has it has the store. It knows nothing of what is in one.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use super::error::JournalError;
use super::look::{beside, directory_of};
use crate::platform::{lock_itself, trusted_directory};

/// The lock that only one server can have; the system releases it however the process ends.
#[derive(Debug)]
pub(crate) struct StoreLock {
    /// The store itself: a second name of it has a lock file of its own, and a lock file can be
    /// removed. It stays open as long as SQLite has the store, whose own locks end when any file of
    /// this process on it is closed.
    _itself: Option<File>,
    /// Released when it is dropped.
    _file: File,
}

impl StoreLock {
    /// Takes the lock of the store at `path`.
    ///
    /// # Errors
    ///
    /// When another program has it, its directory is not trusted, or the lock's file cannot be made.
    pub(crate) fn take(path: &Path) -> Result<Self, JournalError> {
        let name = beside(path, ".lock");
        let failed = |error: std::io::Error| {
            let text = format!("{}: {error}", name.display());
            let kind = error.kind();
            if matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) {
                JournalError::ReadOnly(text)
            } else if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
                JournalError::Full(text)
            } else {
                JournalError::Io(text)
            }
        };
        let directory = directory_of(path);
        trusted_directory(directory).map_err(|why| {
            let (directory, why) = (directory.to_owned(), why.to_string());
            JournalError::NotTrusted { directory, why }
        })?;
        let file = hotseat_host::lock_file(&name).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _itself: itself(path)?, _file: file }),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The same for who only looks, where nothing may be written: the lock's file is not made. None
    /// where there is no such file, or no lock for who only reads.
    ///
    /// # Errors
    ///
    /// When another program has it.
    pub(crate) fn take_as_found(path: &Path) -> Result<Option<Self>, JournalError> {
        let Ok(file) = hotseat_host::open_private(&beside(path, ".lock")) else {
            return Ok(None);
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _itself: itself(path)?, _file: file })),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
            Err(TryLockError::Error(_)) => Ok(None),
        }
    }
}

fn itself(path: &Path) -> Result<Option<File>, JournalError> {
    lock_itself(path).map_err(|_| JournalError::InUse(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_by_another_name_or_without_its_lock_file_is_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let (store, again) = (folder.path().join("pool.db"), folder.path().join("again.db"));
        std::fs::write(&store, "").unwrap();
        std::fs::hard_link(&store, &again).unwrap();
        let held = StoreLock::take(&store).unwrap();
        if held._itself.is_none() {
            return; // Nothing locks a file itself here.
        }
        assert!(matches!(StoreLock::take(&again), Err(JournalError::InUse(_))), "another name");
        std::fs::remove_file(beside(&store, ".lock")).unwrap();
        assert!(matches!(StoreLock::take(&store), Err(JournalError::InUse(_))), "no lock file");
        drop(held);
        assert!(StoreLock::take(&again).is_ok());
    }

    #[test]
    fn who_only_looks_sees_a_lock_that_another_has_and_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("pool.db");
        assert!(StoreLock::take_as_found(&store).unwrap().is_none());
        assert!(!beside(&store, ".lock").exists());
        let held = StoreLock::take(&store).unwrap();
        let in_use = StoreLock::take_as_found(&store);
        assert!(matches!(in_use, Err(JournalError::InUse(_))), "{in_use:?}");
        drop(held);
        let looking = StoreLock::take_as_found(&store).unwrap();
        assert!(looking.is_some());
        assert!(matches!(StoreLock::take(&store), Err(JournalError::InUse(_))), "it is kept");
    }
}
