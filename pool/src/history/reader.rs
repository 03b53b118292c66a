//! A look at the journal beside the engine's, for reports.

use std::sync::{Arc, Mutex, PoisonError};

use hotseat_protocol::api::{History, HistoryRecord, Records};
use hotseat_protocol::bounded_text::{AddressText, HistoryNote, HistoryWord};
use hotseat_protocol::ids::{PoolId, Seq, UserId, WallTime};
use hotseat_protocol::quantity::RecordNumber;
use hotseat_rules::{Caller, Event};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::describe::{Subject, describe, for_people};
use crate::directory::Names;
use crate::journal::about::{Belonging, belonging, person};
use crate::journal::row::{JournalRow, journal_row};
use crate::journal::store::{TableConnection, Tables};
use crate::journal::times::{self, Before};
use crate::journal::{Actor, JournalError, Poison, Record, Stopper, StoredRecord};
use crate::turns::{TurnLimits, Turns};

/// What is looked for.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    /// After which record.
    pub(crate) after: Seq,
    /// At most this many records.
    pub(crate) limit: usize,
    /// Only about this pool.
    pub(crate) pool: Option<PoolId>,
    /// Only about this person.
    pub(crate) user: Option<UserId>,
    /// Only from then on.
    pub(crate) since: Option<Since>,
}

/// A moment to look back to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since {
    /// In milliseconds of the server's own time, which decides.
    pub(crate) own_ms: i64,
    /// On the wall clock, for records of a server that noted nothing else.
    pub(crate) wall: WallTime,
}

/// Records that one question looks at, whatever it finds.
const LOOKED_AT_MAX: u32 = 5000;

/// One reads at a time, as there is one connection; a window or a report asks for a page or two.
const TURNS: TurnLimits = TurnLimits { at_once: 1, waiting_each: 16, waiting_all: 512, apart: 0 };

const COLUMNS: &str = "seq, at_ms, generation, version, kind, request, payload, checksum";

/// Reads the journal. Blocks; clones share one connection.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    connection: Arc<Mutex<TableConnection>>,
    /// What stops the store: what comes after such a record is no history.
    stopped: Option<Arc<Poison>>,
    /// Whose turn it is: readers must not take the threads on which passwords are tested.
    pub(crate) turns: Turns<Caller, 1>,
}

impl Reader {
    /// Opens a connection.
    pub(crate) fn open(tables: &Tables, stopped: Option<Poison>) -> Result<Self, JournalError> {
        let connection = Arc::new(Mutex::new(tables.connect()?));
        Ok(Self { connection, stopped: stopped.map(Arc::new), turns: Turns::new(TURNS) })
    }

    /// The record that stops the journal, and why.
    fn stopped_at(&self) -> Option<(Seq, &str)> {
        let Poison { what, cause } = self.stopped.as_deref()?;
        match what {
            Stopper::Record(record) => Some((*record, cause)),
            Stopper::Rows => None,
        }
    }

    /// What a search finds, oldest first.
    pub(crate) fn history(&self, search: &Search, names: &Names) -> Result<History, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut after = search.after;
        let mut untimed = None;
        if let Some(since) = search.since {
            match times::before(&connection, since.own_ms)? {
                Before::Timed(last) => after = after.max(last),
                Before::Untimed(first) => {
                    untimed = Some((first, since.wall));
                    after = after.max(last_before(&connection, since.wall, first)?);
                }
            }
        }
        let select = format!("SELECT {COLUMNS} FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut statement = connection.prepare_cached(&select)?;
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![after, LOOKED_AT_MAX])?;
        let (mut records, mut next) = (Vec::new(), None);
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            let row = journal_row(row);
            let seq = row.seq;
            if let Some((record, cause)) = self.stopped_at().filter(|(record, _)| seq >= *record) {
                records.extend(unusable(search, &record, &row, cause));
                break;
            }
            // Where somebody set the wall clock back, the first of a time is not the last before it.
            let earlier = untimed.is_some_and(|(first, wall)| {
                seq < first && row.remains.at.is_some_and(|at| at < wall)
            });
            match &row.stored {
                _ if earlier => {}
                Ok(stored) => records.extend(find(&connection, search, stored, names)?),
                Err(cause) => records.extend(unusable(search, &seq, &row, cause)),
            }
            if records.len() >= search.limit || looked_at == LOOKED_AT_MAX {
                next = Some(RecordNumber::clamped(seq.0));
                break;
            }
        }
        Ok(History { records: Records::clamped(records), next })
    }
}

/// The last of the records before `first` whose wall-clock time is earlier than `since`; any such
/// record where somebody set that clock back.
fn last_before(connection: &Connection, since: WallTime, first: Seq) -> Result<Seq, JournalError> {
    let mut at = connection.prepare_cached("SELECT at_ms FROM journal WHERE seq = ?1")?;
    let newest = "SELECT coalesce(max(seq), 0) FROM journal";
    let newest: i64 = connection.query_row(newest, [], |row| row.get(0))?;
    let first = i64::try_from(first.0).unwrap_or(i64::MAX);
    let (mut before, mut from) = (0, newest.saturating_add(1).min(first));
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
    let mut record = match stored.read() {
        Ok(record) => record,
        Err(JournalError::Unreadable { cause, .. }) => {
            return Ok(unreadable(search, stored.seq, Some(stored.at), &cause));
        }
        Err(error) => return Err(error),
    };
    if record.actor.is_none() {
        record.actor = who_reclaimed(connection, &record)?;
    }
    let granted = origin(connection, &record.event)?;
    let subject = granted.as_ref().and_then(Subject::of);
    if let Some(user) = search.user
        && subject.as_ref().map(Subject::user).or(person(&record.event)) != Some(user)
    {
        return Ok(None);
    }
    let told = describe(&record, &stored.kind, subject, names);
    let told = match search.user {
        Some(_) => for_people(told, record.actor.as_ref(), names),
        None => HistoryRecord { address: address(connection, stored.seq)?, ..told },
    };
    Ok(Some(told).filter(|told| search.pool.is_none() || search.pool == told.pool))
}

/// The record that brought what an event is about.
fn origin(connection: &Connection, event: &Event) -> Result<Option<Record>, JournalError> {
    match belonging(event) {
        Some(Belonging::Seat(seat)) => newest(connection, "seat_granted", "seat", seat.0, None),
        Some(Belonging::Place(place)) => newest(connection, "place_taken", "place", place.0, None),
        None => Ok(None),
    }
}

/// Who wanted a release that a machine only confirmed, or whose lease only ended: the record by
/// which the seat began to leave names them.
fn who_reclaimed(connection: &Connection, record: &Record) -> Result<Option<Actor>, JournalError> {
    let Event::SeatReleased { seat, .. } = &record.event else { return Ok(None) };
    let leaving = newest(connection, "seat_leaving", "seat", seat.0, Some(record.seq))?;
    Ok(leaving.and_then(|leaving| leaving.actor))
}

/// From where whoever acted asked.
fn address(connection: &Connection, seq: Seq) -> Result<Option<AddressText>, JournalError> {
    let mut select =
        connection.prepare_cached("SELECT address FROM actor_address WHERE seq = ?1")?;
    let seq = i64::try_from(seq.0).unwrap_or(i64::MAX);
    let found: Option<String> = select.query_row([seq], |row| row.get(0)).optional()?;
    Ok(found.as_deref().map(AddressText::clamped))
}

/// The newest record of a kind about a seat or a place, of those before a number.
fn newest(
    connection: &Connection,
    kind: &str,
    key: &str,
    id: Uuid,
    before: Option<Seq>,
) -> Result<Option<Record>, JournalError> {
    // The kind and the key are part of the text, so that the indexes of these are used.
    let select = format!(
        "SELECT {COLUMNS} FROM journal
         WHERE kind = '{kind}' AND json_valid(payload)
             AND json_extract(payload, '$.{key}') = ?1 AND seq < ?2
         ORDER BY seq DESC LIMIT 1"
    );
    let before = before.map_or(i64::MAX, |seq| i64::try_from(seq.0).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(&select)?;
    let found = statement
        .query_row(params![id.to_string(), before], |row| Ok(journal_row(row)))
        .optional()?;
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
        note: Some(HistoryNote::clamped(cause)),
        ..HistoryRecord::new(seq, at, HistoryWord::clamped("unreadable"))
    })
}
