//! The server's own time, by which log-ins and invitations end, and by which the history knows how
//! old a record is: how far it has come stands in the store. What it decides is [`lasting`].
//!
//! [`lasting`]: super::lasting

use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::ids::WallTime;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::DirectoryError;
use super::lasting::{Counted, LIVES, Left, Moment, millis};
use super::worker::Directory;
use crate::clock::Clock;

/// How often it is written down.
pub(crate) const WRITTEN_EVERY: Duration = LIVES.written_every;

impl ToSql for Moment {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for Moment {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self)
    }
}

/// The clock that shows it.
#[derive(Debug, Clone)]
pub(super) struct OwnTime {
    clock: Arc<dyn Clock>,
    counted: Counted,
}

impl OwnTime {
    /// Goes on where the store's last server left off.
    pub(super) fn open(
        connection: &mut Connection,
        clock: Arc<dyn Clock>,
        longest_life: Duration,
    ) -> Result<Self, DirectoryError> {
        let wall = clock.wall();
        let transaction = connection.transaction()?;
        let left = left(&transaction)?;
        let now = match left {
            Some(left) => {
                // Rows that are too far ahead were removed when the store was opened.
                let noted = "SELECT max(own_ms) FROM journal_time";
                let noted: Option<i64> = transaction.query_row(noted, [], |row| row.get(0))?;
                LIVES.resumed(left, noted.map(Moment), wall)
            }
            None => {
                // It never goes back.
                let noted = "SELECT coalesce(max(own_ms), 0) FROM journal_time";
                let noted: i64 = transaction.query_row(noted, [], |row| row.get(0))?;
                first(&transaction, wall)?.max(Moment(noted))
            }
        };
        if left.is_none() {
            // What a server before this one gave by a wall clock that was ahead ends, too.
            let latest = now.after(longest_life);
            for table in ["user_token", "invitation"] {
                let update = format!("UPDATE {table} SET expires_ms = min(expires_ms, ?1)");
                transaction.execute(&update, [latest])?;
            }
        }
        write(&transaction, Left { own: now, wall })?;
        transaction.commit()?;
        let counted = Counted::from(now, clock.mono());
        Ok(Self { clock, counted })
    }

    /// The same for a store that must not be written.
    pub(super) fn read(connection: &Connection, clock: Arc<dyn Clock>) -> Self {
        let wall = clock.wall();
        // Where the row cannot be read, the wall clock must do: nothing is written by it.
        let now = match left(connection).ok().flatten() {
            Some(left) => LIVES.resumed(left, None, wall),
            None => first(connection, wall).unwrap_or(Moment(wall.unix_ms)),
        };
        let counted = Counted::from(now, clock.mono());
        Self { clock, counted }
    }

    /// What it is now.
    pub(super) fn now(&self) -> Moment {
        self.counted.at(self.clock.mono())
    }

    /// What a moment to come will be on the wall clock, for people.
    pub(super) fn shown(&self, moment: Moment) -> WallTime {
        let left = millis(moment.since(self.now()));
        WallTime { unix_ms: self.clock.wall().unix_ms.saturating_add(left) }
    }
}

impl Directory {
    /// The server's own time, in milliseconds, for whoever writes it down.
    pub(crate) fn own_clock(&self) -> impl Fn() -> i64 + Send + 'static {
        let time = self.own_time().clone();
        move || time.now().0
    }

    /// What the server's own time was this long ago, in milliseconds.
    pub(crate) fn own_ms_before(&self, ago: Duration) -> i64 {
        self.own_time().now().0.saturating_sub(millis(ago))
    }

    /// Writes down how far the server's own time has come.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub(crate) async fn write_own_time(&self) -> Result<(), DirectoryError> {
        let time = self.own_time().clone();
        self.note(move |transaction| {
            write(transaction, Left { own: time.now(), wall: time.clock.wall() })
        })
        .await
    }
}

fn left(connection: &Connection) -> Result<Option<Left>, DirectoryError> {
    let select = "SELECT own_ms, wall_ms FROM own_time";
    let left = connection.query_row(select, [], |row| {
        Ok(Left { own: row.get(0)?, wall: WallTime { unix_ms: row.get(1)? } })
    });
    Ok(left.optional()?)
}

fn write(connection: &Connection, left: Left) -> Result<(), DirectoryError> {
    let replace = "INSERT OR REPLACE INTO own_time (id, own_ms, wall_ms) VALUES (1, ?1, ?2)";
    connection.execute(replace, params![left.own, left.wall.unix_ms])?;
    Ok(())
}

fn first(connection: &Connection, wall: WallTime) -> Result<Moment, DirectoryError> {
    let select = "SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1";
    let newest: Option<i64> = connection.query_row(select, [], |row| row.get(0)).optional()?;
    Ok(LIVES.first(newest.map(|unix_ms| WallTime { unix_ms }), wall))
}
