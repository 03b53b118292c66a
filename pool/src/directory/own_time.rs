//! The server's own time, by which log-ins and invitations end, and by which the history knows how
//! old a record is.
//!
//! Log-ins must outlive a restart, which no monotonic clock does; and no setting of the wall clock
//! may end them. So the server counts: while it runs by the monotonic clock, and over a stop by
//! what the wall clock has gained, at least nothing and at most [`STOPPED_MAX`]. What was counted
//! is durable. Own time never goes back; it is behind the wall clock by what longer stops left
//! out.

use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::ids::WallTime;
use hotseat_rules::Mono;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::DirectoryError;
use super::worker::Directory;
use crate::clock::Clock;

/// A stop counts as at most this long: what a wall clock that is wrong at a start can cost a log-in
/// of 30 days, and what a longer stop gives it.
pub(super) const STOPPED_MAX: Duration = Duration::from_hours(24);

/// Written down this often: a crash forgets no more, and what it forgets the wall clock makes up
/// for at the next start.
pub(crate) const WRITTEN_EVERY: Duration = Duration::from_hours(1);

/// A moment in the server's own time, in milliseconds. Not comparable with the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) i64);

impl Moment {
    /// This much later; the end of time at the latest.
    pub(super) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// How long it is since `earlier`; nothing when that is not earlier.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

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
    /// What both clocks showed at the start.
    began: (Moment, Mono),
}

impl OwnTime {
    /// Goes on where the store's last server left off.
    pub(super) fn open(
        connection: &mut Connection,
        clock: Arc<dyn Clock>,
        longest_life: Duration,
    ) -> Result<Self, DirectoryError> {
        let wall_ms = clock.wall().unix_ms;
        let transaction = connection.transaction()?;
        let left = left(&transaction)?;
        let now = match left {
            Some((own, wall)) => {
                // A crash may have come before own time was written down again. Rows that are too
                // far ahead were removed when the store was opened.
                let noted = "SELECT max(own_ms) FROM journal_time";
                let noted: Option<i64> = transaction.query_row(noted, [], |row| row.get(0))?;
                let counted = own.saturating_add(stopped(wall, wall_ms));
                Moment(noted.map_or(counted, |noted| counted.max(noted)))
            }
            None => {
                // It never goes back.
                let noted = "SELECT coalesce(max(own_ms), 0) FROM journal_time";
                let noted: i64 = transaction.query_row(noted, [], |row| row.get(0))?;
                first(&transaction, wall_ms)?.max(Moment(noted))
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
        write(&transaction, now, wall_ms)?;
        transaction.commit()?;
        let began = (now, clock.mono());
        Ok(Self { clock, began })
    }

    /// The same for a store that must not be written.
    pub(super) fn read(connection: &Connection, clock: Arc<dyn Clock>) -> Self {
        let wall_ms = clock.wall().unix_ms;
        // Where the row cannot be read, the wall clock must do: nothing is written by it.
        let now = match left(connection).ok().flatten() {
            Some((own, wall)) => Moment(own.saturating_add(stopped(wall, wall_ms))),
            None => first(connection, wall_ms).unwrap_or(Moment(wall_ms)),
        };
        let began = (now, clock.mono());
        Self { clock, began }
    }

    /// What it is now.
    pub(super) fn now(&self) -> Moment {
        let (began, mono) = self.began;
        began.after(self.clock.mono().since(mono))
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
        self.note(move |transaction| write(transaction, time.now(), time.clock.wall().unix_ms))
            .await
    }
}

/// What the store's last server left: its own time, and the wall clock's then.
fn left(connection: &Connection) -> Result<Option<(i64, i64)>, DirectoryError> {
    let select = "SELECT own_ms, wall_ms FROM own_time";
    let left = connection.query_row(select, [], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(left.optional()?)
}

fn write(connection: &Connection, now: Moment, wall_ms: i64) -> Result<(), DirectoryError> {
    let replace = "INSERT OR REPLACE INTO own_time (id, own_ms, wall_ms) VALUES (1, ?1, ?2)";
    connection.execute(replace, params![now, wall_ms])?;
    Ok(())
}

/// How long a stop counts, by the wall clock before and after it, in ms.
fn stopped(before: i64, after: i64) -> i64 {
    after.saturating_sub(before).clamp(0, millis(STOPPED_MAX))
}

/// Where own time begins in a store that had none: on the wall clock, unless that is far ahead of
/// the journal's newest record.
fn first(connection: &Connection, wall_ms: i64) -> Result<Moment, DirectoryError> {
    let select = "SELECT at_ms FROM journal ORDER BY seq DESC LIMIT 1";
    let newest: Option<i64> = connection.query_row(select, [], |row| row.get(0)).optional()?;
    let latest = newest.map_or(wall_ms, |newest| newest.saturating_add(millis(STOPPED_MAX)));
    Ok(Moment(wall_ms.min(latest)))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
