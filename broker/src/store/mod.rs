//! What survives the broker: its directory, and the one thread that writes to it.
//!
//! | file | what |
//! |---|---|
//! | `machine.json` | who this machine is: id, credential, pool server (written by `enroll`) |
//! | `link.json` | what the pool must be shown next time: the link secret, the newest journal position |
//! | `state.json` | seats, sign-ons, sign-offs, log-ins, and the boot that they are from |
//! | `upgrade` | left by a broker that stopped for an upgrade; read once |
//! | `lock` | held while a broker runs on this directory |
//!
//! The directory is 0700 and its files 0600: they hold the machine's credential and people's
//! tokens.

mod durable;
mod form;
mod link;
mod machine;
mod writer;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use hotseat_broker_core::{Boot, RESTART_GRACE_MS, Saved, UPGRADE_GRACE_MS};
use hotseat_host::{input, secrets};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::platform;

pub use link::{LinkFile, Remembered};
pub use machine::Machine;
pub use writer::{Stored, Writer};

const STATE_FILE: &str = "state.json";
const MACHINE_FILE: &str = "machine.json";
const LINK_FILE: &str = "link.json";
const UPGRADE_FILE: &str = "upgrade";
const LOCK_FILE: &str = "lock";

/// The longest file that is read, in bytes: a hundred times what a terminal server with a thousand
/// people writes.
const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A boot's id has 36 characters.
const UPGRADE_BYTES_MAX: usize = 1024;

/// Why the directory cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The directory or a file in it cannot be made, read or written.
    #[error("cannot {what} {path}: {cause}. {next}", next = next_step(cause))]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Another broker runs on this directory.
    #[error(
        "another broker runs on the state directory {0}. \
         Stop it first, or give this one a directory of its own with --state-dir"
    )]
    InUse(PathBuf),
    /// A file says that it is of a newer version.
    #[error(
        "{path} was written by a newer broker (version {version}, this one reads up to {newest}). \
         Install that broker again, or move the file away to start without what it holds"
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// The newest that this broker reads.
        newest: u64,
    },
    /// A file cannot be understood.
    #[error(
        "{path} is damaged: {cause}. {next}",
        next = if path.ends_with(MACHINE_FILE) || path.ends_with(LINK_FILE) {
            "Enrol the machine again with `hotseat-broker enroll --force --server URL`"
        } else {
            "Move the file away and start again: people log in again, \
             and the pool frees the seats that were in it after their lease"
        }
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// The machine is already enrolled.
    #[error(
        "this machine is already enrolled with {server} ({path}). \
         Use --force to enrol it anew; a broker that runs signs everybody off first, and people \
         log in again"
    )]
    Enrolled {
        /// The file that says so.
        path: PathBuf,
        /// With whom.
        server: String,
    },
}

/// What helps when the state cannot be read or written.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds have one advice")]
fn next_step(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The disk is full: make room, or name another place with --state-dir"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "Nothing can be written there: name another place with --state-dir"
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "The state directory is named with --state-dir"
        }
        _ => {
            "Check that the broker's user owns the state directory and nobody else may write in it"
        }
    }
}

/// A directory that this process alone may write to.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    /// Unlocked by the operating system when the process ends, however it does.
    _lock: File,
}

/// What an earlier broker left behind.
#[derive(Debug)]
pub struct Left {
    /// What it wrote down.
    pub saved: Saved,
    /// Whether the machine was booted since.
    pub boot: Boot,
}

impl Store {
    /// Makes the directory if there is none, and locks it.
    ///
    /// # Errors
    ///
    /// When it cannot be made or locked, or another broker holds it.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        platform::make_private_dir(dir).map_err(failed("use the state directory", dir))?;
        let path = dir.join(LOCK_FILE);
        let lock = hotseat_host::lock_file(&path).map_err(failed("use", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(dir.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(failed("lock", &path)(cause)),
        }
        Ok(Self { dir: dir.to_owned(), _lock: lock })
    }

    /// Whether a broker runs on a directory.
    #[must_use]
    pub fn is_in_use(dir: &Path) -> bool {
        let path = dir.join(LOCK_FILE);
        // What is no file is nobody's lock, and would be waited for.
        let lock = path.is_file().then(|| File::open(path));
        lock.and_then(Result::ok)
            .is_some_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// What an earlier broker left behind. The mark of an upgrade is taken away by this.
    ///
    /// `boot` is this boot's id; none when it cannot be told, which counts as another one.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or understood: nothing is guessed, because a sign-off in it
    /// would be lost.
    pub fn left(&self, boot: Option<&str>) -> Result<Left, StoreError> {
        let path = self.dir.join(STATE_FILE);
        let (saved, written_in) = match read_if_there(&path)? {
            Some(text) => form::read(&path, &text)?,
            None => (Saved::default(), None),
        };
        let upgrade = self.take_upgrade_mark()?;
        let same = boot.is_some() && boot == written_in.as_deref();
        let boot = if !same {
            Boot::Another
        } else if upgrade.as_deref() == boot {
            Boot::Same { grace_ms: UPGRADE_GRACE_MS }
        } else {
            Boot::Same { grace_ms: RESTART_GRACE_MS }
        };
        Ok(Left { saved, boot })
    }

    /// Leaves the mark that lengthens the grace of the next broker in this boot, once.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn mark_upgrade(&self, boot: &str) -> Result<(), StoreError> {
        let path = self.dir.join(UPGRADE_FILE);
        durable::replace(&path, boot.as_bytes()).map_err(failed("write", &path))
    }

    fn take_upgrade_mark(&self) -> Result<Option<String>, StoreError> {
        let path = self.dir.join(UPGRADE_FILE);
        let mark = match input::file(&path, UPGRADE_BYTES_MAX) {
            Ok(mark) => Some(mark.to_string()),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            // What is no text, or is too long, names no boot.
            Err(cause) if is_no_mark(&cause) => None,
            Err(cause) => return Err(failed("read", &path)(cause)),
        };
        durable::remove(&path).map_err(failed("remove", &path))?;
        Ok(mark)
    }
}

fn is_no_mark(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::FileTooLarge)
}

/// Reads a file that holds secrets: one that is somebody else's is refused, and where others could
/// read it, it is made private.
fn read_if_there(path: &Path) -> Result<Option<Zeroizing<String>>, StoreError> {
    match secrets::read(path, FILE_BYTES_MAX) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        // Not text at all.
        Err(cause) if cause.kind() == io::ErrorKind::InvalidData => Err(StoreError::Damaged {
            path: path.to_owned(),
            cause: serde::de::Error::custom(cause),
        }),
        Err(cause) => Err(failed("read", path)(cause)),
    }
}

/// Reads a stored form after its version was seen to be one that this broker knows.
fn parse<T: serde::de::DeserializeOwned>(
    path: &Path,
    text: &str,
    newest: u64,
) -> Result<T, StoreError> {
    #[derive(serde::Deserialize)]
    struct Versioned {
        version: u64,
    }
    let damaged = |cause| StoreError::Damaged { path: path.to_owned(), cause };
    let Versioned { version } = serde_json::from_str(text).map_err(damaged)?;
    if version > newest {
        return Err(StoreError::Newer { path: path.to_owned(), version, newest });
    }
    serde_json::from_str(text).map_err(damaged)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |cause| StoreError::Io { what, path, cause }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
