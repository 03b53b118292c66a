//! What counts as a sign that a machine is at work.

use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId};
use hotseat_rules::Mono;
use serde_json::Value;

use super::*;
use crate::directory::LinkRecord;
use crate::links::greeting::Verdict;
use crate::links::registry::{Candidate, Registry};

const LEASE: Duration = Duration::from_secs(90);
/// Every kind of message that a machine has, one a line.
const SAMPLES: &str = include_str!("../../../../protocol/golden/v2/machine_message.jsonl");

/// The samples, and two that nobody can read.
fn messages() -> Vec<Value> {
    let samples = SAMPLES.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let broken = [serde_json::json!({ "kind": "renew" }), Value::Null];
    samples.chain(broken).collect()
}

#[test]
fn every_message_counts_as_heard_and_keeps_a_clone_out_for_a_lease() {
    let (machine, generation) = (MachineId::from_random(1), Generation(7));
    for body in messages() {
        let mut registry = Registry::new(Mono(0));
        registry.learn(machine, generation, LinkRecord { counted: 4, clone_seen: None });
        let boot_id = "boot".to_owned();
        let candidate =
            Candidate { machine, generation, boot_id, answered: 5, older: None, beside: None };
        assert!(registry.count(candidate, Mono(1_000)).is_some());
        let frame = serde_json::json!({ "type": "message", "n": 1, "body": body }).to_string();
        let at_work = || registry.heard(machine, Mono(50_000));
        assert!(Inbox::default().take(&frame, Spoken::newest(), at_work).is_ok(), "{frame}");
        let judged = |now| registry.judge(machine, Some(4), "boot", (Mono(now), LEASE));
        assert_eq!(judged(139_999), Verdict::Cloned, "{frame}");
        assert_ne!(judged(140_000), Verdict::Cloned, "{frame}");
    }
}

#[test]
fn a_frame_that_says_nothing_is_a_sign_of_work_too_and_no_message() {
    for frame in ["{}", "{\"type\":\"message\",\"n\":-1}", "{\"type\":\"newer\"}"] {
        let (mut heard, mut inbox) = (false, Inbox { n: 1, ..Inbox::default() });
        assert!(inbox.take(frame, Spoken::newest(), || heard = true).is_ok(), "{frame}");
        assert!(heard && inbox.n == 1, "{frame}");
    }
}

#[test]
fn a_frame_that_ends_the_link_is_heard_from_nobody() {
    let greeting = include_str!("../../../../protocol/golden/v2/to_pool.jsonl");
    let greeting = greeting.lines().next().expect("a greeting");
    let twice_on = r#"{"type":"message","n":3,"body":{"kind":"resync"}}"#;
    for frame in ["", "{", "[]", twice_on, greeting] {
        let mut heard = false;
        let taken =
            Inbox { n: 1, ..Inbox::default() }.take(frame, Spoken::newest(), || heard = true);
        assert!(taken.is_err() && !heard, "{frame}");
    }
}

#[test]
fn while_a_frame_of_messages_is_unanswered_nothing_is_read() {
    let mut inbox = Inbox::default();
    let long = "x".repeat(LINK_FRAME_BYTES_MAX / 2);
    for n in 1..=3 {
        assert!(inbox.has_room(), "{n}");
        let body = serde_json::json!({ "kind": "resync", "more": long });
        let frame = serde_json::json!({ "type": "message", "n": n, "body": body }).to_string();
        assert!(inbox.take(&frame, Spoken::newest(), || ()).is_ok());
        if n == 2 {
            assert!(!inbox.has_room());
            inbox.answered(1);
        }
    }
    assert!(!inbox.has_room());
    // Answered once, however often it is said.
    for n in [3, 3, 9] {
        inbox.answered(n);
    }
    assert!(inbox.has_room());
    inbox.answered(2);
    assert_eq!((inbox.unanswered.len(), inbox.unanswered_bytes), (0, 0));
}
