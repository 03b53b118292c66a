//! What is done to a store as a whole: looked over, copied, put back, begun anew.
//!
//! [`check`] and [`backup`](backup::backup) only read and work beside a running server.
//! [`restore`](restore::restore), [`recover`](recover::recover) and
//! [`quarantine`](quarantine::apply) take the store's lock.
//! None of them deletes a store or writes into one that is damaged.

pub(crate) mod backup;
pub(crate) mod believed;
pub(crate) mod left_over;
pub(crate) mod quarantine;
pub(crate) mod recover;
mod replace;
pub(crate) mod restore;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_host::in_the_way::{Needed, explained, in_the_way, names_a_directory};
use hotseat_protocol::ids::{Generation, Seq, WallTime};
use hotseat_rules::{
    Command, Event, Mono, NewGeneration, Presence, Refusal, State, Wait, apply, decide,
};
use rusqlite::Connection;
use thiserror::Error;

use crate::directory::DirectoryError;
use crate::durations::{ms, written};
use crate::fresh;
use crate::journal::look::Look;
use crate::journal::verify::{Finding, Report, whole};
use crate::journal::{
    Actor, Append, Journal, JournalError, NotItself, Record, StoredRecord, StoredSnapshot,
};

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
    /// Something else is where a backup is, or would be made.
    #[error("{} cannot be a backup: {why}", .path.display())]
    NotAFile {
        /// Which path.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// Others may replace what is made there.
    #[error(
        "{} is not made, because others could replace what is in {}: {why}. Give another path, or \
         make the directory yours alone (chown, chmod go-w)",
        .target.display(), .folder.display()
    )]
    NotTrusted {
        /// The backup.
        target: PathBuf,
        /// Its directory.
        folder: PathBuf,
        /// Who may.
        why: io::Error,
    },
    /// A backup overwrites nothing.
    #[error("{} is there already and is left as it is: give another name", .0.display())]
    Exists(PathBuf),
    /// The disk of the backup is full.
    #[error("there is no room for {}: make room on its disk, or give a path on another one", .0.display())]
    NoRoom(PathBuf),
    /// A copy of a damaged store is no backup.
    #[error(
        "the store is damaged, so a copy of it is no backup and none was kept; the first of it: \
         {}. {} `hotseat-pool verify` tells the rest; keep your older backups",
        .0.what, .0.next
    )]
    NoBackup(Finding),
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
    /// No record stops the store.
    #[error(
        "everything in the store can be used, or is covered by a snapshot: there is nothing to \
         set aside. `hotseat-pool verify` reads all of it"
    )]
    NothingPoisoned,
    /// Another record stops it.
    #[error(
        "record {found} is the first that cannot be used ({cause}): give that one, \
         `hotseat-pool recover --quarantine {found}`"
    )]
    AnotherRecord {
        /// Its number.
        found: Seq,
        /// Why.
        cause: String,
    },
    /// No record stops it, rows do.
    #[error(
        "every record can be used; what cannot is {0}: `hotseat-pool recover --rows` says what \
         would follow from setting that aside"
    )]
    OnlyRows(String),
    /// What was made is not sound.
    #[error(
        "setting that aside would not make the store sound, so nothing was changed: {0}. Put \
         a backup back with `hotseat-pool restore FILE --replace`"
    )]
    StillDamaged(String),
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
    /// An administrator says less than was said before.
    #[error(
        "the store waits {} after a start, longer than the {} given; add --yes to shorten it (never \
         below {}, the longest lease defined)",
        told(*.waits), told(*.given), told(*.stated)
    )]
    WaitsLonger {
        /// How long it waits.
        waits: Duration,
        /// How long it should.
        given: Duration,
        /// How long it will at least.
        stated: Duration,
    },
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

/// The first thing that makes a store useless as a backup; a spoilt snapshot does not, nor does a
/// record that one covers.
fn spoilt(report: &Report) -> Option<Finding> {
    report.findings.iter().find(|finding| !finding.is_harmless()).cloned()
}

/// What ends a generation of a store and begins another.
struct NextGeneration {
    why: NewGeneration,
    /// How long nothing is granted.
    wait: Wait,
    /// Generations that are given up too.
    lost: Vec<Generation>,
    /// What is decided before it.
    first: Option<Command>,
    /// When, for people.
    at: WallTime,
}

/// Begins another generation of a store that has this state, and saves a snapshot of it.
fn begin_generation(
    journal: &mut dyn Journal,
    mut state: State,
    next: NextGeneration,
) -> Result<Generation, UpkeepError> {
    let NextGeneration { why, wait, lost, first, at } = next;
    let before = state.seq();
    let mut batch = Vec::new();
    if let Some(command) = first {
        let events = decided(&state, &command)?;
        add(&mut state, &mut batch, events, at)?;
    }
    let (generation, events) = loop {
        let generation = Generation(fresh::generation_bits());
        let command = Command::BeginGeneration { generation, why, wait, lost: lost.clone() };
        match decided(&state, &command) {
            Ok(events) => break (generation, events),
            // One in four thousand million was used before.
            Err(Refusal::IdTaken) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    };
    add(&mut state, &mut batch, events, at)?;
    match journal.append(before, &batch) {
        Append::Done => {}
        Append::Failed(error) | Append::Unknown(error) => return Err(error.into()),
        Append::Conflict => return Err(JournalError::Busy.into()),
    }
    journal.save_snapshot(&StoredSnapshot::of(state.contents()))?;
    Ok(generation)
}

fn decided(state: &State, command: &Command) -> Result<Vec<Event>, Refusal> {
    let now = Mono::default();
    decide(state, &Presence::new(state, now), command, now)
}

/// Applies events and puts their records into the batch.
fn add(
    state: &mut State,
    batch: &mut Vec<StoredRecord>,
    events: Vec<Event>,
    at: WallTime,
) -> Result<(), NotItself> {
    for event in events {
        let generation = event.begins().unwrap_or_else(|| state.generation());
        let (seq, actor) = (state.seq().next(), Some(Actor::of_this_process()));
        let record = Record { seq, at, generation, event, actor };
        apply(state, &record.event, record.at());
        batch.push(record.store_checked()?);
    }
    Ok(())
}

fn told(duration: Duration) -> String {
    written(ms(duration))
}

/// Sees that a path can be a backup's, whether there is one or not.
fn may_be_a_file(path: &Path) -> Result<(), UpkeepError> {
    let why = in_the_way(path, Needed::File).or_else(|| {
        let why = "it ends as a directory does: add the file's name";
        names_a_directory(path).then(|| why.to_owned())
    });
    why.map_or(Ok(()), |why| Err(UpkeepError::NotAFile { path: path.to_owned(), why }))
}

fn in_directory(path: &Path) -> impl FnOnce(io::Error) -> UpkeepError {
    let path = path.to_owned();
    move |cause| UpkeepError::File { path, cause }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> UpkeepError {
    let path = path.to_owned();
    move |cause| {
        let cause = explained(&path, Needed::File, cause);
        UpkeepError::File { path, cause }
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod rows_tests;
