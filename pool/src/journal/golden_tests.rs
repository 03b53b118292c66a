//! What was stored once must be readable for ever: every file below `pool/golden/` is read,
//! converted, and, when it is of the newest version, written back the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, Seq, WallTime};
use hotseat_rules::{Event, Position, Recovery, State, Wait};
use serde_json::Value;

use super::stored::{
    CONTENTS_VERSION, EVENT_VERSION, decode_act, decode_contents, decode_event, encode_act,
    encode_contents, encode_event,
};
use super::{Actor, JournalError, StoredRecord, StoredSnapshot};

fn golden(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(below)
}

fn events_of(version: u32) -> Vec<(String, String)> {
    let folder = golden(&format!("events/v{version}"));
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = files.into_iter().map(|path| {
        let kind = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (kind, fs::read_to_string(&path).unwrap())
    });
    read.collect()
}

/// Whoever acted stands beside the event: each form of it is kept in a file of its own.
#[test]
fn every_stored_actor_still_reads() {
    let service = hotseat_protocol::ids::ServiceId(uuid::Uuid::from_u128(3));
    let lucy = |name| Actor::account(1_000, name);
    for (file, actor) in [
        ("account", lucy(Some("lucy".to_owned()))),
        ("account_without_a_name", lucy(None)),
        ("admin_token", Actor::AdminToken),
        ("store", Actor::Store),
        ("service", Actor::Service(service)),
    ] {
        let text = fs::read_to_string(golden(&format!("actors/{file}.json"))).unwrap();
        let (event, read) = decode_act(EVENT_VERSION, &text).unwrap();
        assert_eq!(read.as_ref(), Some(&actor), "{file}");
        let (_, now) = encode_act(&event, Some(&actor));
        assert_eq!(json(&now), json(&text), "{file} is written otherwise than before");
        // A program that knows of no actors reads the event.
        assert_eq!(decode_event(EVENT_VERSION, &text).unwrap(), event, "{file}");
    }
    let without = r#"{"event":"pool_removed","pool":"infor-crm"}"#;
    assert_eq!(decode_act(EVENT_VERSION, without).unwrap().1, None);
}

/// What a definition may have besides stands in files of its own.
#[test]
fn a_stored_definition_with_a_provisional_hold_still_reads() {
    let text = fs::read_to_string(golden("definitions/provisional_hold.json")).unwrap();
    let event = decode_event(EVENT_VERSION, &text).unwrap();
    let Event::PoolDefined { definition } = &event else { panic!("not a definition: {event:?}") };
    assert_eq!(definition.options.provisional_hold, Some(Duration::from_secs(5)));
    let (_, now) = encode_event(&event);
    assert_eq!(json(&now), json(&text), "it is written otherwise than before");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_stored_event_still_reads() {
    for version in 1..=EVENT_VERSION {
        for (kind, text) in events_of(version) {
            let event = decode_event(version, &text)
                .unwrap_or_else(|error| panic!("{kind} of version {version}: {error}"));
            if version == EVENT_VERSION {
                let (kind_now, now) = encode_event(&event);
                assert_eq!(kind_now, kind);
                assert_eq!(json(&now), json(&text), "{kind} is written otherwise than before");
            }
        }
    }
}

#[test]
fn every_kind_of_event_has_a_golden_file() {
    // An unknown kind is refused with the list of those that there are.
    let refused = decode_event(EVENT_VERSION, r#"{"event":"?"}"#).unwrap_err().to_string();
    let (_, listed) = refused.split_once("expected one of").unwrap();
    let kinds: BTreeSet<String> =
        listed.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect();
    let files = events_of(EVENT_VERSION).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, files);
}

#[test]
fn every_stored_snapshot_still_reads() {
    for version in 1..=CONTENTS_VERSION {
        let text = fs::read(golden(&format!("snapshots/v{version}.json"))).unwrap();
        let contents = decode_contents(version, &text).unwrap();
        let state = State::from_contents(contents).unwrap();
        let now: Value = serde_json::from_slice(&encode_contents(state.contents())).unwrap();
        let mut then: Value = serde_json::from_slice(&text).unwrap();
        if version == 1 {
            then["past"] = json("[]");
            then["recovery"] = Value::Null;
        }
        assert_eq!(now, then, "version {version}");
    }
}

#[test]
fn a_recovery_is_kept_by_a_snapshot() {
    let seen = Position { generation: Generation(0x1f0a_77c2), seq: Seq(52) };
    let machine = MachineId(uuid::Uuid::from_u128(1));
    let wait = Duration::from_secs(90);
    for (recovery, stored) in [
        (
            Recovery::Behind { machine, seen, wait: Wait::default() },
            r#"{"behind":{"machine":"00000000-0000-0000-0000-000000000001",
                "seen":{"generation":"1f0a77c2","seq":52}}}"#,
        ),
        (
            Recovery::Behind { machine, seen, wait: Wait::new(wait, Duration::ZERO) },
            r#"{"behind":{"machine":"00000000-0000-0000-0000-000000000001",
                "seen":{"generation":"1f0a77c2","seq":52},"wait_ms":90000,"stated_ms":0}}"#,
        ),
        (Recovery::Waiting { wait: wait.into() }, r#"{"waiting":{"wait_ms":90000}}"#),
        (
            Recovery::Waiting { wait: Wait::new(wait, Duration::from_secs(10)) },
            r#"{"waiting":{"wait_ms":90000,"stated_ms":10000}}"#,
        ),
    ] {
        let mut contents = State::default().contents().clone();
        contents.recovery = Some(recovery);
        contents.past = [Generation(5)].into();
        let kept = encode_contents(&contents);
        let text: Value = serde_json::from_slice(&kept).unwrap();
        assert_eq!(text["recovery"], json(stored));
        assert_eq!(decode_contents(CONTENTS_VERSION, &kept).unwrap(), contents);
    }
}

fn record(version: u32, payload: &str) -> StoredRecord {
    StoredRecord {
        seq: Seq(7),
        at: WallTime { unix_ms: 0 },
        generation: Generation(1),
        version,
        kind: "requests_aged".into(),
        request: None,
        payload: payload.to_owned(),
        from: None,
    }
}

#[test]
fn what_a_newer_program_wrote_is_refused_and_says_so() {
    let text = r#"{"event":"requests_aged"}"#;
    let error = record(EVENT_VERSION + 1, text).read().unwrap_err();
    let expected =
        JournalError::Newer { what: "a record", found: EVENT_VERSION + 1, known: EVENT_VERSION };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("start the newer program"), "{error}");
    assert!(record(0, text).read().is_err());
    assert!(record(EVENT_VERSION, "{").read().is_err());
    assert!(record(EVENT_VERSION, text).read().is_ok());
}

#[test]
fn a_changed_snapshot_is_noticed_whatever_was_changed() {
    let good = StoredSnapshot::of(State::default().contents());
    assert!(good.read().is_ok());
    let spoil: [fn(&mut StoredSnapshot); 6] = [
        |snapshot| snapshot.checksum[0] ^= 1,
        // Still a snapshot in every other way.
        |snapshot| {
            let text = String::from_utf8(snapshot.payload.clone()).unwrap();
            let changed = text.replace(r#""hours":[]"#, r#""hours":[1]"#);
            assert_ne!(changed, text);
            snapshot.payload = changed.into_bytes();
        },
        |snapshot| snapshot.seq = Seq(9),
        |snapshot| snapshot.generation = Generation(9),
        |snapshot| snapshot.payload[3] ^= 1,
        |snapshot| snapshot.payload.truncate(10),
    ];
    for spoil in spoil {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(matches!(bad.read(), Err(JournalError::Unreadable { .. })), "{bad:?}");
    }
}
