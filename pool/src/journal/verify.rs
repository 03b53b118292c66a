//! Reads a whole store, changes nothing, and says what is wrong with it.

use std::fmt;

use hotseat_protocol::ids::{Generation, Seq};
use hotseat_rules::{Salvage, State, check_invariants};
use rusqlite::Connection;

use super::StoredSnapshot;
use super::assess::base;
use super::error::JournalError;
use super::row::{JournalRow, each_row};
use super::spoilt::spoilt;
use super::sqlite::snapshots;
use super::store::version;

/// Findings after which reading on would only repeat them.
const FINDINGS_MAX: usize = 100;

/// What was found in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// How many records could be read.
    pub(crate) records: u64,
    /// The newest of them.
    pub(crate) newest: Seq,
    /// The store's random number at that record; none when that is not known.
    pub(crate) generation: Option<Generation>,
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
        let finding = Finding { what: format!("SQLite: {what}"), next: Next::PutBack };
        Self { findings: vec![finding], ..Self::default() }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self {
            records: 0,
            newest: Seq(0),
            generation: None,
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
    pub(crate) next: Next,
}

impl Finding {
    /// Whether nothing is lost by it that a start or a report of seats needs.
    pub(crate) fn is_harmless(&self) -> bool {
        match self.next {
            Next::SavedAgain | Next::Covered(_) | Next::MadeAgain => true,
            Next::PutBack | Next::StartNewer | Next::Quarantine(_) | Next::SetRowsAside => false,
        }
    }
}

/// What to do about something that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The file itself is damaged.
    PutBack,
    /// A snapshot is damaged.
    SavedAgain,
    /// It is of the future.
    StartNewer,
    /// A record is damaged, and the snapshot at this one covers it.
    Covered(Seq),
    /// This record stops the start.
    Quarantine(Seq),
    /// A row beside the journal stops the start.
    SetRowsAside,
    /// The next start makes it again.
    MadeAgain,
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PutBack => f.write_str(
                "Stop the server and put a backup back: hotseat-pool restore FILE --replace.",
            ),
            Self::SavedAgain => f.write_str(
                "Nothing is lost, the journal has it all: the server reads the whole journal at \
                 its next start and saves a new snapshot when it stops.",
            ),
            Self::StartNewer => f.write_str("Use the newer program that wrote it."),
            Self::Covered(snapshot) => write!(
                f,
                "Nothing but its line in the history is lost: the snapshot at record {snapshot} \
                 has what followed from it, and a start goes on from there."
            ),
            Self::Quarantine(record) => write!(
                f,
                "Stop the server and run hotseat-pool recover --quarantine {record}: it says what \
                 would follow from setting the record aside, and does it with --yes. Or put a \
                 backup back: hotseat-pool restore FILE --replace."
            ),
            Self::SetRowsAside => f.write_str(
                "Stop the server and run hotseat-pool recover --rows: it says what would follow \
                 from setting them aside, and does it with --yes. Or put a backup back: \
                 hotseat-pool restore FILE --replace.",
            ),
            Self::MadeAgain => {
                f.write_str("Nothing is lost: the server makes it again at its next start.")
            }
        }
    }
}

/// Reads all of a store.
///
/// # Errors
///
/// When it is of a newer program, or cannot be read at all; what is only damaged is in the report.
pub(crate) fn whole(connection: &Connection) -> Result<Report, JournalError> {
    let tables = version(connection)?;
    let mut reading = Reading {
        salvage: Some(Salvage::default()),
        base: State::default(),
        stopped: None,
        snapshots: Vec::new(),
        report: Report::default(),
    };
    for what in structure(connection, FINDINGS_MAX)? {
        reading.finds(format!("SQLite: {what}"), Next::PutBack);
    }
    reading.beside_the_journal(connection, tables);
    match snapshots(connection) {
        Ok(all) => reading.snapshots = all,
        Err(error) => reading.finds(error.to_string(), Next::PutBack),
    }
    // What is of the future is found below.
    reading.base = base(connection).unwrap_or_default();
    reading.report.snapshots = reading.snapshots.len();
    let read = each_row(connection, tables, Seq(0), |row| {
        reading.row(&row);
        Ok(())
    });
    if let Err(error) = read {
        reading.finds(error.to_string(), Next::PutBack);
        reading.salvage = None;
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

/// A journal that is being read.
struct Reading {
    /// What the records so far make; none when it cannot be believed.
    salvage: Option<Salvage>,
    /// The newest snapshot that is whole.
    base: State,
    /// The first record that stops a start.
    stopped: Option<Seq>,
    snapshots: Vec<StoredSnapshot>,
    report: Report,
}

impl Reading {
    fn finds(&mut self, what: String, next: Next) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { what, next });
        }
    }

    /// Something is wrong with the journal at this record.
    fn finds_at(&mut self, record: Seq, what: String) {
        self.salvage = None;
        let next = if record <= self.base.seq() {
            Next::Covered(self.base.seq())
        } else {
            Next::Quarantine(*self.stopped.get_or_insert(record))
        };
        self.finds(what, next);
    }

    fn beside_the_journal(&mut self, connection: &Connection, tables: u32) {
        match spoilt(connection, tables) {
            Ok(found) => {
                for it in found {
                    let stops = it.stops_writing();
                    let next = if stops { Next::SetRowsAside } else { Next::MadeAgain };
                    self.finds(it.to_string(), next);
                }
            }
            Err(error) => self.finds(error.to_string(), Next::PutBack),
        }
    }

    /// One row. Whatever is wrong is a finding, and reading goes on.
    fn row(&mut self, row: &JournalRow) {
        let expected = self.report.newest.next();
        if row.seq != expected {
            self.finds_at(expected, gap(expected, row.seq));
        }
        self.report.records += 1;
        self.report.newest = row.seq;
        if !row.is_summed {
            self.report.unsummed += 1;
        }
        self.goes_on_from_snapshot(row.seq);
        let record = match row.record() {
            Ok(record) => record,
            Err(JournalError::Newer { found, .. }) => {
                self.salvage = None;
                let what = format!("record {} is of the newer version {found}", row.seq);
                return self.finds(what, Next::StartNewer);
            }
            Err(error) => return self.finds_at(row.seq, reason(row.seq, &error)),
        };
        let Some(salvage) = &mut self.salvage else { return };
        if let Err(misfit) = salvage.next(&record.event, record.at(), record.generation) {
            let what = format!("record {} does not follow from those before: {misfit}", row.seq);
            return self.finds_at(row.seq, what);
        }
        self.compare();
    }

    /// Past what it covers, a snapshot is as good as the records.
    fn goes_on_from_snapshot(&mut self, record: Seq) {
        let covered = self.base.seq();
        let passed = covered > Seq(0) && record > covered && self.stopped.is_none();
        if passed && self.salvage.is_none() {
            self.salvage = Some(Salvage::from(self.base.clone()));
        }
    }

    /// A snapshot of this very record says the same as the journal.
    fn compare(&mut self) {
        let Some(state) = self.salvage.as_ref().map(Salvage::state) else { return };
        let seq = state.seq();
        let mut found = Vec::new();
        for snapshot in self.snapshots.extract_if(.., |snapshot| snapshot.seq == seq) {
            match snapshot.read() {
                Ok(kept) if kept.says_the_same(state) => {}
                Ok(_) => {
                    let what = format!("the snapshot at record {seq} is not what the journal says");
                    found.push((what, Next::PutBack));
                }
                Err(JournalError::Newer { found: version, .. }) => {
                    let what = format!("the snapshot at record {seq} is of version {version}");
                    found.push((what, Next::StartNewer));
                }
                Err(error) => found.push((reason(seq, &error), Next::SavedAgain)),
            }
        }
        for (what, next) in found {
            self.finds(what, next);
        }
    }

    fn ends(&mut self) {
        let newest = self.report.newest;
        if self.stopped.is_none() {
            for snapshot in std::mem::take(&mut self.snapshots) {
                self.without_its_record(&snapshot, newest);
            }
        }
        self.goes_on_from_snapshot(newest.next());
        if self.report.records == 0 && self.stopped.is_none() {
            let what = "record 1 is missing: the journal is empty".to_owned();
            self.finds(what, Next::Quarantine(Seq(1)));
        }
        let Some(salvage) = self.salvage.take() else { return };
        let (state, _) = salvage.end();
        self.report.generation = (state.seq() > Seq(0)).then(|| state.generation());
        if let Err(broken) = check_invariants(&state) {
            self.finds(broken.to_string(), Next::PutBack);
        } else {
            self.report.state = Some(state);
        }
    }

    /// A snapshot that no record was compared with: the journal ends before it, or the records
    /// before it are damaged and only its own form can be judged.
    fn without_its_record(&mut self, snapshot: &StoredSnapshot, newest: Seq) {
        let seq = snapshot.seq;
        match snapshot.read() {
            Err(JournalError::Newer { found, .. }) => {
                let what = format!("the snapshot at record {seq} is of version {found}");
                self.finds(what, Next::StartNewer);
            }
            Err(error) => self.finds(reason(seq, &error), Next::SavedAgain),
            Ok(_) if seq > newest => {
                let what = format!("there is a snapshot at record {seq}, which the journal lacks");
                self.salvage = None;
                let first = *self.stopped.get_or_insert(newest.next());
                self.finds(what, Next::Quarantine(first));
            }
            Ok(_) => {}
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
fn reason(record: Seq, error: &JournalError) -> String {
    if let JournalError::Poisoned { cause, .. } = error {
        return format!("record {record} cannot be used: {cause}");
    }
    if let JournalError::Unreadable { what, cause } = error {
        return format!("{what} cannot be read: {cause}");
    }
    error.to_string()
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
