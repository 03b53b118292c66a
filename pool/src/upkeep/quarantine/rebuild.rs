//! A store whose pages are damaged, copied row by row into a sound file.

use std::path::Path;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params_from_iter};

use crate::journal::JournalError;
use crate::journal::row::newest;
use crate::upkeep::UpkeepError;

/// The indexes of the journal's table: made of its text, so a record that is no JSON is in the way
/// of all of them.
#[derive(Debug)]
pub(super) struct Indexes(Vec<(String, String)>);

impl Indexes {
    /// Those that a store has.
    pub(super) fn of_journal(connection: &Connection) -> Result<Self, JournalError> {
        let select = "SELECT name, sql FROM sqlite_schema
                      WHERE type = 'index' AND tbl_name = 'journal' AND sql IS NOT NULL";
        let mut select = connection.prepare(select)?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self(rows.collect::<Result<_, _>>()?))
    }

    pub(super) fn drop_all(&self, connection: &Connection) -> Result<(), JournalError> {
        for (name, _) in &self.0 {
            connection.execute_batch(&format!("DROP INDEX IF EXISTS \"{name}\""))?;
        }
        Ok(())
    }

    pub(super) fn make_all(&self, connection: &Connection) -> Result<(), JournalError> {
        for (_, sql) in &self.0 {
            connection.execute_batch(sql)?;
        }
        Ok(())
    }
}

/// Whether SQLite finds nothing wrong with the file.
pub(super) fn is_sound(connection: &Connection) -> Result<bool, JournalError> {
    let mut check = connection.prepare("PRAGMA integrity_check(1)")?;
    let found: Result<String, _> = check.query_row([], |row| row.get(0));
    Ok(found.is_ok_and(|text| text == "ok"))
}

/// Makes a store at `to` with every row of `from` that can be read. Only rows of the journal may
/// be left out; their numbers are then missing.
///
/// # Errors
///
/// When another table cannot be read.
pub(super) fn row_by_row(from: &Connection, to: &Path) -> Result<(), UpkeepError> {
    let into = Connection::open(to).map_err(JournalError::from)?;
    let copied = copied(from, &into);
    copied.map_err(|error| UpkeepError::StillDamaged(error.to_string()))?;
    into.close().map_err(|(_, error)| JournalError::from(error))?;
    Ok(())
}

fn copied(from: &Connection, into: &Connection) -> Result<(), JournalError> {
    into.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE")?;
    for (name, sql) in schema(from, "table")? {
        into.execute_batch(&sql)?;
        if name == "journal" {
            copy_journal(from, into)?;
        } else {
            copy_rows(from, into, &format!("SELECT * FROM \"{name}\""), &name)?;
        }
    }
    for (_, sql) in schema(from, "index")? {
        into.execute_batch(&sql)?;
    }
    for pragma in ["application_id", "user_version"] {
        let select = format!("PRAGMA {pragma}");
        let value: i64 = from.query_row(&select, [], |row| row.get(0))?;
        into.pragma_update(None, pragma, value)?;
    }
    into.execute_batch("COMMIT")?;
    Ok(())
}

/// The tables, or the indexes of all tables but the journal.
fn schema(from: &Connection, what: &str) -> Result<Vec<(String, String)>, JournalError> {
    let select = "SELECT name, sql FROM sqlite_schema
                  WHERE type = ?1 AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
                      AND (type = 'table' OR tbl_name <> 'journal') ORDER BY rowid";
    let mut select = from.prepare(select)?;
    let rows = select.query_map([what], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Copies a range of rows up to one that cannot be read, and goes on after it.
fn copy_journal(from: &Connection, into: &Connection) -> Result<(), JournalError> {
    let newest = newest(from)?;
    let mut last = 0_u64;
    while last < newest.0 {
        let select = format!("SELECT * FROM journal WHERE seq > {last} ORDER BY seq");
        match copy_rows(from, into, &select, "journal") {
            Ok(()) => return Ok(()),
            Err(JournalError::Corrupt(_)) => {}
            Err(error) => return Err(error),
        }
        // What was copied so far stays; the next number is the one that cannot be read.
        last = self::newest(into)?.0.max(last).saturating_add(1);
    }
    Ok(())
}

fn copy_rows(
    from: &Connection,
    into: &Connection,
    select: &str,
    table: &str,
) -> Result<(), JournalError> {
    let mut select = from.prepare(select)?;
    let columns = select.column_count();
    let marks = vec!["?"; columns].join(", ");
    let mut insert = into.prepare(&format!("INSERT INTO \"{table}\" VALUES ({marks})"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        // As they are: a column of text may hold bytes that are no text.
        let values = (0..columns).map(|at| row.get_ref(at).map(ToSqlOutput::Borrowed));
        insert.execute(params_from_iter(values.collect::<Result<Vec<_>, _>>()?))?;
    }
    Ok(())
}
