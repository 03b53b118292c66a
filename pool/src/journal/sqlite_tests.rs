//! The store on a bad disk, in wrong hands, or of another time.

use std::fs;

use hotseat_protocol::ids::{Generation, Seq, WallTime};
use rusqlite::Connection;

use super::SqliteJournal;
use crate::journal::store::{Open, Store, Tables};
use crate::journal::{Append, Journal, JournalError, StoredRecord};

fn record(seq: u64) -> StoredRecord {
    StoredRecord {
        seq: Seq(seq),
        at: WallTime { unix_ms: 0 },
        generation: Generation(1),
        version: 1,
        kind: "requests_aged".into(),
        request: None,
        payload: format!(r#"{{"event":"requests_aged","padding":"{}"}}"#, "x".repeat(4096)),
        from: None,
    }
}

fn store() -> (tempfile::TempDir, SqliteJournal, Tables) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("pool.db"), Open::OrCreate).unwrap();
    let (journal, tables) = store.split();
    (folder, journal, tables)
}

impl SqliteJournal {
    fn pragma(&mut self, text: &str) {
        self.handle().unwrap().execute_batch(text).unwrap();
    }
}

#[test]
fn a_full_disk_writes_nothing_and_heals() {
    let (_folder, mut journal, _tables) = store();
    assert!(matches!(journal.append(Seq(0), &[record(1)]), Append::Done));
    let pages: u32 =
        journal.handle().unwrap().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    journal.pragma(&format!("PRAGMA max_page_count = {pages}"));
    let batch: Vec<_> = (2..=50).map(record).collect();
    let (Append::Failed(error) | Append::Unknown(error)) = journal.append(Seq(1), &batch) else {
        panic!("there was room");
    };
    assert!(matches!(error, JournalError::Full(_)), "{error:?}");
    assert!(error.to_string().contains("make room"), "{error}");
    assert_eq!(journal.newest().unwrap(), Seq(1));
    // A fresh handle has no such limit: there is room again.
    journal.reopen().unwrap();
    assert_eq!(journal.newest().unwrap(), Seq(1));
    assert!(matches!(journal.append(Seq(1), &batch), Append::Done));
}

#[test]
fn a_store_that_may_not_be_written_says_so() {
    let (_folder, mut journal, _tables) = store();
    journal.pragma("PRAGMA query_only = 1");
    let Append::Failed(error) = journal.append(Seq(0), &[record(1)]) else {
        panic!("it was written");
    };
    assert!(matches!(error, JournalError::ReadOnly(_)), "{error:?}");
    assert!(matches!(journal.probe(), Err(JournalError::ReadOnly(_))));
    assert!(
        journal
            .save_snapshot(&crate::journal::StoredSnapshot::of(
                hotseat_rules::State::default().contents()
            ))
            .is_err()
    );
    journal.reopen().unwrap();
    journal.probe().unwrap();
    assert!(matches!(journal.append(Seq(0), &[record(1)]), Append::Done));
}

#[test]
fn a_writer_beside_it_makes_it_wait_and_then_say_busy() {
    let (_folder, mut journal, tables) = store();
    journal.pragma("PRAGMA busy_timeout = 1");
    let beside = tables.connect().unwrap();
    beside.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Append::Failed(error) = journal.append(Seq(0), &[record(1)]) else {
        panic!("it was written");
    };
    assert_eq!(error, JournalError::Busy);
    beside.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(journal.append(Seq(0), &[record(1)]), Append::Done));
}

#[test]
fn a_transaction_that_was_left_open_is_not_built_upon() {
    let (_folder, mut journal, _tables) = store();
    journal.pragma("BEGIN; INSERT INTO probe (id, tried) VALUES (1, 1)");
    assert!(matches!(journal.append(Seq(0), &[record(1)]), Append::Done));
    journal.reopen().unwrap();
    assert_eq!(journal.newest().unwrap(), Seq(1));
}

#[test]
fn a_damaged_store_says_so() {
    let (folder, mut journal, tables) = store();
    let batch: Vec<_> = (1..=50).map(record).collect();
    assert!(matches!(journal.append(Seq(0), &batch), Append::Done));
    drop((journal, tables));
    let path = folder.path().join("pool.db");
    let mut bytes = fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let error = Store::open(&path, Open::Existing).unwrap_err();
    assert!(matches!(error, JournalError::Corrupt(_)), "{error:?}");
    assert!(error.to_string().contains("hotseat-pool restore"), "{error}");
}

#[test]
fn only_one_server_has_a_store() {
    let (folder, journal, tables) = store();
    let path = folder.path().join("pool.db");
    let open = || Store::open(&path, Open::OrCreate);
    assert!(matches!(open(), Err(JournalError::InUse(_))));
    // As long as anything of it lives.
    drop(journal);
    assert!(matches!(open(), Err(JournalError::InUse(_))));
    let connection = tables.connect().unwrap();
    drop(tables);
    assert!(matches!(open(), Err(JournalError::InUse(_))));
    drop(connection);
    assert!(open().is_ok());
}

#[test]
fn a_missing_store_is_not_made_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.db");
    let error = Store::open(&path, Open::Existing).unwrap_err();
    assert_eq!(error, JournalError::Missing(path.clone()));
    assert!(!path.exists());
}

#[test]
fn files_of_others_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    fs::write(&text, "a text that is no database, and longer than its header would be. ".repeat(9))
        .unwrap();
    assert_eq!(Store::open(&text, Open::Existing).unwrap_err(), JournalError::NotAStore(text));

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE music (id)").unwrap();
    let before = fs::read(&other).unwrap();
    let error = Store::open(&other, Open::OrCreate).unwrap_err();
    assert_eq!(error, JournalError::NotAStore(other.clone()));
    assert!(fs::read(&other).unwrap() == before, "the file was changed");
}

#[test]
fn a_store_of_a_newer_program_is_refused() {
    let (folder, mut journal, tables) = store();
    journal.pragma("PRAGMA user_version = 999");
    drop((journal, tables));
    let error = Store::open(&folder.path().join("pool.db"), Open::Existing).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found: 999, .. }), "{error:?}");
}

#[test]
fn a_commit_is_on_the_disk_before_it_is_acknowledged() {
    let (_folder, mut journal, _tables) = store();
    let setting = |journal: &mut SqliteJournal, name: &str| -> String {
        let connection = journal.handle().unwrap();
        let query = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
        connection.query_row(&query, [], |row| row.get(0)).unwrap()
    };
    for _ in 0..2 {
        assert_eq!(setting(&mut journal, "journal_mode"), "wal");
        assert_eq!(setting(&mut journal, "synchronous"), "2", "FULL");
        journal.reopen().unwrap();
    }
}
