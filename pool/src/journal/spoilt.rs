//! Rows and tables beside the journal that this program cannot read.
//!
//! They are found before anything reads them: what a start serves from can be read throughout.

use std::fmt;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Params};
use uuid::Uuid;

use super::columns::{OnStart, TABLES, Table};
use super::error::JournalError;
use super::store::made_new;

/// A row of `journal_time` may be ahead of `own_time` by this: a crash forgets an hour of that.
const AHEAD_MAX_MS: i64 = 24 * 3600 * 1000;
/// Rows that are told of at a start; `verify` tells of all.
const SAID_MAX: usize = 20;

/// Something that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spoilt {
    table: &'static str,
    which: Which,
    cause: String,
    on_start: OnStart,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    /// All of the table.
    Table,
    /// The row of this number, and its id where that can be read.
    Row(i64, Option<Uuid>),
    /// An index.
    Index(String),
}

impl Spoilt {
    fn table(table: &Table, cause: impl Into<String>) -> Self {
        let on_start = match table.on_start {
            // Without it a record could not be set aside.
            OnStart::Ignores => OnStart::MakesAgain,
            OnStart::OnlyReads | OnStart::MakesAgain => table.on_start,
        };
        Self { table: table.name, which: Which::Table, cause: cause.into(), on_start }
    }

    /// Whether a start may not write because of it.
    pub(crate) fn stops_writing(&self) -> bool {
        self.on_start == OnStart::OnlyReads
    }

    /// The table.
    pub(crate) fn of_table(&self) -> &'static str {
        self.table
    }
}

impl fmt::Display for Spoilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, cause, .. } = self;
        match &self.which {
            Which::Table => write!(f, "table {table}: {cause}"),
            Which::Row(row, Some(id)) => write!(f, "table {table}, row {row} ({id}): {cause}"),
            Which::Row(row, None) => write!(f, "table {table}, row {row}: {cause}"),
            Which::Index(index) => write!(f, "table {table}: the index {index} is missing"),
        }
    }
}

/// Everything beside the journal that cannot be used.
///
/// # Errors
///
/// When the journal's own table is not what it must be, or the file cannot be read.
pub(crate) fn spoilt(connection: &Connection, version: u32) -> Result<Vec<Spoilt>, JournalError> {
    let new = made_new(version)?;
    let mut found = Vec::new();
    for table in TABLES {
        let shape = shape(connection, table.name)?;
        if table.since > version {
            if !shape.is_empty() {
                let what = format!("it says version {version}, and has the later {}", table.name);
                return Err(JournalError::Corrupt(what));
            }
            continue;
        }
        if shape != self::shape(&new, table.name)? {
            let missing = shape.is_empty();
            let cause = if missing { "it is missing" } else { "its columns are others" };
            if table.name == "journal" {
                return Err(JournalError::Corrupt(format!("table journal: {cause}")));
            }
            found.push(Spoilt::table(table, cause));
            continue;
        }
        indexes(connection, &new, table, &mut found)?;
        if table.on_start != OnStart::Ignores {
            rows(connection, table, &mut found)?;
        }
    }
    let whole = |table: &str| !found.iter().any(|it| it.table == table);
    let mut others = numberless(connection)?;
    if version >= 6 && whole("journal_time") && whole("own_time") {
        others.extend(untimely(connection)?);
    }
    if found.iter().all(|it| it.which != Which::Table) {
        others.extend(of_nobody(connection)?);
    }
    others.retain(|other| !found.iter().any(|it| is_same(it, other)));
    found.extend(others);
    Ok(found)
}

fn is_same(one: &Spoilt, other: &Spoilt) -> bool {
    let row = |it: &Spoilt| match it.which {
        Which::Row(row, _) => Some(row),
        Which::Table | Which::Index(_) => None,
    };
    one.table == other.table && row(one) == row(other)
}

/// The columns of a table, and what keeps them unique.
fn shape(connection: &Connection, table: &str) -> Result<Vec<String>, JournalError> {
    let select = "SELECT name || ' ' || type || ' ' || \"notnull\" || ' ' || pk
                      FROM pragma_table_info(?1)
                  UNION ALL
                  SELECT name || ' ' || \"unique\" FROM pragma_index_list(?1) WHERE origin <> 'c'
                  ORDER BY 1";
    let mut select = connection.prepare(select)?;
    let rows = select.query_map([table], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn indexes(
    connection: &Connection,
    new: &Connection,
    table: &Table,
    found: &mut Vec<Spoilt>,
) -> Result<(), JournalError> {
    let select = "SELECT name FROM pragma_index_list(?1) WHERE origin = 'c'";
    let mut select = new.prepare(select)?;
    let names = select.query_map([table.name], |row| row.get::<_, String>(0))?;
    for name in names {
        let name = name?;
        let there = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?1";
        let there: Option<i64> =
            connection.query_row(there, [&name], |row| row.get(0)).optional()?;
        if there.is_none() {
            let (which, cause) = (Which::Index(name), String::new());
            let on_start = OnStart::MakesAgain;
            found.push(Spoilt { table: table.name, which, cause, on_start });
        }
    }
    Ok(())
}

fn rows(
    connection: &Connection,
    table: &Table,
    found: &mut Vec<Spoilt>,
) -> Result<(), JournalError> {
    let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let select = format!("SELECT rowid, {} FROM \"{}\"", columns.join(", "), table.name);
    let mut select = connection.prepare(&select)?;
    let mut rows = select.query([])?;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(()),
            Err(error) => {
                found.push(Spoilt::table(table, format!("SQLite cannot read it: {error}")));
                return Ok(());
            }
        };
        for (at, (column, holds)) in (1..).zip(table.columns) {
            let value = row.get_ref(at)?;
            if let Some(wrong) = holds.wrong(value) {
                let id = match row.get_ref(1)? {
                    ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok(),
                    ValueRef::Null
                    | ValueRef::Integer(_)
                    | ValueRef::Real(_)
                    | ValueRef::Text(_) => None,
                };
                let (which, cause) = (Which::Row(row.get(0)?, id), format!("its {column} {wrong}"));
                let on_start = table.on_start;
                found.push(Spoilt { table: table.name, which, cause, on_start });
                break;
            }
        }
    }
}

/// Rows of `journal_time` that do not rise, tell of records that there are not, or are far ahead of
/// the server's own time: with one of them nothing could be written, or all log-ins would end.
fn untimely(connection: &Connection) -> Result<Vec<Spoilt>, JournalError> {
    let beyond = "SELECT seq FROM journal_time
                  WHERE seq > (SELECT coalesce(max(seq), 0) FROM journal)
                     OR own_ms > (SELECT own_ms FROM own_time) + ?1";
    // Looked for once those are removed: one that is far ahead puts all later ones out of turn.
    let out_of_turn = "SELECT seq FROM (
                           SELECT seq, own_ms, max(own_ms) OVER (
                               ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                           ) AS before FROM journal_time)
                       WHERE own_ms <= before";
    let found = out_of_time(connection, beyond, [AHEAD_MAX_MS])?;
    if found.is_empty() { out_of_time(connection, out_of_turn, []) } else { Ok(found) }
}

fn out_of_time(
    connection: &Connection,
    select: &str,
    limits: impl Params,
) -> Result<Vec<Spoilt>, JournalError> {
    let mut select = connection.prepare(select)?;
    let rows = select.query_map(limits, |row| {
        let (which, cause) = (Which::Row(row.get(0)?, None), "it is out of turn".to_owned());
        Ok(Spoilt { table: "journal_time", which, cause, on_start: OnStart::MakesAgain })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Rows of the journal with numbers that no record has: whoever reads it begins with 1.
fn numberless(connection: &Connection) -> Result<Vec<Spoilt>, JournalError> {
    let mut select = connection.prepare("SELECT seq FROM journal WHERE seq < 1")?;
    let rows = select.query_map([], |row| {
        let (which, cause) = (Which::Row(row.get(0)?, None), "its seq is no number".to_owned());
        Ok(Spoilt { table: "journal", which, cause, on_start: OnStart::OnlyReads })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Rows that belong to somebody who is not there.
fn of_nobody(connection: &Connection) -> Result<Vec<Spoilt>, JournalError> {
    let select = "SELECT \"table\", rowid FROM pragma_foreign_key_check";
    let mut select = connection.prepare(select)?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (name, row) = row?;
        let Some(table) = TABLES.iter().find(|table| table.name == name) else { continue };
        let (which, cause) = (Which::Row(row, None), "it belongs to nobody".to_owned());
        found.push(Spoilt { table: table.name, which, cause, on_start: table.on_start });
    }
    Ok(found)
}

/// Removes from a store what cannot be used, and makes again what is missing: of everything, or
/// only what a start makes again by itself.
pub(crate) fn set_aside(
    connection: &Connection,
    version: u32,
    everything: bool,
) -> Result<Vec<Spoilt>, JournalError> {
    let mut all = Vec::new();
    // What is removed may leave something behind that belonged to it.
    loop {
        let mut found = spoilt(connection, version)?;
        found.retain(|it| everything || !it.stops_writing());
        if found.is_empty() {
            return Ok(all);
        }
        let new = made_new(version)?;
        for it in &found {
            match &it.which {
                Which::Row(row, _) => {
                    let delete = format!("DELETE FROM \"{}\" WHERE rowid = ?1", it.table);
                    connection.execute(&delete, [row])?;
                }
                Which::Table => {
                    connection.execute_batch(&format!("DROP TABLE IF EXISTS \"{}\"", it.table))?;
                    make(connection, &new, "tbl_name", it.table)?;
                }
                Which::Index(name) => make(connection, &new, "name", name)?,
            }
        }
        all.append(&mut found);
    }
}

fn make(
    connection: &Connection,
    new: &Connection,
    by: &str,
    name: &str,
) -> Result<(), JournalError> {
    let select = format!(
        "SELECT name, type, sql FROM sqlite_schema WHERE {by} = ?1 AND sql IS NOT NULL
         ORDER BY type DESC"
    );
    let mut select = new.prepare(&select)?;
    let mut rows = select.query([name])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, String>(1)? == "index" {
            // One of this name may be another table's.
            let name: String = row.get(0)?;
            connection.execute_batch(&format!("DROP INDEX IF EXISTS \"{name}\""))?;
        }
        connection.execute_batch(&row.get::<_, String>(2)?)?;
    }
    Ok(())
}

/// Makes again what a start can do without, and says so.
pub(super) fn make_again(connection: &mut Connection, version: u32) -> Result<(), JournalError> {
    let transaction = connection.transaction()?;
    let made = set_aside(&transaction, version, false)?;
    // Another record may get the number of one that was lost or set aside.
    transaction
        .execute("DELETE FROM actor_address WHERE seq NOT IN (SELECT seq FROM journal)", [])?;
    transaction.commit()?;
    for it in made.iter().take(SAID_MAX) {
        tracing::warn!(what = %it, "something beside the journal could not be used, and was removed or made again");
    }
    if made.len() > SAID_MAX {
        tracing::warn!(more = made.len() - SAID_MAX, "and others");
    }
    Ok(())
}

#[cfg(test)]
#[path = "spoilt_tests.rs"]
mod tests;
