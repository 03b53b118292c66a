//! Why a journal cannot be read or written, in words that name the next step.

use std::path::{Path, PathBuf};

use hotseat_host::in_the_way::{Needed, in_the_way};
use hotseat_protocol::ids::Seq;
use rusqlite::ffi;
use thiserror::Error;

use crate::upkeep::left_over::kept;

/// Why a journal cannot be read, written or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// Another server has the store.
    #[error(
        "{} is in use by another pool server: stop that one first, or give this one another data_dir",
        .0.display()
    )]
    InUse(PathBuf),
    /// The file is of another program.
    #[error("{} is not a Hotseat store: point data_dir elsewhere, or move the file away", .0.display())]
    NotAStore(PathBuf),
    /// There is no store where one should be.
    #[error("there is no store at {}: make one with `hotseat-pool init`, or put a backup back with \
         `hotseat-pool restore FILE`", .0.display())]
    Missing(PathBuf),
    /// Something else is where a store should be, or would be made.
    #[error("{} cannot be the store: {why}", .path.display())]
    InTheWay {
        /// Where the store should be.
        path: PathBuf,
        /// What is there.
        why: String,
    },
    /// There is no store where one should be, but beside it lies what was one.
    #[error(
        "there is no store at {}, but {} was one, and was moved aside by a recover or restore that \
         was interrupted: move all of its folder back and run the verb again, or put a backup back \
         with `hotseat-pool restore FILE`",
        .path.display(), .kept.display()
    )]
    LeftBeside {
        /// Where the store should be.
        path: PathBuf,
        /// What lies beside it.
        kept: PathBuf,
    },
    /// It was there, and is not any more, or another file is.
    #[error(
        "{} was removed or replaced while the pool server has it: stop the server, and put back the \
         file that was there, or a backup with `hotseat-pool restore FILE`",
        .0.display()
    )]
    Replaced(PathBuf),
    /// The store was written by a newer version of the program.
    #[error(
        "the store has {what} of version {found} and this program knows up to {known}: \
         start the newer program that wrote it"
    )]
    Newer {
        /// What is newer.
        what: &'static str,
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// Somebody else holds the store's write lock.
    #[error("the store is busy: another program is writing to it; close it")]
    Busy,
    /// Others may replace what is in its directory.
    #[error("nothing is written in {}: {why}", .directory.display())]
    NotTrusted {
        /// Its directory.
        directory: PathBuf,
        /// Whose it is, or who may write there, and what to do.
        why: String,
    },
    /// Others own one of its files, or may read it.
    #[error("{}: {why}", .path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Whose it is or what is wrong with its mode, and the command that mends it.
        why: String,
    },
    /// There is no room.
    #[error("the disk with the store is full ({0}): make room")]
    Full(String),
    /// It may not be written.
    #[error("the store cannot be written ({0}): check the file's owner, its mode and the mount")]
    ReadOnly(String),
    /// What was read cannot be.
    #[error(
        "the store is damaged ({0}): `hotseat-pool verify` says how much of it; put a backup back \
         with `hotseat-pool restore FILE --replace`"
    )]
    Corrupt(String),
    /// A record cannot be read or applied, and no snapshot covers it.
    #[error(
        "the store is damaged: record {record} cannot be used ({cause}); \
         `hotseat-pool recover --quarantine {record}` says what would follow from setting it aside, \
         `hotseat-pool verify` what else is wrong; or put a backup back with \
         `hotseat-pool restore FILE --replace`"
    )]
    Poisoned {
        /// Its number.
        record: Seq,
        /// Why.
        cause: String,
    },
    /// A row beside the journal cannot be used.
    #[error(
        "the store is damaged: rows cannot be used ({0}); `hotseat-pool recover --rows` says what would \
         follow from setting it aside, `hotseat-pool verify` what else is wrong; or put a backup \
         back with `hotseat-pool restore FILE --replace`"
    )]
    Spoilt(String),
    /// A record that should be there is not.
    #[error(
        "the journal has a gap: record {expected} should follow, {found} does; put a backup back \
         with `hotseat-pool restore FILE --replace`"
    )]
    Gap {
        /// The number that should follow.
        expected: Seq,
        /// The number that does.
        found: Seq,
    },
    /// A stored form cannot be understood.
    #[error(
        "{what} cannot be read ({cause}): put a backup back with `hotseat-pool restore FILE \
         --replace`"
    )]
    Unreadable {
        /// Which.
        what: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Reading or writing failed.
    #[error("the store cannot be reached ({0}): check the disk and the system's log")]
    Io(String),
}

impl JournalError {
    /// Whether there is a file at `path`, as a store or to become one.
    ///
    /// # Errors
    ///
    /// When something else is there.
    pub(crate) fn is_there(path: &Path) -> Result<bool, Self> {
        match in_the_way(path, Needed::File) {
            Some(why) => Err(Self::InTheWay { path: path.to_owned(), why }),
            None => Ok(path.exists()),
        }
    }

    /// There is no store at `path`; one that an interrupted replacement moved aside is named.
    pub(crate) fn missing(path: &Path) -> Self {
        match kept(path).pop() {
            Some(kept) => Self::LeftBeside { path: path.to_owned(), kept },
            None => Self::Missing(path.to_owned()),
        }
    }
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        if is_about_content(&error) {
            return Self::Corrupt(text);
        }
        // A start makes this file; SQLite calls it an I/O error when there is no room for it.
        if let rusqlite::Error::SqliteFailure(failure, _) = &error
            && failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE
        {
            return Self::Full("there is no room for its -shm file".to_owned());
        }
        match error.sqlite_error_code() {
            Some(ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ffi::ErrorCode::DiskFull) => Self::Full(text),
            Some(ffi::ErrorCode::ReadOnly | ffi::ErrorCode::PermissionDenied) => {
                Self::ReadOnly(text)
            }
            Some(ffi::ErrorCode::DatabaseCorrupt | ffi::ErrorCode::NotADatabase) => {
                Self::Corrupt(text)
            }
            _ => Self::Io(text),
        }
    }
}

/// Whether something was read or written and is not what it must be: the disk is not the reason.
fn is_about_content(error: &rusqlite::Error) -> bool {
    use ffi::ErrorCode::{ConstraintViolation, TypeMismatch, Unknown};
    match error.sqlite_error_code() {
        // Unknown: such as a table that is missing.
        Some(code) => matches!(code, ConstraintViolation | TypeMismatch | Unknown),
        None => matches!(
            error,
            rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::Utf8Error(..)
                | rusqlite::Error::InvalidColumnType(..)
                // Such as a column that is missing.
                | rusqlite::Error::SqlInputError { .. }
                | rusqlite::Error::QueryReturnedNoRows
        ),
    }
}
