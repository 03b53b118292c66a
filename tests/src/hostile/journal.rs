//! Records and snapshots of a damaged or foreign journal.

use std::borrow::Cow;

use hotseat_pool::journal::{StoredRecord, StoredSnapshot};
use hotseat_protocol::ids::{Generation, Seq, WallTime};

/// The first byte says what it is and of which version, the rest is the payload.
///
/// Whatever is read must be the same after it was written and read again.
pub fn journal_records(bytes: &[u8]) {
    let Some((first, payload)) = bytes.split_first() else {
        return;
    };
    let version = u32::from(first >> 1);
    if first & 1 == 0 {
        record(version, payload);
    } else {
        snapshot(version, payload);
    }
}

fn record(version: u32, payload: &[u8]) {
    let Ok(payload) = std::str::from_utf8(payload) else {
        return;
    };
    let stored = StoredRecord {
        seq: Seq(1),
        at: WallTime { unix_ms: 0 },
        generation: Generation(1),
        version,
        kind: Cow::Borrowed("whatever"),
        request: None,
        payload: payload.to_owned(),
        from: None,
    };
    if let Ok(record) = stored.read() {
        let again = record.store().read().expect("what was read can be written and read");
        assert_eq!(again, record);
    }
}

fn snapshot(version: u32, payload: &[u8]) {
    // A snapshot's checksum is over its payload: a fuzzer would never get past it.
    let stored = StoredSnapshot::sealed(Seq(1), Generation(1), version, payload.to_vec());
    if let Ok(state) = stored.read() {
        let again = StoredSnapshot::of(state.contents()).read();
        let again = again.expect("what was read can be written and read");
        assert_eq!(again.contents(), state.contents());
    }
}
