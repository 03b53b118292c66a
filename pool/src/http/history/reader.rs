//! A look at the journal beside the engine's, for reports.

use std::sync::{Arc, Mutex, PoisonError};

use hotseat_protocol::api::{History, HistoryRecord};
use hotseat_protocol::ids::{Generation, PoolId, RequestId, Seq, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use super::describe::{Subject, describe};
use crate::directory::Names;
use crate::journal::store::Tables;
use crate::journal::{JournalError, Record, StoredRecord};
use crate::rules::Event;

/// Records that one question looks at, whatever it finds.
const LOOKED_AT_MAX: u32 = 5000;

const COLUMNS: &str = "seq, at_ms, generation, version, kind, request, payload";

/// Reads the journal. Blocks; clones share one connection.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    connection: Arc<Mutex<Connection>>,
}

impl Reader {
    /// Opens a connection.
    pub(crate) fn open(tables: &Tables) -> Result<Self, JournalError> {
        Ok(Self { connection: Arc::new(Mutex::new(tables.connect()?)) })
    }

    /// At most `limit` records after `after`, of one pool if one is named.
    pub(super) fn history(
        &self,
        after: Seq,
        limit: usize,
        pool: Option<&PoolId>,
        names: &Names,
    ) -> Result<History, JournalError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let select = format!("SELECT {COLUMNS} FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut statement = connection.prepare_cached(&select)?;
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![after, LOOKED_AT_MAX])?;
        let mut history = History { records: Vec::new(), next: None };
        let mut looked_at = 0;
        while let Some(row) = rows.next()? {
            looked_at += 1;
            let stored = stored(row)?;
            let seq = stored.seq;
            let told = tell(&connection, &stored, names)?;
            if pool.is_none_or(|pool| told.pool.as_ref() == Some(pool)) {
                history.records.push(told);
            }
            if history.records.len() >= limit || looked_at == LOOKED_AT_MAX {
                history.next = Some(seq.0);
                break;
            }
        }
        Ok(history)
    }
}

fn tell(
    connection: &Connection,
    stored: &StoredRecord,
    names: &Names,
) -> Result<HistoryRecord, JournalError> {
    let record = stored.read()?;
    let granted = match origin(&record.event) {
        Some((kind, key, id)) => granted(connection, kind, key, id)?,
        None => None,
    };
    let subject = granted.as_ref().and_then(Subject::of);
    Ok(describe(&record, &stored.kind, subject, names))
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
    let found = statement.query_row([id.to_string()], stored).optional()?;
    found.map(|stored| stored.read()).transpose()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRecord> {
    let request: Option<[u8; 16]> = row.get(5)?;
    let number: i64 = row.get(0)?;
    Ok(StoredRecord {
        // Records are numbered from 1.
        seq: Seq(number.unsigned_abs()),
        at: WallTime { unix_ms: row.get(1)? },
        generation: Generation(row.get(2)?),
        version: row.get(3)?,
        kind: row.get::<_, String>(4)?.into(),
        request: request.map(|bytes| RequestId(Uuid::from_bytes(bytes))),
        payload: row.get(6)?,
    })
}
