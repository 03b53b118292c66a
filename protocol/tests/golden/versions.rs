//! Version 1 is still spoken: each of its samples reads as a sample of today and is written back
//! to the letter, and whatever is said today survives the way through version 1.

use std::path::PathBuf;

use hotseat_protocol::ipc::{FromBroker, Reply, ToBroker};
use hotseat_protocol::link::{FromPool, JournalPosition, PoolAnswer, ToPool};
use hotseat_protocol::version::{Frame, PROTOCOL_VERSION, Spoken, negotiate};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::samples::{ipc, link, position};

fn one() -> Spoken {
    negotiate(1).unwrap()
}

fn samples(version: u32, file: &str) -> Vec<String> {
    let path = format!("golden/v{version}/{file}.jsonl");
    let text = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path));
    text.unwrap().lines().map(str::to_owned).collect()
}

/// Checks the samples of one file, which stand at `part` of the frame `whole`.
fn check<F: Frame>(file: &str, part: &str, whole: &Value) {
    let frame_of = |sample: &str| {
        let mut frame = whole.clone();
        *frame.pointer_mut(part).unwrap() = serde_json::from_str(sample).unwrap();
        frame
    };
    let today = samples(2, file);
    for older in samples(1, file) {
        let frame: F = one().read(frame_of(&older).to_string().as_bytes()).unwrap().unwrap();
        // A greeting names the version that its program speaks.
        let own = format!("\"version\":{PROTOCOL_VERSION}");
        let newer = today.iter().find(|newer| {
            let newer = newer.replace(&own, "\"version\":1");
            serde_json::to_value(&frame).unwrap() == frame_of(&newer)
        });
        assert!(
            newer.is_some(),
            "{file}: {older} reads as {}",
            Spoken::newest().write(&frame).unwrap()
        );
        let written = one().write(&frame).unwrap();
        assert_eq!(written, frame_of(&older).to_string(), "{file}");
    }
}

#[test]
fn each_sample_of_version_1_reads_as_one_of_today_and_is_written_back() {
    check::<ToBroker>("to_broker", "", &Value::Null);
    check::<ToBroker>("request", "/request", &json!({"type": "request", "id": 7, "request": null}));
    check::<FromBroker>("from_broker", "", &Value::Null);
    check::<FromBroker>("reply", "/reply", &json!({"type": "reply", "id": 7, "reply": null}));
    check::<FromBroker>(
        "change",
        "/changes/0",
        &json!({"type": "changed", "seq": 2, "changes": [null]}),
    );
    check::<FromBroker>("notice", "/notice", &json!({"type": "notice", "notice": null}));
    check::<ToPool>("to_pool", "", &Value::Null);
    check::<ToPool>("machine_message", "/body", &json!({"type": "message", "n": 1, "body": null}));
    check::<FromPool>("from_pool", "", &Value::Null);
    check::<FromPool>("pool_answer", "/answer", &json!({"type": "answer", "n": 1, "answer": null}));
    let changed = json!({"type": "changed", "push": 2, "previous": 1, "position": position(), "items": [null]});
    check::<FromPool>("projected", "/items/0", &changed);
    let answer = json!({"type": "answer", "n": 1, "answer": {"kind": "outcome", "outcome": null}});
    check::<FromPool>("outcome", "/answer/outcome", &answer);
    let reply =
        json!({"kind": "outcome", "outcome": null, "deadline_boot_ms": null, "resume": null});
    let reply = json!({"type": "reply", "id": 7, "reply": reply});
    check::<FromBroker>("outcome", "/reply/outcome", &reply);
}

#[test]
fn version_1_never_hears_a_name_that_it_does_not_know() {
    never_heard(&["projected"], all_from_pool());
    never_heard(&["change", "notice"], all_from_broker());
}

fn never_heard<F: Frame>(files: &[&str], frames: Vec<F>) {
    let tag = |sample: &str| {
        let sample: Value = serde_json::from_str(sample).unwrap();
        format!("\"kind\":{}", sample["kind"])
    };
    let older: String = files.iter().flat_map(|file| samples(1, file)).collect();
    let today = files.iter().flat_map(|file| samples(2, file));
    let newer: Vec<String> =
        today.map(|sample| tag(&sample)).filter(|tag| !older.contains(tag)).collect();
    assert!(newer.len() >= 3, "{newer:?}");
    for frame in frames {
        let frame = one().write(&frame).unwrap();
        assert!(!newer.iter().any(|tag| frame.contains(tag)), "{frame}");
        // A holder in a view is idle by the same name in both; one in a problem is not.
        if frame.contains("legacy_message") {
            assert!(frame.contains("\"idle\":") && !frame.contains("\"idle_s\":"), "{frame}");
        }
    }
}

fn all_from_pool() -> Vec<FromPool> {
    let answers = link::pool_answers().into_iter();
    let outcomes = link::outcomes().into_iter().map(|outcome| PoolAnswer::Outcome { outcome });
    let answers = answers.chain(outcomes).map(|answer| FromPool::Answer { n: 1, answer });
    let items = link::projected();
    let changed = FromPool::Changed { push: 2, previous: 1, position: position(), items };
    answers.chain(link::from_pool()).chain([changed]).collect()
}

fn all_from_broker() -> Vec<FromBroker> {
    let notices = ipc::notices().into_iter().map(|notice| FromBroker::Notice { notice });
    let outcomes = link::outcomes().into_iter().map(|outcome| Reply::Outcome {
        outcome,
        deadline_boot_ms: None,
        resume: None,
    });
    let replies = ipc::replies().into_iter().chain(outcomes);
    let replies = replies.map(|reply| FromBroker::Reply { id: 7, reply });
    let changed = FromBroker::Changed { seq: 2, changes: ipc::changes() };
    notices.chain(replies).chain(ipc::from_broker()).chain([changed]).collect()
}

/// Sees that a frame is the same again; what is said of version 1 is shown where it is not.
fn survives<F: Frame + PartialEq + std::fmt::Debug>(frame: &F) {
    let text = one().write(frame).unwrap();
    assert_eq!(one().read::<F>(text.as_bytes()).unwrap().as_ref(), Ok(frame), "{text}");
}

proptest! {
    #[test]
    fn what_a_pool_says_survives_version_1(
        items in prop::collection::vec(select(link::projected()), 0..6),
        whole in select(all_from_pool()),
        push: u64,
        seq: u64,
    ) {
        let position = JournalPosition { seq: hotseat_protocol::ids::Seq(seq), ..position() };
        let previous = push.wrapping_sub(1);
        survives(&FromPool::Changed { push, previous, position, items });
        survives(&whole);
    }

    #[test]
    fn what_a_broker_says_survives_version_1(
        changes in prop::collection::vec(select(ipc::changes()), 0..6),
        whole in select(all_from_broker()),
        seq: u64,
    ) {
        survives(&FromBroker::Changed { seq, changes });
        survives(&whole);
    }

    #[test]
    fn what_is_asked_survives_version_1(
        body in select(link::machine_messages()),
        request in select(ipc::requests()),
        n: u64,
    ) {
        survives(&ToPool::Message { n, body });
        survives(&ToBroker::Request { id: n, request });
    }
}
