//! Stores that were spoilt in every way, and what is said of them.

use std::fs;
use std::path::{Path, PathBuf};

use hotseat_protocol::ids::{Generation, Seq, UserId, WallTime};
use hotseat_rules::{Event, UserKind, apply};
use rusqlite::Connection;

use super::*;
use crate::journal::assess::assess;
use crate::journal::look::Look;
use crate::journal::store::{Open, Opened, Store};
use crate::journal::{Append, Journal as _, Record, Stopper};

/// A closed store with ten records and two snapshots.
fn store(folder: &Path) -> PathBuf {
    let path = folder.join("pool.db");
    let (mut journal, tables) = Store::open(&path, Open::OrCreate).unwrap().split();
    let mut state = State::default();
    for n in 1..=10_u64 {
        let event = if n == 1 {
            Event::Initialised { generation: Generation(7) }
        } else {
            let user = UserId(uuid::Uuid::from_u128(u128::from(n)));
            Event::UserAdded { user, kind: UserKind::Concurrent }
        };
        let at = WallTime { unix_ms: 1_700_000_000_000 };
        let record = Record { seq: Seq(n), at, generation: Generation(7), event, actor: None };
        apply(&mut state, &record.event, record.at());
        assert!(matches!(journal.append(Seq(n - 1), &[record.store()]), Append::Done));
        if n % 5 == 0 {
            journal.save_snapshot(&StoredSnapshot::of(state.contents())).unwrap();
        }
    }
    drop((journal, tables));
    path
}

fn meddle(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn report(path: &Path) -> Result<Report, JournalError> {
    whole(&Look::at(path)?.connection)
}

/// Whether a start goes on; the record that stops it, if one does, or 0 for rows.
fn starts(path: &Path) -> Result<Option<Seq>, JournalError> {
    let assessed = assess(&Look::locked(path)?.connection, path)?;
    Ok(assessed.poison.map(|poison| match poison.what {
        Stopper::Record(record) => record,
        Stopper::Rows => Seq(0),
    }))
}

#[test]
fn a_sound_store_is_told_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    let report = report(&path).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.records, report.newest, report.unsummed), (10, Seq(10), 0));
    assert_eq!((report.snapshots, report.generation), (2, Some(Generation(7))));
    assert_eq!(report.state.unwrap().contents().users.len(), 9);
    assert_eq!(starts(&path), Ok(None));
}

#[test]
fn looking_changes_no_file_and_makes_none_but_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    let files = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.map(|file| (file.clone(), fs::read(file).unwrap())).collect();
        files.sort();
        files
    };
    let before = files();
    report(&path).unwrap();
    assert!(files() == before);
    // Also when the log was not moved into the store, as after a kill.
    let other = tempfile::tempdir().unwrap();
    let (journal, tables) = Store::open(&path, Open::Existing).unwrap().split();
    tables.connect().unwrap().execute_batch("INSERT INTO probe VALUES (1, 5)").unwrap();
    for file in ["pool.db", "pool.db-wal"] {
        fs::copy(folder.path().join(file), other.path().join(file)).unwrap();
    }
    drop((journal, tables));
    let copy = other.path().join("pool.db");
    let log = fs::read(other.path().join("pool.db-wal")).unwrap();
    let main = fs::read(&copy).unwrap();
    assert!(!log.is_empty());
    assert_eq!(report(&copy).unwrap().findings, []);
    assert!(fs::read(other.path().join("pool.db-wal")).unwrap() == log, "the log was moved");
    assert!(fs::read(&copy).unwrap() == main);
}

#[test]
fn whatever_byte_is_flipped_is_noticed_or_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    let good = fs::read(&path).unwrap();
    let sound = report(&path).unwrap();
    let (mut noticed, mut at) = (0, 100);
    while at < good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x5a;
        fs::write(&path, &bad).unwrap();
        match report(&path) {
            Err(_) => noticed += 1,
            Ok(report) if !report.findings.is_empty() => noticed += 1,
            Ok(report) => assert_eq!(report, sound, "byte {at} changed something unnoticed"),
        }
        assert!(fs::read(&path).unwrap() == bad, "looking changed the store");
        at += 211;
    }
    assert!(noticed > 20, "only {noticed} flips hit something");
}

#[test]
fn a_file_that_was_cut_is_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    let good = fs::read(&path).unwrap();
    for length in [0, 50, 4096, good.len() / 2, good.len() - 4096] {
        fs::write(&path, &good[..length]).unwrap();
        let told = report(&path);
        assert!(told.is_err() || !told.unwrap().findings.is_empty(), "{length} bytes");
    }
}

const COVERED: Next = Next::Covered(Seq(10));

#[test]
fn what_stops_a_start_has_its_words_and_its_next_step() {
    for (sql, words, next, stopped) in [
        (
            "INSERT INTO user_token VALUES (zeroblob(32), zeroblob(16), NULL, 0, 0)",
            "table user_token, row 1: it belongs to nobody",
            Next::SetRowsAside,
            Seq(0),
        ),
        ("DELETE FROM journal; DELETE FROM snapshot", "is empty", Next::Quarantine(Seq(1)), Seq(1)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = store(folder.path());
        meddle(&path, &format!("PRAGMA foreign_keys = OFF; {sql}"));
        let report = report(&path).unwrap();
        let found = report.findings.iter().find(|finding| finding.what.contains(words));
        let found = found.unwrap_or_else(|| panic!("{sql}: {:?}", report.findings));
        assert_eq!(found.next, next, "{sql}");
        assert_eq!(starts(&path), Ok(Some(stopped)), "{sql}");
    }
}

#[test]
fn each_damage_has_its_words_and_its_next_step() {
    let unsummed = "checksum = NULL WHERE seq = 4";
    for (sql, words, next) in [
        ("DELETE FROM journal WHERE seq = 4", "record 4 is missing", COVERED),
        ("DELETE FROM journal WHERE seq BETWEEN 4 AND 6", "records 4 to 6", COVERED),
        ("UPDATE journal SET at_ms = 5 WHERE seq = 4", "it is not what was written", COVERED),
        ("UPDATE journal SET kind = 'x' WHERE seq = 4", "it is not what was written", COVERED),
        (&format!("UPDATE journal SET kind = 'x', {unsummed}"), "it is filed as x", COVERED),
        (&format!("UPDATE journal SET generation = 8, {unsummed}"), "of generation", COVERED),
        (&format!("UPDATE journal SET payload = '{{}}', {unsummed}"), "record 4 cannot", COVERED),
        (
            "UPDATE snapshot SET payload = substr(payload, 1, 9) WHERE seq = 5",
            "the snapshot at record 5 cannot be read",
            Next::SavedAgain,
        ),
        ("UPDATE snapshot SET seq = 7 WHERE seq = 5", "snapshot at record 7", Next::SavedAgain),
        ("DELETE FROM probe; DROP TABLE probe", "table probe: it is missing", Next::MadeAgain),
        (
            "UPDATE snapshot SET checksum = x'00' WHERE seq = 5",
            "table snapshot, row 5: its checksum is not 32 bytes",
            Next::MadeAgain,
        ),
        // The checksum does not fit either, so nobody says that it is of the future.
        ("UPDATE snapshot SET version = 9", "cannot be read", Next::SavedAgain),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = store(folder.path());
        meddle(&path, &format!("PRAGMA foreign_keys = OFF; {sql}"));
        let report = report(&path).unwrap();
        let found = report.findings.iter().find(|finding| finding.what.contains(words));
        let found = found.unwrap_or_else(|| panic!("{sql}: {:?}", report.findings));
        assert_eq!(found.next, next, "{sql}");
        assert_eq!(starts(&path), Ok(None), "{sql}");
        assert!(report.state.is_some(), "{sql}");
    }
}

#[test]
fn a_record_that_no_snapshot_covers_stops_the_start_and_is_named() {
    let unsummed = "checksum = NULL WHERE seq = 7";
    for (sql, words, record) in [
        ("DELETE FROM journal WHERE seq = 7", "record 7 is missing", 7),
        ("DELETE FROM journal WHERE seq IN (7, 8)", "records 7 to 8", 7),
        ("UPDATE journal SET payload = '{' WHERE seq = 7", "it is not what was written", 7),
        ("UPDATE journal SET version = 9 WHERE seq = 7", "it is not what was written", 7),
        ("UPDATE journal SET version = -1 WHERE seq = 7", "its row cannot be read", 7),
        ("UPDATE journal SET request = x'01' WHERE seq = 7", "its row cannot be read", 7),
        ("UPDATE journal SET payload = CAST(x'ff' AS TEXT) WHERE seq = 7", "its row cannot", 7),
        (&format!("UPDATE journal SET payload = '{{\"event\":\"?\"}}', {unsummed}"), "variant", 7),
        (&format!("UPDATE journal SET generation = 8, {unsummed}"), "of generation", 7),
        (
            &format!(
                "UPDATE journal SET payload = (SELECT payload FROM journal WHERE seq = 6), {unsummed}"
            ),
            "is there already",
            7,
        ),
        // The snapshot at record 5 is left, and then none.
        ("UPDATE journal SET seq = 12 WHERE seq = 10", "records 10 to 11", 10),
        ("DELETE FROM snapshot; DELETE FROM journal WHERE seq = 1", "record 1 is missing", 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = store(folder.path());
        meddle(&path, &format!("DELETE FROM snapshot WHERE seq = 10; {sql}"));
        let report = report(&path).unwrap();
        let found = report.findings.iter().find(|finding| finding.what.contains(words));
        let found = found.unwrap_or_else(|| panic!("{sql}: {:?}", report.findings));
        assert_eq!(found.next, Next::Quarantine(Seq(record)), "{sql}");
        assert_eq!(starts(&path), Ok(Some(Seq(record))), "{sql}");
        assert_eq!(report.state, None, "{sql}");
    }
}

#[test]
fn a_journal_that_ends_before_its_snapshot_is_stopped_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    meddle(&path, "DELETE FROM journal WHERE seq > 7");
    let report = report(&path).unwrap();
    assert!(report.findings[0].what.contains("the journal lacks"), "{report:?}");
    assert_eq!(report.findings[0].next, Next::Quarantine(Seq(8)));
    assert_eq!(starts(&path), Ok(Some(Seq(8))));
}

#[test]
fn what_is_of_the_future_stops_the_start_for_good() {
    let sql = "DELETE FROM snapshot; UPDATE journal SET version = 9, checksum = NULL WHERE seq = 7";
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    meddle(&path, sql);
    let report = report(&path).unwrap();
    assert_eq!(report.findings[0].next, Next::StartNewer);
    assert!(matches!(starts(&path), Err(JournalError::Newer { found: 9, .. })));
    // Also where a snapshot covers it.
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    meddle(&path, "UPDATE journal SET version = 9, checksum = NULL WHERE seq = 7");
    assert!(matches!(starts(&path), Err(JournalError::Newer { found: 9, .. })));
}

#[test]
fn a_snapshot_that_is_whole_and_says_something_else_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    let (mut journal, tables) = Store::open(&path, Open::Existing).unwrap().split();
    let mut contents = report_state(&path);
    contents.users.pop_first();
    journal.save_snapshot(&StoredSnapshot::of(&contents)).unwrap();
    drop((journal, tables));
    let report = report(&path).unwrap();
    assert!(report.findings[0].what.contains("is not what the journal says"), "{report:?}");
}

fn report_state(path: &Path) -> hotseat_rules::Contents {
    report(path).unwrap().state.unwrap().contents().clone()
}

#[test]
fn a_store_from_before_there_were_checksums_is_brought_up_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    meddle(
        &path,
        "ALTER TABLE journal DROP COLUMN checksum; DROP TABLE position_key;
         DROP TABLE machine_link; DROP TABLE own_time; DROP TABLE journal_time;
         DROP TABLE quarantined; DROP TABLE actor_address; DROP INDEX journal_seat_leaving;
         PRAGMA user_version = 2",
    );
    let before = report(&path).unwrap();
    assert_eq!((before.findings.len(), before.unsummed), (0, 10));
    assert_eq!(starts(&path), Ok(None));
    let (mut journal, tables) = Store::open(&path, Open::Existing).unwrap().split();
    assert_eq!(journal.read_after(Seq(0)).unwrap().len(), 10);
    drop((journal, tables));
    let after = report(&path).unwrap();
    assert_eq!((after.findings.len(), after.unsummed), (0, 10));
    assert_eq!(after.state, before.state);
}

#[test]
fn a_damaged_record_is_not_in_the_way_of_bringing_a_store_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = store(folder.path());
    meddle(
        &path,
        "DROP TABLE actor_address; DROP INDEX journal_seat_leaving;
         DELETE FROM snapshot;
         UPDATE journal SET kind = 'seat_leaving', payload = '{' WHERE seq = 5;
         PRAGMA user_version = 7",
    );
    let opened = Store::open_or_read(&path, Open::Existing).unwrap();
    let Opened::Halted(halted) = opened else { panic!("nothing stops it") };
    assert_eq!(halted.poison.what, Stopper::Record(Seq(5)));
}
