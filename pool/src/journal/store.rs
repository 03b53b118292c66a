//! The pool server's one file: the journal, and the ordinary tables beside it.
//!
//! Names, e-mails and hashes live in tables and not in the journal, so that a person can be
//! erased. Both come from one [`Store`], which a lock file makes the only one.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hotseat_host::FileIdentity;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, ffi};

use super::assess::{Assessed, Poison, Replayed, assess, pages};
use super::error::JournalError;
use super::lock::StoreLock;
use super::look::{self, Look};
use super::spoilt::make_again;
use super::sqlite::SqliteJournal;
use crate::platform::private_file;

/// Marks the file as a Hotseat store: "HSPL".
const APPLICATION_ID: i32 = 0x4853_504c;

/// How long a write waits for another connection's: directory changes take milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// Each version of the store, by the file that leads to it; the last one is this program's.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_journal.sql"),
    include_str!("../../migrations/sqlite/0002_directory.sql"),
    include_str!("../../migrations/sqlite/0003_recovery.sql"),
    include_str!("../../migrations/sqlite/0004_machine_links.sql"),
    include_str!("../../migrations/sqlite/0005_own_time.sql"),
    include_str!("../../migrations/sqlite/0006_journal_time.sql"),
    include_str!("../../migrations/sqlite/0007_quarantined.sql"),
    include_str!("../../migrations/sqlite/0008_actor_address.sql"),
];

/// Whether a store may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It must be there.
    Existing,
    /// It is made when it is not there.
    OrCreate,
}

/// An opened store. While it or one of its connections lives, no other program can open it.
#[derive(Debug)]
pub struct Store {
    file: Arc<StoreFile>,
    journal: Connection,
    replayed: Replayed,
}

/// A store that may be read and must not be written, because of one of its records.
#[derive(Debug)]
pub(crate) struct Halted {
    /// Opens connections that only read.
    pub(crate) tables: Tables,
    /// The journal up to that record.
    pub(crate) replayed: Replayed,
    /// The record.
    pub(crate) poison: Poison,
}

/// What a start finds.
#[derive(Debug)]
pub(crate) enum Opened {
    /// A store that can be served.
    Whole(Box<Store>),
    /// A store that can be read.
    Halted(Box<Halted>),
}

/// Where the store is, and the lock that keeps it ours.
#[derive(Debug)]
pub(super) struct StoreFile {
    path: PathBuf,
    /// Known once it was opened to be written.
    identity: OnceLock<FileIdentity>,
    _lock: StoreLock,
}

impl Store {
    /// Opens the store at `path` and brings it up to this program's version.
    ///
    /// The folder must exist and should be readable by its owner only.
    ///
    /// # Errors
    ///
    /// When another server has it, when it is missing, of another program, of a newer version, has
    /// a record that stops it, or cannot be read or written.
    pub fn open(path: &Path, open: Open) -> Result<Self, JournalError> {
        match Self::open_or_read(path, open)? {
            Opened::Whole(store) => Ok(*store),
            Opened::Halted(halted) => Err(halted.poison.into()),
        }
    }

    /// The same, but a record that stops the store makes it one that is only read.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub(crate) fn open_or_read(path: &Path, open: Open) -> Result<Opened, JournalError> {
        let exists = JournalError::is_there(path)?;
        if open == Open::Existing && !exists {
            return Err(JournalError::missing(path));
        }
        let lock = StoreLock::take(path)?;
        look::keep_private(path)?;
        let mut assessed = match exists {
            true => Some(assess(&Look::locked(path)?.connection, path)?),
            false => None,
        };
        if let Some(assessed) = &mut assessed
            && open == Open::OrCreate
            && assessed.is_empty
        {
            // Its maker comes back.
            assessed.poison = None;
        }
        let identity = OnceLock::new();
        let file = Arc::new(StoreFile { path: path.to_owned(), identity, _lock: lock });
        match assessed {
            Some(Assessed { replayed, poison: Some(poison), .. }) => {
                file.bring_up_to_be_read()?;
                let tables = Tables { file, access: Access::Read };
                Ok(Opened::Halted(Box::new(Halted { tables, replayed, poison })))
            }
            Some(Assessed { replayed, poison: None, .. }) => file.opened(replayed),
            None => {
                // SQLite gives its other files the mode of this one.
                private_file()
                    .open(path)
                    .map_err(|error| JournalError::Io(format!("{}: {error}", path.display())))?;
                file.opened(Replayed::default())
            }
        }
    }

    /// What the journal says; found when the store was opened.
    #[must_use]
    pub fn replayed(&mut self) -> Replayed {
        std::mem::take(&mut self.replayed)
    }

    /// Takes the store apart: the journal for the engine, and what opens connections for tables.
    #[must_use]
    pub fn split(self) -> (SqliteJournal, Tables) {
        let tables = Tables { file: Arc::clone(&self.file), access: Access::Write };
        (SqliteJournal::new(self.file, self.journal), tables)
    }
}

/// Opens connections to the ordinary tables of the store.
#[derive(Debug, Clone)]
pub struct Tables {
    file: Arc<StoreFile>,
    access: Access,
}

/// A connection to the tables. The store is nobody else's until it is closed.
#[derive(Debug)]
pub struct TableConnection {
    // Closed before the lock is released.
    connection: Connection,
    file: Arc<StoreFile>,
}

impl TableConnection {
    /// Begins to change something.
    ///
    /// # Errors
    ///
    /// When the store is not there any more, or is busy.
    pub(crate) fn begin(&mut self) -> Result<Transaction<'_>, JournalError> {
        self.file.still_there()?;
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

impl Deref for TableConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for TableConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Tables {
    /// A connection for ordinary tables, with which the store's lock is held. A write waits up to five seconds for the journal's, and
    /// the journal's for it: keep transactions short.
    ///
    /// # Errors
    ///
    /// When the store cannot be opened.
    pub fn connect(&self) -> Result<TableConnection, JournalError> {
        let connection = match self.access {
            Access::Write => self.file.connect(),
            Access::Read => look::connect(&self.file.path, false),
        }?;
        Ok(TableConnection { connection, file: Arc::clone(&self.file) })
    }

    /// Whether nothing can be written through them.
    #[must_use]
    pub(crate) fn are_read_only(&self) -> bool {
        self.access == Access::Read
    }
}

impl StoreFile {
    fn opened(self: Arc<Self>, replayed: Replayed) -> Result<Opened, JournalError> {
        let mut journal = self.connect()?;
        let identity = self.current();
        let identity = identity.ok_or_else(|| JournalError::Replaced(self.path.clone()))?;
        self.identity.get_or_init(|| identity);
        migrate(&mut journal)?;
        make_again(&mut journal, newest_version())?;
        Ok(Opened::Whole(Box::new(Store { file: self, journal, replayed })))
    }

    /// Brings the tables of an older program up to this one's, without which they could not be
    /// read. No record is touched, and where a page is broken nothing is.
    fn bring_up_to_be_read(&self) -> Result<(), JournalError> {
        let looked = look::connect(&self.path, false)?;
        if version(&looked)? == newest_version() {
            return Ok(());
        }
        if let Some(broken) = pages(&looked)? {
            return Err(JournalError::Corrupt(broken));
        }
        drop(looked);
        migrate(&mut self.connect()?)
    }

    fn current(&self) -> Option<FileIdentity> {
        FileIdentity::of(&self.path).ok()
    }

    /// Sees that what is written now goes into the store that has its name: SQLite writes on into a
    /// file that was removed, and the next start knows nothing of it.
    pub(super) fn still_there(&self) -> Result<(), JournalError> {
        let known = self.identity.get().copied();
        if known.is_some() && self.current() != known {
            return Err(JournalError::Replaced(self.path.clone()));
        }
        Ok(())
    }

    pub(super) fn connect(&self) -> Result<Connection, JournalError> {
        // Never made here: a store that vanished must not be replaced by an empty one.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(ffi::ErrorCode::NotADatabase) => JournalError::NotAStore(self.path.clone()),
            // The file is there; what cannot be opened is its log, which is written.
            Some(ffi::ErrorCode::CannotOpen) if self.path.exists() => {
                JournalError::ReadOnly(format!("{}: {error}", self.path.display()))
            }
            _ => error.into(),
        };
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY_WAIT)?;
        // Before anything is set, which would write to a file of somebody else.
        if !is_ours(&connection).map_err(failed)? {
            return Err(JournalError::NotAStore(self.path.clone()));
        }
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if connection.is_readonly("main")? {
            return Err(JournalError::ReadOnly(format!("{} is read-only", self.path.display())));
        }
        if mode != "wal" {
            return Err(JournalError::Io(format!(
                "the file system allows no write-ahead log: {mode}"
            )));
        }
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS an fsync leaves the data in the drive's cache; elsewhere these do nothing.
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    }
}

/// Whether a file is a Hotseat store, or empty and about to be one.
pub(super) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: u32 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(application == APPLICATION_ID || (application == 0 && tables == 0))
}

/// The version of the tables that this program makes.
pub(super) fn newest_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// The version of the tables, if this program knows it.
pub(crate) fn version(connection: &Connection) -> Result<u32, JournalError> {
    let known = newest_version();
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let lost = |_| JournalError::Corrupt(format!("its tables say version {found}"));
    let found = u32::try_from(found).map_err(lost)?;
    if found > known {
        return Err(JournalError::Newer { what: "tables", found, known });
    }
    if found == 0 {
        let select = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)";
        if connection.query_row(select, [], |row| row.get(0))? {
            return Err(JournalError::Corrupt("it has tables and no version".to_owned()));
        }
    }
    Ok(found)
}

/// A new store of this version, in memory, to compare others with.
pub(super) fn made_new(version: u32) -> Result<Connection, JournalError> {
    let new = Connection::open_in_memory()?;
    for (_, migration) in (1..=version).zip(MIGRATIONS) {
        new.execute_batch(migration)?;
    }
    Ok(new)
}

pub(crate) fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    let found = version(connection)?;
    for (version, migration) in (1..).zip(MIGRATIONS).skip_while(|(version, _)| *version <= found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        tracing::info!(version, "store brought up to a newer version");
    }
    Ok(())
}
