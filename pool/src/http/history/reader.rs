//! A look at the journal beside the engine's, for reports.

use std::sync::{Arc, Mutex, PoisonError};

use hotseat_protocol::api::{History, HistoryRecord};
use hotseat_protocol::ids::{PoolId, Seq, UserId, WallTime};
use hotseat_rules::{Caller, Event};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::describe::{Subject, describe, person};
use crate::directory::Names;
use crate::journal::row::{JournalRow, journal_row};
use crate::journal::store::Tables;
use crate::journal::{JournalError, Poison, Record, StoredRecord};
use crate::turns::{TurnLimits, Turns};

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) struct Search {
    /// After which record.
    pub(super) after: Seq,
    /// At most so many records.
    pub(super) limit: usize,
    /// Only about this pool.
    pub(super) pool: Option<PoolId>,
    /// Only about this person.
    pub(super) user: Option<UserId>,
    /// Only from then on.
    pub(super) since: Option<WallTime>,
}

/// Records that one question looks at, whatever it finds.
const LOOKED_AT_MAX: u32 = 5000;

/// One reads at a time, as there is one connection; a window or a report asks for a page or two.
const TURNS: TurnLimits = TurnLimits { at_once: 1, waiting_each: 16, waiting_all: 512 };

const COLUMNS: &str = "seq, at_ms, generation, version, kind, request, payload, checksum";

/// Reads the journal. Blocks; clones share one connection.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    connection: Arc<Mutex<Connection>>,
    /// The record that stops the journal: what comes after it is no history.
    stopped: Option<Arc<Poison>>,
    /// Whose turn it is: readers must not take the threads on which passwords are tested.
    pub(super) turns: Turns<Caller>,
}

impl Reader {
    /// Opens a connection.
    pub(crate) fn open(tables: &Tables, stopped: Option<Poison>) -> Result<Self, JournalError> {
        let connection = Arc::new(Mutex::new(tables.connect()?));
        Ok(Self { connection, stopped: stopped.map(Arc::new), turns: Turns::new(TURNS) })
    }

    /// What a search finds, oldest first.
    pub(super) fn history(&self, search: &Search, names: &Names) -> Result<History, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut after = search.after;
        if let Some(since) = search.since {
            after = after.max(last_before(&connection, since)?);
        }
        let select = format!("SELECT {COLUMNS} FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut statement = connection.prepare_cached(&select)?;
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![after, LOOKED_AT_MAX])?;
        let mut history = History { records: Vec::new(), next: None };
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            let row = journal_row(row);
            let seq = row.seq;
            if let Some(stopped) = self.stopped.as_ref().filter(|stopped| seq >= stopped.record) {
                history.records.extend(unusable(search, &stopped.record, &row, &stopped.cause));
                break;
            }
            match &row.stored {
                Ok(stored) => history.records.extend(find(&connection, search, stored, names)?),
                Err(cause) => history.records.extend(unusable(search, &seq, &row, cause)),
            }
            if history.records.len() >= search.limit || looked_at == LOOKED_AT_MAX {
                history.next = Some(seq.0);
                break;
            }
        }
        Ok(history)
    }
}

/// The last record before a time. Where somebody set the wall clock back it is one of them; what
/// is told is compared with the time all the same.
fn last_before(connection: &Connection, since: WallTime) -> Result<Seq, JournalError> {
    let mut at = connection.prepare_cached("SELECT at_ms FROM journal WHERE seq = ?1")?;
    let newest = "SELECT coalesce(max(seq), 0) FROM journal";
    let newest: i64 = connection.query_row(newest, [], |row| row.get(0))?;
    let (mut before, mut from) = (0, newest.saturating_add(1));
    while from - before > 1 {
        let middle = before + (from - before) / 2;
        let at_ms: Option<i64> = at.query_row([middle], |row| row.get(0)).optional()?;
        // The journal has no gaps; where it begins later, what is missing is older.
        if at_ms.is_some_and(|at_ms| at_ms >= since.unix_ms) {
            from = middle;
        } else {
            before = middle;
        }
    }
    Ok(Seq(before.unsigned_abs()))
}

/// The record in words, if it is looked for.
fn find(
    connection: &Connection,
    search: &Search,
    stored: &StoredRecord,
    names: &Names,
) -> Result<Option<HistoryRecord>, JournalError> {
    if search.since.is_some_and(|since| stored.at < since) {
        return Ok(None);
    }
    let record = match stored.read() {
        Ok(record) => record,
        Err(JournalError::Unreadable { cause, .. }) => {
            return Ok(unreadable(search, stored.seq, Some(stored.at), &cause));
        }
        Err(error) => return Err(error),
    };
    let granted = match origin(&record.event) {
        Some((kind, key, id)) => granted(connection, kind, key, id)?,
        None => None,
    };
    let subject = granted.as_ref().and_then(Subject::of);
    if let Some(user) = search.user
        && subject.as_ref().map(Subject::user).or(person(&record.event)) != Some(user)
    {
        return Ok(None);
    }
    let told = describe(&record, &stored.kind, subject, names);
    Ok(Some(told).filter(|told| search.pool.is_none() || search.pool == told.pool))
}

/// Where it is written to whom the seat or the place of an event belongs.
fn origin(event: &Event) -> Option<(&'static str, &'static str, Uuid)> {
    if let Event::SeatReacquired { seat, .. }
    | Event::SeatLeaving { seat, .. }
    | Event::SeatReleased { seat, .. }
    | Event::SeatWarned { seat }
    | Event::WarningAnswered { seat, .. }
    | Event::IdleSpell { seat, .. } = event
    {
        return Some(("seat_granted", "seat", seat.0));
    }
    if let Event::PlaceEnded { place, .. }
    | Event::Offered { place, .. }
    | Event::OfferWithdrawn { place, .. } = event
    {
        return Some(("place_taken", "place", place.0));
    }
    None
}

/// The record that brought a seat or a place.
fn granted(
    connection: &Connection,
    kind: &str,
    key: &str,
    id: Uuid,
) -> Result<Option<Record>, JournalError> {
    // The kind and the key are part of the text, so that the indexes of these two are used.
    let select = format!(
        "SELECT {COLUMNS} FROM journal
         WHERE kind = '{kind}' AND json_extract(payload, '$.{key}') = ?1 LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&select)?;
    let found = statement.query_row([id.to_string()], |row| Ok(journal_row(row))).optional()?;
    // One that cannot be read tells nothing.
    Ok(found.and_then(|row| row.record().ok()))
}

/// What is told of a row that cannot be used: to administrators who look for everything.
fn unusable(search: &Search, record: &Seq, row: &JournalRow, cause: &str) -> Option<HistoryRecord> {
    unreadable(search, *record, row.remains.at, cause)
}

fn unreadable(
    search: &Search,
    seq: Seq,
    at: Option<WallTime>,
    cause: &str,
) -> Option<HistoryRecord> {
    let everything = search.user.is_none() && search.pool.is_none();
    let at = at.unwrap_or(WallTime { unix_ms: 0 });
    everything.then(|| HistoryRecord {
        seq,
        at,
        what: "unreadable".to_owned(),
        pool: None,
        user: None,
        client: None,
        seat: None,
        machine: None,
        reason: None,
        by: None,
        note: Some(cause.to_owned()),
        count: None,
    })
}
