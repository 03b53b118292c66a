//! One story that every journal must be able to tell.

use hotseat_protocol::ids::{Generation, RequestId, Seq, WallTime};
use hotseat_rules::{Caller, Event, RequestKey};

use super::memory::MemoryDisk;
use super::store::{Open, Store};
use super::{Append, Journal, READ_PAGE, Record, SNAPSHOTS_KEPT, StoredRecord, StoredSnapshot};

fn record(seq: u64) -> StoredRecord {
    let generation = Generation(u32::MAX);
    let event = match seq {
        1 => Event::Initialised { generation },
        seq if seq.is_multiple_of(2) => {
            let id = RequestId::from_random(u128::from(seq));
            Event::RequestCancelled { request: RequestKey { caller: Caller::Admin, id } }
        }
        _ => Event::RequestsAged,
    };
    let at = WallTime { unix_ms: 1_700_000_000_000 + i64::try_from(seq).unwrap() };
    Record { seq: Seq(seq), at, generation, event, actor: None }.store()
}

fn records(from: u64, to: u64) -> Vec<StoredRecord> {
    (from..=to).map(record).collect()
}

fn snapshot(seq: u64) -> StoredSnapshot {
    let mut snapshot = StoredSnapshot {
        seq: Seq(seq),
        generation: Generation(7),
        version: 1,
        checksum: [0; 32],
        payload: vec![0, 159, 146, 150],
    };
    snapshot.checksum = snapshot.checksum_now();
    snapshot
}

fn done(append: &Append) -> bool {
    matches!(append, Append::Done)
}

fn story(journal: &mut dyn Journal) {
    assert_eq!(journal.newest().unwrap(), Seq(0));
    assert!(journal.read_after(Seq(0)).unwrap().is_empty());
    assert!(journal.snapshots().unwrap().is_empty());

    assert!(done(&journal.append(Seq(0), &records(1, 3))));
    assert!(done(&journal.append(Seq(3), &records(4, 4))));
    assert_eq!(journal.newest().unwrap(), Seq(4));
    assert_eq!(journal.read_after(Seq(0)).unwrap(), records(1, 4));
    assert_eq!(journal.read_after(Seq(3)).unwrap(), records(4, 4));
    assert!(journal.read_after(Seq(4)).unwrap().is_empty());

    // Who does not know the newest record writes nothing.
    assert!(matches!(journal.append(Seq(3), &records(4, 5)), Append::Conflict));
    assert!(matches!(journal.append(Seq(5), &records(6, 6)), Append::Conflict));
    assert_eq!(journal.read_after(Seq(0)).unwrap(), records(1, 4));

    // A fresh handle shows the same, and long journals come in pages.
    journal.reopen().unwrap();
    let last = 5 + u64::try_from(READ_PAGE).unwrap();
    assert!(done(&journal.append(Seq(4), &records(5, last))));
    let page = journal.read_after(Seq(0)).unwrap();
    assert_eq!(page.len(), READ_PAGE);
    let rest = journal.read_after(page.last().unwrap().seq).unwrap();
    assert_eq!([page, rest].concat(), records(1, last));

    // The newest snapshots are kept, the newest first.
    for seq in 1..=3 {
        journal.save_snapshot(&snapshot(seq)).unwrap();
    }
    let kept = journal.snapshots().unwrap();
    assert_eq!(kept, [snapshot(3), snapshot(2)]);
    assert_eq!(kept.len(), SNAPSHOTS_KEPT);

    journal.probe().unwrap();
    assert_eq!(journal.newest().unwrap(), Seq(last));
}

#[test]
fn memory_tells_the_story() {
    story(&mut MemoryDisk::new().open());
}

#[test]
fn sqlite_tells_the_story() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.db");
    let (mut journal, _tables) = Store::open(&path, Open::OrCreate).unwrap().split();
    story(&mut journal);
    drop((journal, _tables));
    // Another start reads what the first one wrote.
    let (mut journal, _tables) = Store::open(&path, Open::Existing).unwrap().split();
    assert_eq!(journal.read_after(Seq(0)).unwrap().len(), READ_PAGE);
    assert_eq!(journal.snapshots().unwrap(), [snapshot(3), snapshot(2)]);
}
