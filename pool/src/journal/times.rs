//! When records were written, by a clock that nobody can set: a row a minute at most, in the same
//! transaction as the first record that it tells of. It knows nothing of the clock.

use std::fmt;
use std::time::Duration;

use hotseat_protocol::ids::Seq;
use rusqlite::{Connection, OptionalExtension as _, params};

/// A row stands for the records of at most this long: half a million rows a year where somebody
/// does something every minute, and no reader of the history sees a minute.
const ROW_EVERY: Duration = Duration::from_mins(1);

/// Writes the rows.
pub(super) struct Times {
    now: Box<dyn Fn() -> i64 + Send>,
}

impl Times {
    /// By the time that `now` shows, in milliseconds.
    pub(super) fn by(now: impl Fn() -> i64 + Send + 'static) -> Self {
        Self { now: Box::new(now) }
    }

    /// Says when the record `first` was written, if the last row is a minute old.
    ///
    /// After a crash own time may be behind the last row for a while: those records count as
    /// written with it.
    pub(super) fn write(&self, connection: &Connection, first: i64) -> rusqlite::Result<()> {
        let now = (self.now)();
        let newest = "SELECT own_ms FROM journal_time ORDER BY own_ms DESC LIMIT 1";
        let newest: Option<i64> =
            connection.prepare_cached(newest)?.query_row([], |row| row.get(0)).optional()?;
        if newest.is_none_or(|newest| now >= newest.saturating_add(row_every_ms())) {
            let insert = "INSERT INTO journal_time (seq, own_ms) VALUES (?1, ?2)";
            connection.prepare_cached(insert)?.execute(params![first, now])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Times")
    }
}

/// What is known of when records were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    /// Every record up to this one was written before the moment; of those after it, at most a
    /// minute's may have been, too.
    Timed(Seq),
    /// No row is as old as the moment. The records before this one were written by a server that
    /// noted only the wall clock, so that clock must tell.
    Untimed(Seq),
}

/// The last record that was written before a moment of own time, in milliseconds.
pub(crate) fn before(connection: &Connection, own_ms: i64) -> rusqlite::Result<Before> {
    let select = "SELECT seq, own_ms FROM journal_time WHERE own_ms <= ?1 \
                  ORDER BY own_ms DESC LIMIT 1";
    let mut select = connection.prepare_cached(select)?;
    let row: Option<(i64, i64)> =
        select.query_row([own_ms], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((seq, began)) = row else {
        let first = "SELECT coalesce(min(seq), ?1) FROM journal_time";
        let first: i64 = connection.query_row(first, [i64::MAX], |row| row.get(0))?;
        return Ok(Before::Untimed(Seq(first.unsigned_abs())));
    };
    let mut after = seq;
    if began.saturating_add(row_every_ms()) <= own_ms {
        // All of the row's records are earlier.
        let next = "SELECT coalesce(min(seq), ?2) FROM journal_time WHERE seq > ?1";
        after = connection.query_row(next, [seq, i64::MAX], |row| row.get(0))?;
    }
    Ok(Before::Timed(Seq(after.saturating_sub(1).unsigned_abs())))
}

fn row_every_ms() -> i64 {
    i64::try_from(ROW_EVERY.as_millis()).unwrap_or(i64::MAX)
}
