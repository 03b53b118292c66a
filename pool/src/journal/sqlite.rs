//! The journal in SQLite: one transaction and one fsync for each batch.
//!
//! Write-ahead log with `synchronous = FULL`: a commit returns only when the log is on the disk.
//! The connection is the journal's own; whoever drives it gives it a thread of its own.

use std::sync::Arc;

use hotseat_protocol::ids::{Generation, Seq};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

use super::error::JournalError;
use super::row::{JournalRow, journal_row};
use super::store::StoreFile;
use super::times::Times;
use super::{
    ActorAddress, Append, Journal, READ_PAGE, SNAPSHOTS_KEPT, StoredRecord, StoredSnapshot,
};

/// The journal of one store.
#[derive(Debug)]
pub struct SqliteJournal {
    file: Arc<StoreFile>,
    /// None after a reopening that failed.
    connection: Option<Connection>,
    times: Option<Times>,
}

impl SqliteJournal {
    pub(super) fn new(file: Arc<StoreFile>, connection: Connection) -> Self {
        Self { file, connection: Some(connection), times: None }
    }

    /// From here on it is written down when records were written, by the time that `now` shows.
    #[must_use]
    pub(crate) fn timed_by(self, now: impl Fn() -> i64 + Send + 'static) -> Self {
        Self { times: Some(Times::by(now)), ..self }
    }

    /// The handle, opened again when the last opening failed or a failed transaction could not be
    /// rolled back.
    fn handle(&mut self) -> Result<&mut Connection, JournalError> {
        let usable = self.connection.take().filter(Connection::is_autocommit);
        let connection = match usable {
            Some(connection) => connection,
            None => self.file.connect()?,
        };
        Ok(self.connection.insert(connection))
    }

    fn try_append(
        &mut self,
        expected: Seq,
        batch: &[StoredRecord],
    ) -> Result<Append, JournalError> {
        let mut times = self.times.take();
        let appended = self.append_timed(expected, batch, times.as_mut());
        self.times = times;
        appended
    }

    fn append_timed(
        &mut self,
        expected: Seq,
        batch: &[StoredRecord],
        times: Option<&mut Times>,
    ) -> Result<Append, JournalError> {
        self.file.still_there()?;
        let connection = self.handle()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if newest(&transaction)? != expected {
            return Ok(Append::Conflict);
        }
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO journal
                     (seq, at_ms, generation, version, kind, request, payload, checksum)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for record in batch {
                insert.execute(params![
                    number(record.seq)?,
                    record.at.unix_ms,
                    record.generation.0,
                    record.version,
                    record.kind,
                    record.request.map(|request| request.0.into_bytes()),
                    record.payload,
                    record.checksum(),
                ])?;
                if let Some(from) = record.from {
                    write_address(&transaction, record.seq, from)?;
                }
            }
        }
        if let (Some(times), Some(first)) = (times, batch.first()) {
            times.write(&transaction, number(first.seq)?)?;
        }
        // What fails here may have reached the disk or not; nothing before it has.
        Ok(match transaction.commit() {
            Ok(()) => Append::Done,
            Err(error) => Append::Unknown(error.into()),
        })
    }
}

fn write_address(
    connection: &Connection,
    seq: Seq,
    ActorAddress { address, person }: ActorAddress,
) -> Result<(), JournalError> {
    let insert = "INSERT OR REPLACE INTO actor_address (seq, address, person) VALUES (?1, ?2, ?3)";
    let person = person.map(|person| person.0.into_bytes());
    let values = params![number(seq)?, address.to_string(), person];
    connection.prepare_cached(insert)?.execute(values)?;
    Ok(())
}

impl Journal for SqliteJournal {
    fn newest(&mut self) -> Result<Seq, JournalError> {
        Ok(newest(self.handle()?)?)
    }

    fn append(&mut self, expected: Seq, batch: &[StoredRecord]) -> Append {
        self.try_append(expected, batch).unwrap_or_else(Append::Failed)
    }

    fn read_after(&mut self, seq: Seq) -> Result<Vec<StoredRecord>, JournalError> {
        let connection = self.handle()?;
        let mut select = connection.prepare_cached(
            "SELECT seq, at_ms, generation, version, kind, request, payload, checksum
             FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let limit = i64::try_from(READ_PAGE).unwrap_or(i64::MAX);
        let rows = select.query_map(params![number(seq)?, limit], |row| Ok(journal_row(row)))?;
        rows.map(|row| {
            let JournalRow { seq, stored, .. } = row?;
            stored.map_err(|cause| JournalError::Poisoned { record: seq, cause })
        })
        .collect()
    }

    fn save_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), JournalError> {
        self.file.still_there()?;
        let connection = self.handle()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT OR REPLACE INTO snapshot (seq, generation, version, checksum, payload)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                number(snapshot.seq)?,
                snapshot.generation.0,
                snapshot.version,
                snapshot.checksum,
                snapshot.payload,
            ],
        )?;
        // A damaged one would take the place of one that could be used.
        for other in snapshots(&transaction)? {
            if other.checksum_now() != other.checksum {
                transaction.execute("DELETE FROM snapshot WHERE seq = ?1", [number(other.seq)?])?;
            }
        }
        let kept = i64::try_from(SNAPSHOTS_KEPT).unwrap_or(i64::MAX);
        transaction.execute(
            "DELETE FROM snapshot
             WHERE seq NOT IN (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT ?1)",
            [kept],
        )?;
        Ok(transaction.commit()?)
    }

    fn snapshots(&mut self) -> Result<Vec<StoredSnapshot>, JournalError> {
        snapshots(self.handle()?)
    }

    fn probe(&mut self) -> Result<(), JournalError> {
        let statement = "INSERT OR REPLACE INTO probe (id, tried) VALUES (1, random())";
        self.handle()?.execute(statement, [])?;
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), JournalError> {
        // Closed first, so that nothing of its uncommitted pages can be read again.
        drop(self.connection.take());
        self.connection = Some(self.file.connect()?);
        Ok(())
    }
}

fn newest(connection: &Connection) -> rusqlite::Result<Seq> {
    let mut select =
        connection.prepare_cached("SELECT seq FROM journal ORDER BY seq DESC LIMIT 1")?;
    Ok(select.query_row([], |row| seq(row, 0)).optional()?.unwrap_or_default())
}

/// The snapshots that are kept, the newest first, unverified.
pub(super) fn snapshots(connection: &Connection) -> Result<Vec<StoredSnapshot>, JournalError> {
    let mut select = connection.prepare(
        "SELECT seq, generation, version, checksum, payload FROM snapshot ORDER BY seq DESC",
    )?;
    let mut rows = select.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        match snapshot(row) {
            Ok(snapshot) => found.push(snapshot),
            // The journal has it all; a start removes the row.
            Err(error) => tracing::warn!(%error, "a snapshot cannot be read and is left out"),
        }
    }
    Ok(found)
}

fn snapshot(row: &Row<'_>) -> rusqlite::Result<StoredSnapshot> {
    Ok(StoredSnapshot {
        seq: seq(row, 0)?,
        generation: Generation(row.get(1)?),
        version: row.get(2)?,
        checksum: row.get(3)?,
        payload: row.get(4)?,
    })
}

fn seq(row: &Row<'_>, column: usize) -> rusqlite::Result<Seq> {
    let number: i64 = row.get(column)?;
    let number = u64::try_from(number)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))?;
    Ok(Seq(number))
}

fn number(seq: Seq) -> Result<i64, JournalError> {
    i64::try_from(seq.0)
        .map_err(|_| JournalError::Corrupt(format!("record {seq} is beyond what can be numbered")))
}

#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod tests;
