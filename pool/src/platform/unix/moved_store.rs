//! A store whose file goes while it is open, which other systems do not allow.

use std::fs;

use hotseat_protocol::ids::{Generation, Seq, WallTime};

use crate::journal::store::{Open, Store};
use crate::journal::{Append, Journal as _, JournalError, StoredRecord};

fn record(seq: u64) -> StoredRecord {
    StoredRecord {
        seq: Seq(seq),
        at: WallTime { unix_ms: 0 },
        generation: Generation(1),
        version: 1,
        kind: "requests_aged".into(),
        request: None,
        payload: r#"{"event":"requests_aged"}"#.to_owned(),
        from: None,
    }
}

#[test]
fn a_store_that_was_moved_away_or_replaced_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let (path, away) = (folder.path().join("pool.db"), folder.path().join("away.db"));
    let (mut journal, tables) = Store::open(&path, Open::OrCreate).unwrap().split();
    assert!(matches!(journal.append(Seq(0), &[record(1)]), Append::Done));
    let mut directory = tables.connect().unwrap();
    fs::rename(&path, &away).unwrap();
    for replaced in [false, true] {
        if replaced {
            fs::copy(&away, &path).unwrap();
        }
        let refused = journal.append(Seq(1), &[record(2)]);
        assert!(
            matches!(refused, Append::Failed(JournalError::Replaced(_))),
            "{replaced}: {refused:?}"
        );
        assert!(matches!(directory.begin(), Err(JournalError::Replaced(_))), "{replaced}");
    }
    fs::rename(&away, &path).unwrap();
    assert!(matches!(journal.append(Seq(1), &[record(2)]), Append::Done));
    assert!(directory.begin().is_ok());
}
