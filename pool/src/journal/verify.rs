//! Reads a whole store, changes nothing, and says what is wrong with it.

use std::fs;
use std::path::Path;

use hotseat_protocol::ids::{Generation, Seq};
use hotseat_rules::{State, apply, check_invariants};
use rusqlite::{Connection, Rows};

use super::error::JournalError;
use super::look::beside;
use super::sqlite::{ReadRecord, record, snapshots};
use super::store::version;
use super::{StoredRecord, StoredSnapshot, stored};

/// A store up to this size is read as a whole at every start: that takes below a second. A larger
/// one is read from its newest snapshot on, and as a whole by `verify` only.
const READ_AT_START_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Findings after which reading on would only repeat them.
const FINDINGS_MAX: usize = 100;

/// What was found in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// How many records could be read.
    pub(crate) records: u64,
    /// The newest of them.
    pub(crate) newest: Seq,
    /// The store's random number at that record.
    pub(crate) generation: Generation,
    /// Records that were written before there were checksums.
    pub(crate) unsummed: u64,
    /// How many snapshots there are.
    pub(crate) snapshots: usize,
    /// The state that the journal makes; none when it is damaged.
    pub(crate) state: Option<State>,
    /// What is wrong; empty when all is well.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Of a store of which nothing at all can be read.
    pub(crate) fn of_the_unreadable(what: &str) -> Self {
        let finding = Finding { what: format!("SQLite: {what}"), next: PUT_BACK };
        Self { findings: vec![finding], ..Self::default() }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self {
            records: 0,
            newest: Seq(0),
            generation: Generation(0),
            unsummed: 0,
            snapshots: 0,
            state: None,
            findings: Vec::new(),
        }
    }
}

/// Something that is wrong with a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) next: &'static str,
}

impl Finding {
    /// Whether nothing is lost by it.
    pub(crate) fn is_harmless(&self) -> bool {
        self.next == SAVED_ANEW
    }
}

/// What to do when the journal itself is damaged.
const PUT_BACK: &str =
    "Stop the server and put a backup back: hotseat-pool restore FILE --replace.";
/// What to do about a snapshot.
const SAVED_ANEW: &str = "Nothing is lost, the journal has it all: the server reads the whole \
                          journal at its next start and saves a new snapshot when it stops.";
/// What to do about a store of the future.
const START_NEWER: &str = "Use the newer program that wrote it.";

/// What must be true before a store is opened for writing.
///
/// # Errors
///
/// When it is of a newer program, or damaged as far as can be seen in a short time.
pub(super) fn before_start(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let tables = version(connection)?;
    if tables == 0 {
        return Ok(());
    }
    newest_forms(connection)?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    if size(path) + size(&beside(path, "-wal")) > READ_AT_START_BYTES_MAX {
        return Ok(());
    }
    if let Some(first) = structure(connection, 1)?.into_iter().next() {
        return Err(JournalError::Corrupt(first));
    }
    let mut expected = Seq(0);
    each_record(connection, tables, |read| {
        let record = read.unspoilt()?;
        expected = expected.next();
        if record.seq != expected {
            return Err(JournalError::Gap { expected, found: record.seq });
        }
        stored::known_event(record.version)
            .map_err(|error| error.into_journal_error("a record", || "a record".to_owned()))
    })
}

/// What a start would stumble over after it had opened the store for writing.
fn newest_forms(connection: &Connection) -> Result<(), JournalError> {
    let select = "SELECT (SELECT version FROM journal ORDER BY seq DESC LIMIT 1),
                         (SELECT max(version) FROM snapshot),
                         (SELECT max(seq) FROM snapshot)
                             > coalesce((SELECT max(seq) FROM journal), 0)";
    let (record, snapshot, behind): (Option<u32>, Option<u32>, Option<bool>) =
        connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let known = record.map_or(Ok(()), stored::known_event);
    known.map_err(|error| error.into_journal_error("a record", || "the newest record".into()))?;
    let known = snapshot.map_or(Ok(()), stored::known_contents);
    known.map_err(|error| error.into_journal_error("a snapshot", || "a snapshot".into()))?;
    if behind == Some(true) {
        let what = "there is a snapshot of a record which the journal does not have";
        return Err(JournalError::Corrupt(what.to_owned()));
    }
    Ok(())
}

/// Reads all of a store.
///
/// # Errors
///
/// When it is of a newer program, or cannot be read at all; what is only damaged is in the report.
pub(crate) fn whole(connection: &Connection) -> Result<Report, JournalError> {
    let tables = version(connection)?;
    let mut reading = Reading {
        state: State::default(),
        is_whole: true,
        snapshots: Vec::new(),
        report: Report::default(),
    };
    for what in structure(connection, FINDINGS_MAX)? {
        reading.finds(format!("SQLite: {what}"), PUT_BACK);
    }
    reading.foreign_keys(connection);
    match snapshots(connection) {
        Ok(all) => reading.snapshots = all,
        Err(error) => reading.finds(error.to_string(), PUT_BACK),
    }
    reading.report.snapshots = reading.snapshots.len();
    let read = each_record(connection, tables, |read| {
        reading.record(read);
        Ok(())
    });
    if let Err(error) = read {
        reading.finds(error.to_string(), PUT_BACK);
        reading.is_whole = false;
    }
    reading.ends();
    Ok(reading.report)
}

/// What SQLite itself finds wrong with its pages.
fn structure(connection: &Connection, most: usize) -> Result<Vec<String>, JournalError> {
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({most})"))?;
    let rows = check.query_map([], |row| row.get::<_, String>(0))?;
    let mut wrong = Vec::new();
    for row in rows {
        match row {
            Ok(text) if text == "ok" => {}
            Ok(text) => wrong.extend(text.lines().map(str::to_owned)),
            Err(error) => {
                wrong.push(error.to_string());
                break;
            }
        }
    }
    Ok(wrong)
}

/// Goes through the journal, in order.
fn each_record(
    connection: &Connection,
    tables: u32,
    mut visit: impl FnMut(ReadRecord) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    // Before the third version of the tables there were no checksums.
    let checksum = if tables < 3 { "NULL" } else { "checksum" };
    let mut select = connection.prepare(&format!(
        "SELECT seq, at_ms, generation, version, kind, request, payload, {checksum}
         FROM journal ORDER BY seq"
    ))?;
    let mut rows: Rows<'_> = select.query([])?;
    while let Some(row) = rows.next()? {
        visit(record(row)?)?;
    }
    Ok(())
}

/// A journal that is being read.
struct Reading {
    state: State,
    /// Whether nothing was wrong with the records so far: only then can the state be believed.
    is_whole: bool,
    snapshots: Vec<StoredSnapshot>,
    report: Report,
}

impl Reading {
    fn finds(&mut self, what: String, next: &'static str) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { what, next });
        }
    }

    fn finds_in_journal(&mut self, what: String) {
        self.is_whole = false;
        self.finds(what, PUT_BACK);
    }

    fn foreign_keys(&mut self, connection: &Connection) {
        let count = "SELECT count(*) FROM pragma_foreign_key_check";
        match connection.query_row(count, [], |row| row.get::<_, u32>(0)) {
            Ok(0) => {}
            Ok(rows) => self.finds(format!("{rows} rows belong to nobody"), PUT_BACK),
            Err(error) => self.finds(format!("SQLite: {error}"), PUT_BACK),
        }
    }

    /// One record. Whatever is wrong is a finding, and reading goes on.
    fn record(&mut self, read: ReadRecord) {
        let seq = read.record.seq;
        self.report.records += 1;
        let expected = self.report.newest.next();
        self.report.newest = seq;
        if seq != expected {
            self.finds_in_journal(gap(expected, seq));
        }
        if read.checksum.is_none() {
            self.report.unsummed += 1;
        }
        match read.unspoilt() {
            Ok(stored) => self.event(&stored),
            Err(error) => self.finds_in_journal(reason(&error)),
        }
    }

    fn event(&mut self, stored: &StoredRecord) {
        let record = match stored.read() {
            Ok(record) => record,
            Err(JournalError::Newer { found, .. }) => {
                self.is_whole = false;
                let what = format!("record {} is of the newer version {found}", stored.seq);
                return self.finds(what, START_NEWER);
            }
            Err(error) => return self.finds_in_journal(reason(&error)),
        };
        let again = record.store();
        if (&again.kind, again.request) != (&stored.kind, stored.request) {
            self.finds_in_journal(format!("record {} is filed as another kind", stored.seq));
        }
        if !self.is_whole {
            return;
        }
        apply(&mut self.state, &record.event, record.at());
        if record.generation != self.state.generation() {
            let what = format!("record {} is of generation {}", stored.seq, record.generation);
            self.finds_in_journal(what);
        }
        self.compare();
    }

    /// A snapshot of this very record says the same as the journal.
    fn compare(&mut self) {
        let seq = self.state.seq();
        let here: Vec<StoredSnapshot> =
            self.snapshots.extract_if(.., |snapshot| snapshot.seq == seq).collect();
        for snapshot in here {
            match snapshot.read() {
                Ok(state) if state.says_the_same(&self.state) => {}
                Ok(_) => {
                    let what = format!("the snapshot at record {seq} is not what the journal says");
                    self.finds(what, PUT_BACK);
                }
                Err(JournalError::Newer { found, .. }) => {
                    let what = format!("the snapshot at record {seq} is of version {found}");
                    self.finds(what, START_NEWER);
                }
                Err(error) => self.finds(reason(&error), SAVED_ANEW),
            }
        }
    }

    fn ends(&mut self) {
        if self.is_whole {
            for snapshot in std::mem::take(&mut self.snapshots) {
                let seq = snapshot.seq;
                let what = format!("there is a snapshot at record {seq}, which the journal lacks");
                self.finds(what, PUT_BACK);
            }
            if let Err(broken) = check_invariants(&self.state) {
                self.finds_in_journal(broken.to_string());
            }
        }
        if self.report.records == 0 && self.is_whole {
            self.finds("the journal is empty: the store was never finished".to_owned(), PUT_BACK);
        }
        self.report.generation = self.state.generation();
        if self.is_whole {
            self.report.state = Some(std::mem::take(&mut self.state));
        }
    }
}

fn gap(expected: Seq, found: Seq) -> String {
    match found.0.saturating_sub(expected.0) {
        1 => format!("record {expected} is missing"),
        _ => format!("records {expected} to {} are missing", found.0.saturating_sub(1)),
    }
}

/// What is wrong, without the next step, which stands beside it.
fn reason(error: &JournalError) -> String {
    if let JournalError::Corrupt(cause) = error {
        return cause.clone();
    }
    if let JournalError::Unreadable { what, cause } = error {
        return format!("{what} cannot be read: {cause}");
    }
    error.to_string()
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
