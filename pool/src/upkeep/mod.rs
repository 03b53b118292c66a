//! What is done to a store as a whole: looked over, copied, put back, begun anew.
//!
//! [`check`] and [`backup`](backup::backup) only read and work beside a running server.
//! [`restore`](restore::restore) and [`recover`](recover::recover) take the store's lock.
//! None of them deletes a store or writes into one that is damaged.

pub(crate) mod backup;
pub(crate) mod recover;
pub(crate) mod restore;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_protocol::ids::{Generation, WallTime};
use hotseat_rules::{Command, Mono, NewGeneration, Presence, Refusal, apply, decide};
use rusqlite::Connection;
use thiserror::Error;

use crate::directory::DirectoryError;
use crate::engine::replay;
use crate::fresh;
use crate::journal::look::Look;
use crate::journal::verify::{Report, whole};
use crate::journal::{Actor, Append, Journal, JournalError, NotItself, Record, StoredSnapshot};

/// Why a store could not be looked after.
#[derive(Debug, Error)]
pub(crate) enum UpkeepError {
    /// It cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] JournalError),
    /// What was decided has no stored form.
    #[error(transparent)]
    NotItself(#[from] NotItself),
    /// Its tables cannot be read or written.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// There is nothing to put back.
    #[error("there is no file {}: give the path of a backup", .0.display())]
    NoFile(PathBuf),
    /// There is no directory for a backup.
    #[error("there is no directory {}: make it, or give another path", .0.display())]
    NoDirectory(PathBuf),
    /// A backup overwrites nothing.
    #[error("{} is there already and is left as it is: give another name", .0.display())]
    Exists(PathBuf),
    /// A copy of a damaged store is no backup.
    #[error(
        "the store is damaged, so a copy of it is no backup and none was kept; the first of it: \
         {0}. `hotseat-pool verify` tells the rest; keep your older backups"
    )]
    NoBackup(String),
    /// The file is no sound backup.
    #[error(
        "{} is damaged and was not put back; the first of it: {first}. Nothing was changed: give \
         another backup",
        .file.display()
    )]
    BadBackup {
        /// Which file.
        file: PathBuf,
        /// The first thing that is wrong.
        first: String,
    },
    /// There is a store where the backup would go.
    #[error(
        "there is a store at {} already and nothing was changed: with --replace it is moved aside \
         and kept",
        .0.display()
    )]
    Occupied(PathBuf),
    /// Nothing says that the store was rolled back.
    #[error(
        "no computer has seen more of this pool than its journal has, so there is nothing to \
         recover from. If you know that the store was put back by other means, say --yes"
    )]
    NotBehind,
    /// A file cannot be made, read or moved.
    #[error("{}: {cause}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// Reads all of the store at `path`, changes nothing, and tells what is wrong. A server may have
/// it at the same time.
///
/// # Errors
///
/// When it is missing, of another or a newer program, or cannot be read at all.
pub(crate) fn check(path: &Path) -> Result<Report, JournalError> {
    match Look::at(path).and_then(|look| whole(&look.connection)) {
        // Even what SQLite keeps about its own tables can be damaged.
        Err(JournalError::Corrupt(what)) => Ok(Report::of_the_unreadable(&what)),
        looked => looked,
    }
}

/// Copies a store, page by page, as it is at one moment.
fn copy(from: &Connection, to: &Path) -> Result<(), JournalError> {
    let mut copy = Connection::open(to)?;
    {
        let backup = rusqlite::backup::Backup::new(from, &mut copy)?;
        // All in one step: whoever writes meanwhile writes into the log, which is not seen.
        backup.step(-1)?;
    }
    // One file that can be read where nothing can be written.
    let _: String = copy.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    copy.close().map_err(|(_, error)| error.into())
}

/// The first thing that makes a store useless as a backup; a spoilt snapshot does not.
fn spoilt(report: &Report) -> Option<String> {
    report.findings.iter().find(|finding| !finding.is_harmless()).map(|first| first.what.clone())
}

/// Begins another generation of a store, and saves a snapshot of it.
fn begin_generation(
    journal: &mut dyn Journal,
    why: NewGeneration,
    wait: Duration,
    lost: &[Generation],
    at: WallTime,
) -> Result<Generation, UpkeepError> {
    let mut state = replay(journal)?.state;
    let now = Mono::default();
    let presence = Presence::new(&state, now);
    let (generation, events) = loop {
        let generation = Generation(fresh::generation_bits());
        let command = Command::BeginGeneration { generation, why, wait, lost: lost.to_vec() };
        match decide(&state, &presence, &command, now) {
            Ok(events) => break (generation, events),
            // One in four thousand million was used before.
            Err(Refusal::IdTaken) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    };
    let before = state.seq();
    let mut batch = Vec::new();
    for event in events {
        let generation = event.begins().unwrap_or_else(|| state.generation());
        let (seq, actor) = (state.seq().next(), Some(Actor::of_this_process()));
        let record = Record { seq, at, generation, event, actor };
        apply(&mut state, &record.event, record.at());
        batch.push(record.store_checked()?);
    }
    match journal.append(before, &batch) {
        Append::Done => {}
        Append::Failed(error) | Append::Unknown(error) => return Err(error.into()),
        Append::Conflict => return Err(JournalError::Busy.into()),
    }
    journal.save_snapshot(&StoredSnapshot::of(state.contents()))?;
    Ok(generation)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> UpkeepError {
    let path = path.to_owned();
    move |cause| UpkeepError::File { path, cause }
}
