//! Starts: from snapshots, from the whole journal, and from journals that are not whole.

use std::time::Duration;

use hotseat_protocol::ids::Seq;

use super::office::{sign_off, sign_on};
use super::{Driver, seat};
use crate::engine::{SNAPSHOT_EVERY, replay};
use crate::journal::{Journal as _, JournalError, StoredSnapshot};

/// A driver with a day's work behind it, and a snapshot after each part of it.
fn worked(snapshots: u32) -> Driver {
    let mut driver = Driver::new();
    for n in 0..snapshots {
        let held = seat(&driver.answer(sign_on(1, u128::from(10 * n + 1)))).unwrap();
        driver.answer(sign_off(1, held));
        driver.answer(sign_on(2, u128::from(10 * n + 2)));
        save(&driver);
    }
    driver.answer(sign_on(3, 999));
    driver
}

fn save(driver: &Driver) {
    let snapshot = StoredSnapshot::of(driver.committed().contents());
    driver.disk.open().save_snapshot(&snapshot).unwrap();
}

#[test]
fn a_start_from_a_snapshot_is_a_start_from_the_whole_journal() {
    let driver = worked(2);
    let replayed = replay(&mut driver.disk.open()).unwrap();
    assert_eq!(replayed.records, 1, "one record after the newest snapshot");
    assert_eq!(&replayed.state, driver.committed());
    let whole = worked(0);
    let replayed = replay(&mut whole.disk.open()).unwrap();
    assert_eq!(replayed.snapshot_at, Seq(0));
    assert_eq!(&replayed.state, whole.committed());
}

#[test]
fn a_damaged_snapshot_is_not_used_and_nothing_is_lost() {
    for damaged in 1..=2 {
        let driver = worked(1);
        for _ in 0..damaged {
            driver.disk.tear_next_snapshot();
            save(&driver);
        }
        let replayed = replay(&mut driver.disk.open()).unwrap();
        // The older one, or the whole journal.
        let expected = if damaged == 1 { driver.committed().seq().0 - 1 } else { 0 };
        assert_eq!(replayed.snapshot_at, Seq(expected));
        assert_eq!(&replayed.state, driver.committed());
    }
}

#[test]
fn a_journal_that_lost_records_is_refused() {
    let refused = |damage: fn(&mut Vec<crate::journal::StoredRecord>)| {
        let driver = worked(1);
        driver.disk.damage(damage);
        replay(&mut driver.disk.open()).unwrap_err()
    };
    // The end, which the snapshot remembers.
    assert!(matches!(refused(|records| records.truncate(5)), JournalError::Corrupt(_)));
    // One in the middle, after the snapshot.
    let error = refused(|records| {
        let mut extra = records.last().unwrap().clone();
        extra.seq = Seq(extra.seq.0 + 2);
        records.push(extra);
    });
    assert!(matches!(error, JournalError::Gap { .. }), "{error}");
    // Another store's.
    let error = refused(|records| {
        for record in records {
            record.generation = hotseat_protocol::ids::Generation(99);
        }
    });
    assert!(matches!(error, JournalError::Corrupt(_)), "{error}");
    // A newer program's.
    let error = refused(|records| records.last_mut().unwrap().version += 1);
    assert!(matches!(error, JournalError::Newer { .. }), "{error}");
}

#[test]
fn a_snapshot_of_a_newer_program_stops_the_start() {
    let driver = worked(1);
    let mut snapshot = StoredSnapshot::of(driver.committed().contents());
    snapshot.version += 1;
    snapshot.checksum = snapshot.checksum_now();
    driver.disk.open().save_snapshot(&snapshot).unwrap();
    let error = replay(&mut driver.disk.open()).unwrap_err();
    assert!(matches!(error, JournalError::Newer { .. }), "{error}");
}

#[test]
fn a_restart_takes_a_seat_from_nobody_and_gives_one_full_lease() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1))).unwrap();
    driver.wait(Duration::from_secs(80));
    let mut again = Driver::on(driver.disk.clone());
    again.wait(Duration::from_secs(89));
    assert_eq!(again.committed().seat(held.id).unwrap().epoch, held.epoch);
    again.wait(Duration::from_secs(2));
    assert!(again.committed().seat(held.id).is_none());
    again.audit();
}

#[test]
fn a_repeat_after_a_restart_tells_of_the_same_seat() {
    let mut driver = Driver::new();
    let held = seat(&driver.answer(sign_on(1, 1)));
    let mut again = Driver::on(driver.disk.clone());
    assert_eq!(seat(&again.answer(sign_on(1, 1))), held);
}

#[test]
fn a_snapshot_is_made_every_so_many_records() {
    let mut driver = Driver::new();
    let first = driver.committed().seq().0;
    let mut request = 0;
    while driver.committed().seq().0 < first + SNAPSHOT_EVERY + 10 {
        let inputs = (0..500).map(|_| {
            request += 1;
            // Of several people: one has no budget for that many.
            driver.ticket(crate::engine::Work::Command(sign_on(1 + request % 8, request))).1
        });
        let inputs = inputs.collect();
        driver.step(inputs);
        driver.run();
    }
    let snapshots = driver.disk.open().snapshots().unwrap();
    assert_eq!(snapshots.len(), 1);
    let replayed = replay(&mut driver.disk.open()).unwrap();
    assert_eq!(replayed.snapshot_at, snapshots[0].seq);
    assert_eq!(&replayed.state, driver.committed());
}
