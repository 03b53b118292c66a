//! What a start can make of a store, found before it is opened for writing.
//!
//! It begins with the newest snapshot that is whole. A record before that which cannot be read
//! costs nothing; one after it stops all granting, and the store is then opened for reading only.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use hotseat_protocol::ids::Seq;
use hotseat_rules::{Salvage, State};
use rusqlite::Connection;

use super::error::JournalError;
use super::look::beside;
use super::row::{JournalRow, columns, each_row, each_row_until, journal_row, newest};
use super::snapshot::StoredSnapshot;
use super::spoilt::{Spoilt, spoilt};
use super::sqlite::snapshots;
use super::store::version;

/// A store up to this size is read as a whole at every start: that takes below a second. A larger
/// one is read from its newest snapshot on, and as a whole by `verify` only.
const READ_AT_START_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A wider gap is no gap: the number after it is wrong.
pub(crate) const MISSING_MAX: u64 = 100_000;

/// What a journal says.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The state that it makes.
    pub state: State,
    /// The record of the snapshot that was used; 0 when none was.
    pub snapshot_at: Seq,
    /// Records that were read after it.
    pub records: u64,
}

/// What stops a store, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// What.
    pub what: Stopper,
    /// Why it cannot be used; of rows also which ones.
    pub cause: String,
}

/// What may stop a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopper {
    /// The journal's record of this number.
    Record(Seq),
    /// Rows beside the journal.
    Rows,
}

impl Poison {
    fn record(record: Seq, cause: String) -> Self {
        Self { what: Stopper::Record(record), cause }
    }

    /// The command that says what would follow from setting it aside.
    #[must_use]
    pub fn next(&self) -> String {
        match self.what {
            Stopper::Record(record) => format!("hotseat-pool recover --quarantine {record}"),
            Stopper::Rows => "hotseat-pool recover --rows".to_owned(),
        }
    }
}

impl From<Poison> for JournalError {
    fn from(poison: Poison) -> Self {
        match poison.what {
            Stopper::Record(record) => Self::Poisoned { record, cause: poison.cause },
            Stopper::Rows => Self::Spoilt(poison.cause),
        }
    }
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Assessed {
    /// The journal up to the record that stops it, or all of it.
    pub(crate) replayed: Replayed,
    /// What stops it.
    pub(crate) poison: Option<Poison>,
    /// Whether there is nothing wrong but that nothing was ever written.
    pub(crate) is_empty: bool,
}

/// Looks over a store.
///
/// # Errors
///
/// When it is of a newer program, or so damaged that no record can be blamed.
pub(crate) fn assess(connection: &Connection, path: &Path) -> Result<Assessed, JournalError> {
    let tables = version(connection)?;
    if tables == 0 {
        return Ok(Assessed { replayed: Replayed::default(), poison: None, is_empty: true });
    }
    let spoilt = spoilt(connection, tables)?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let is_small = size(path) + size(&beside(path, "-wal")) <= READ_AT_START_BYTES_MAX;
    let broken = if is_small { pages(connection)? } else { None };
    let base = base(connection)?;
    let snapshot_at = base.seq();
    if is_small {
        warn_of_covered(connection, tables, snapshot_at)?;
    }
    let mut strict = Strict { salvage: Salvage::from(base), records: 0 };
    let walked = each_row(connection, tables, snapshot_at, |row| strict.next(&row));
    let Strict { salvage, records } = strict;
    let (state, _) = salvage.end();
    let mut poison = poison_of(walked)?;
    if poison.is_none() && newest(connection)? < snapshot_at {
        let record = newest(connection)?.next();
        let cause = format!(
            "it is missing: there is a snapshot at record {snapshot_at}, which the journal does \
             not have"
        );
        poison = Some(Poison::record(record, cause));
    }
    if let (Some(broken), None) = (broken, &poison) {
        poison = Some(blamed(connection, tables, broken)?);
    }
    let mut poison = poison.or_else(|| stopped_by(&spoilt));
    let is_empty = poison.is_none() && state.seq() == Seq(0);
    if is_empty {
        let cause = "it is missing: the journal is empty".to_owned();
        poison = Some(Poison::record(Seq(1), cause));
    }
    let replayed = Replayed { state, snapshot_at, records };
    Ok(Assessed { replayed, poison, is_empty })
}

/// The state of the newest snapshot that is whole; an empty one when there is none.
///
/// # Errors
///
/// When one is of a newer program, or they cannot be read at all.
pub(crate) fn base(connection: &Connection) -> Result<State, JournalError> {
    let found = match snapshots(connection) {
        Ok(found) => found,
        // The journal has it all.
        Err(JournalError::Corrupt(cause)) => {
            tracing::warn!(%cause, "the snapshots cannot be read; the whole journal is");
            return Ok(State::default());
        }
        Err(error) => return Err(error),
    };
    for snapshot in &found {
        match snapshot.read().and_then(|state| of_this_journal(connection, snapshot, state)) {
            Ok(state) => return Ok(state),
            Err(error @ (JournalError::Unreadable { .. } | JournalError::Corrupt(_))) => {
                tracing::warn!(%error, "a snapshot is damaged; an older one is used");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(State::default())
}

/// A snapshot that was made from another journal covers nothing of this one.
fn of_this_journal(
    connection: &Connection,
    snapshot: &StoredSnapshot,
    state: State,
) -> Result<State, JournalError> {
    let columns = columns(version(connection)?);
    let select = format!("SELECT {columns} FROM journal WHERE seq = ?1");
    let at = i64::try_from(snapshot.seq.0).unwrap_or(i64::MAX);
    let found = connection.query_row(&select, [at], |row| Ok(journal_row(row)));
    // A record that is not there, or not readable, contradicts nothing.
    let stored = found.ok().and_then(|row| row.stored.ok());
    if stored.is_some_and(|stored| stored.generation != snapshot.generation) {
        let cause = format!("the snapshot at record {} is of another generation", snapshot.seq);
        return Err(JournalError::Corrupt(cause));
    }
    Ok(state)
}

/// Goes on as long as all is well.
struct Strict {
    salvage: Salvage,
    records: u64,
}

impl Strict {
    fn next(&mut self, row: &JournalRow) -> Result<(), JournalError> {
        let expected = self.salvage.state().seq().next();
        if row.seq != expected {
            let cause = format!("it is missing: {} follows", row.seq);
            return Err(JournalError::Poisoned { record: expected, cause });
        }
        let record = row.record()?;
        self.salvage.next(&record.event, record.at(), record.generation).map_err(|misfit| {
            let cause = format!("it does not follow from the records before it: {misfit}");
            JournalError::Poisoned { record: row.seq, cause }
        })?;
        self.records += 1;
        Ok(())
    }
}

/// The rows for which nothing may be written.
fn stopped_by(spoilt: &[Spoilt]) -> Option<Poison> {
    let mut rows = spoilt.iter().filter(|it| it.stops_writing());
    let first = rows.next()?;
    let more = rows.count();
    let cause = if more == 0 { first.to_string() } else { format!("{first}, and {more} more") };
    Some(Poison { what: Stopper::Rows, cause })
}

fn poison_of(walked: Result<(), JournalError>) -> Result<Option<Poison>, JournalError> {
    match walked {
        Ok(()) => Ok(None),
        Err(JournalError::Poisoned { record, cause }) => Ok(Some(Poison::record(record, cause))),
        Err(error) => Err(error),
    }
}

/// Says which records cannot be read, although nothing rests on them any more.
fn warn_of_covered(
    connection: &Connection,
    tables: u32,
    snapshot_at: Seq,
) -> Result<(), JournalError> {
    const SAID_MAX: u32 = 20;
    let (mut expected, mut said) = (Seq(1), 0);
    each_row_until(connection, tables, Seq(0), |row| {
        if row.seq > snapshot_at {
            return Ok(ControlFlow::Break(()));
        }
        let missing = row.seq != expected;
        let record = expected;
        expected = row.seq.next();
        let bad = row.record().err();
        if let Some(error @ JournalError::Newer { .. }) = bad {
            return Err(error);
        }
        if said < SAID_MAX && (missing || bad.is_some()) {
            said += 1;
            let (record, cause) = match bad {
                Some(JournalError::Poisoned { record, cause }) if !missing => (record, cause),
                Some(_) | None => (record, "it is missing".to_owned()),
            };
            tracing::warn!(%record, cause, covered_by = %snapshot_at, "a record cannot be used; the start goes on from a newer snapshot");
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// What is wrong with the pages of the file, if anything is.
pub(crate) fn pages(connection: &Connection) -> Result<Option<String>, JournalError> {
    let mut check = connection.prepare("PRAGMA quick_check(1)")?;
    let found: Option<String> = match check.query_row([], |row| row.get(0)) {
        Ok(text) => Some(text),
        Err(error) => Some(error.to_string()),
    };
    Ok(found.filter(|text| text != "ok"))
}

/// The record that lies in a broken page. What is broken elsewhere is not the journal's, and
/// leaving out a record would not help.
fn blamed(connection: &Connection, tables: u32, broken: String) -> Result<Poison, JournalError> {
    let mut expected = Seq(1);
    let walked = each_row(connection, tables, Seq(0), |row| {
        if row.seq != expected {
            let cause = format!("it is missing: {} follows", row.seq);
            return Err(JournalError::Poisoned { record: expected, cause });
        }
        expected = row.seq.next();
        match row.record() {
            Err(JournalError::Poisoned { record, cause }) => {
                Err(JournalError::Poisoned { record, cause })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    });
    poison_of(walked)?.ok_or(JournalError::Corrupt(broken))
}
