//! Rows of the journal's table as they lie in the file, readable or not.

use std::ops::ControlFlow;

use hotseat_protocol::ids::{Generation, RequestId, Seq, WallTime};
use rusqlite::types::{FromSql, ValueRef};
use rusqlite::{Connection, Row, ffi};
use uuid::Uuid;

use super::error::JournalError;
use super::record::{Record, StoredRecord};

/// What can still be read of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// When it was written.
    pub(crate) at: Option<WallTime>,
    /// The store's generation when it was written.
    pub(crate) generation: Option<Generation>,
    /// The event's kind, as its own column says.
    pub(crate) kind: Option<String>,
    /// The event's text; bytes that are no text are replaced.
    pub(crate) payload: Option<String>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalRow {
    /// Its number.
    pub(crate) seq: Seq,
    /// Whether it was written with a checksum.
    pub(crate) is_summed: bool,
    /// What it was written as, or why that is not known.
    pub(crate) stored: Result<StoredRecord, String>,
    /// The same as far as it can be read, believed or not.
    pub(crate) remains: Remains,
}

impl JournalRow {
    fn unreadable(seq: Seq, cause: String) -> Self {
        Self { seq, is_summed: false, stored: Err(cause), remains: Remains::default() }
    }

    /// The record, decoded, and seen to be filed as what it is.
    ///
    /// # Errors
    ///
    /// [`JournalError::Newer`] when a newer program wrote it, else [`JournalError::Poisoned`].
    pub(crate) fn record(&self) -> Result<Record, JournalError> {
        let poisoned = |cause| JournalError::Poisoned { record: self.seq, cause };
        let stored = self.stored.as_ref().map_err(|cause| poisoned(cause.clone()))?;
        let record = match stored.read() {
            Ok(record) => record,
            Err(JournalError::Unreadable { cause, .. }) => return Err(poisoned(cause)),
            Err(error) => return Err(error),
        };
        let again = record.store();
        if (&again.kind, again.request) != (&stored.kind, stored.request) {
            return Err(poisoned(format!("it is filed as {}", stored.kind)));
        }
        Ok(record)
    }
}

/// The journal's columns; before the third version of the tables there were no checksums.
pub(crate) fn columns(tables: u32) -> String {
    let checksum = if tables < 3 { "NULL" } else { "checksum" };
    format!("seq, at_ms, generation, version, kind, request, payload, {checksum}")
}

/// Reads a row with the journal's columns, in their order.
pub(crate) fn journal_row(row: &Row<'_>) -> JournalRow {
    let seq = row.get::<_, i64>(0).unwrap_or_default();
    let seq = Seq(u64::try_from(seq).unwrap_or_default());
    let stored = strict(row, seq);
    let (is_summed, stored) = match stored {
        Ok((stored, None)) => (false, Ok(stored)),
        Ok((stored, Some(checksum))) if checksum == stored.checksum() => (true, Ok(stored)),
        Ok(_) => (true, Err("it is not what was written".to_owned())),
        Err(error) => (false, Err(format!("its row cannot be read: {error}"))),
    };
    let remains = Remains {
        at: some(row, 1).map(|unix_ms| WallTime { unix_ms }),
        generation: some(row, 2).map(Generation),
        kind: text(row, 4),
        payload: text(row, 6),
    };
    JournalRow { seq, is_summed, stored, remains }
}

type Sum = Option<[u8; 32]>;

fn strict(row: &Row<'_>, seq: Seq) -> rusqlite::Result<(StoredRecord, Sum)> {
    let request: Option<[u8; 16]> = row.get(5)?;
    let record = StoredRecord {
        seq,
        at: WallTime { unix_ms: row.get(1)? },
        generation: Generation(row.get(2)?),
        version: row.get(3)?,
        kind: row.get::<_, String>(4)?.into(),
        request: request.map(|bytes| RequestId(Uuid::from_bytes(bytes))),
        payload: row.get(6)?,
        from: None,
    };
    Ok((record, row.get(7)?))
}

fn some<T: FromSql>(row: &Row<'_>, column: usize) -> Option<T> {
    row.get(column).ok()
}

fn text(row: &Row<'_>, column: usize) -> Option<String> {
    match row.get_ref(column).ok()? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => None,
    }
}

/// Goes through the rows after `after`, in order. One that SQLite cannot read is visited too, by
/// the number that it should have.
///
/// # Errors
///
/// When the table cannot be read at all, or what `visit` returns.
pub(crate) fn each_row(
    connection: &Connection,
    tables: u32,
    after: Seq,
    mut visit: impl FnMut(JournalRow) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    each_row_until(connection, tables, after, |row| visit(row).map(ControlFlow::Continue))
}

/// The same, until `visit` has seen enough.
///
/// # Errors
///
/// As [`each_row`].
pub(crate) fn each_row_until(
    connection: &Connection,
    tables: u32,
    after: Seq,
    mut visit: impl FnMut(JournalRow) -> Result<ControlFlow<()>, JournalError>,
) -> Result<(), JournalError> {
    let newest = newest(connection)?;
    let mut last = after;
    while last < newest {
        let went = rows_after(connection, tables, last, &mut |row: JournalRow| {
            last = row.seq;
            visit(row)
        })?;
        let Some(cause) = went else { return Ok(()) };
        last = last.next();
        let unreadable = JournalRow::unreadable(last, format!("SQLite cannot read it: {cause}"));
        if visit(unreadable)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// Returns what SQLite says of a row that it cannot read; none at the end.
fn rows_after(
    connection: &Connection,
    tables: u32,
    after: Seq,
    visit: &mut impl FnMut(JournalRow) -> Result<ControlFlow<()>, JournalError>,
) -> Result<Option<rusqlite::Error>, JournalError> {
    let columns = columns(tables);
    let select = format!("SELECT {columns} FROM journal WHERE seq > ?1 ORDER BY seq");
    let mut select = connection.prepare(&select)?;
    let mut rows = select.query([i64::try_from(after.0).unwrap_or(i64::MAX)])?;
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                if visit(journal_row(row))?.is_break() {
                    return Ok(None);
                }
            }
            Ok(None) => return Ok(None),
            Err(error) if error.sqlite_error_code() == Some(ffi::ErrorCode::DatabaseCorrupt) => {
                return Ok(Some(error));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The number of the newest row; 0 when there is none.
pub(crate) fn newest(connection: &Connection) -> Result<Seq, JournalError> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(seq) FROM journal", [], |row| row.get(0))?;
    Ok(Seq(newest.and_then(|seq| u64::try_from(seq).ok()).unwrap_or_default()))
}
