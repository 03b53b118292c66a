//! Every frame with every odd value at every place of it.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ipc::{FromBroker, ToBroker};
use crate::link::{FromPool, ToPool};
use crate::version::{PROTOCOL_VERSION, negotiate};

#[path = "heard_limits_tests.rs"]
mod limits;

/// What stands where something else is expected; the last is beyond every type.
const ODD: [&str; 13] = [
    "null",
    "true",
    "-1",
    "0.5",
    "1.5",
    "18446744073709551616",
    "1e308",
    "\"1\"",
    "\"\"",
    "[]",
    "{}",
    "\"\\ud800\"",
    "1e400",
];
/// Stands where an odd value is put into the text of a frame.
const HERE: &str = "\u{e000}";

/// The samples of a direction, and those of its parts put into a frame.
fn frames(whole: &str, parts: &[(&str, Value)]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let lines = |file: &str| {
        let path = root.join(format!("v{PROTOCOL_VERSION}/{file}.jsonl"));
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let mut frames = lines(whole);
    for (file, frame) in parts {
        let text = frame.to_string();
        let put = |part: Value| text.replace(&format!("\"{HERE}\""), &part.to_string());
        frames
            .extend(lines(file).into_iter().map(|part| serde_json::from_str(&put(part)).unwrap()));
    }
    frames
}

fn to_broker() -> Vec<Value> {
    frames("to_broker", &[("request", json!({"type": "request", "id": 7, "request": HERE}))])
}

fn to_pool() -> Vec<Value> {
    frames("to_pool", &[("machine_message", json!({"type": "message", "n": 7, "body": HERE}))])
}

fn from_broker() -> Vec<Value> {
    frames(
        "from_broker",
        &[
            ("reply", json!({"type": "reply", "id": 7, "reply": HERE})),
            ("change", json!({"type": "changed", "seq": 7, "changes": [HERE]})),
            ("notice", json!({"type": "notice", "notice": HERE})),
        ],
    )
}

fn from_pool() -> Vec<Value> {
    frames("from_pool", &[("pool_answer", json!({"type": "answer", "n": 7, "answer": HERE}))])
}

fn places(value: &Value, place: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                places(value, format!("{place}/{name}"), found);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                places(value, format!("{place}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    if !place.is_empty() {
        found.push(place);
    }
}

/// The frame with something odd at one place, or with nothing there.
fn with(frame: &Value, place: &str, odd: Option<&str>) -> String {
    let mut changed = frame.clone();
    match odd {
        Some(odd) => {
            *changed.pointer_mut(place).unwrap() = HERE.into();
            changed.to_string().replace(&format!("\"{HERE}\""), odd)
        }
        None => {
            let (before, name) = place.rsplit_once('/').unwrap();
            match changed.pointer_mut(before).unwrap() {
                Value::Object(fields) => drop(fields.remove(name)),
                Value::Array(elements) => drop(elements.remove(name.parse().unwrap())),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    panic!("{place} is in nothing")
                }
            }
            changed.to_string()
        }
    }
}

/// Puts everything odd everywhere; returns how often.
fn no_value_ends_a_conversation<F: Frame>(frames: &[Value]) -> usize {
    let (asks, by) = F::NUMBERED;
    let mut told = 0;
    for frame in frames {
        let mut found = Vec::new();
        places(frame, String::new(), &mut found);
        for place in found {
            for odd in ODD.into_iter().map(Some).chain([None]) {
                let said = with(frame, &place, odd);
                for spoken in [Spoken::newest(), negotiate(1).unwrap()] {
                    let heard = spoken.read::<F>(said.as_bytes()).unwrap_or_else(|error| {
                        panic!("{said} ends the conversation: {error}");
                    });
                    let Err(unclear) = heard else { continue };
                    assert!(unclear.why.chars().count() <= 300, "{unclear:?}");
                    let expected = match (&place, frame["type"] == asks) {
                        (_, false) => Number::None,
                        (place, true) if *place == "/type" => Number::None,
                        (place, true) if *place == format!("/{by}") => {
                            assert!(matches!(unclear.number, Number::Odd(_)), "{said}");
                            continue;
                        }
                        (_, true) => Number::Some(frame[by].as_u64().unwrap()),
                    };
                    assert_eq!(unclear.number, expected, "{said}");
                }
                told += 1;
            }
        }
    }
    told
}

#[test]
fn no_value_in_any_frame_ends_a_conversation_and_whoever_asks_is_answered_by_number() {
    let told = [
        no_value_ends_a_conversation::<ToBroker>(&to_broker()),
        no_value_ends_a_conversation::<ToPool>(&to_pool()),
        no_value_ends_a_conversation::<FromBroker>(&from_broker()),
        no_value_ends_a_conversation::<FromPool>(&from_pool()),
    ];
    assert!(told.iter().all(|told| *told > 400), "only {told:?} odd frames were read");
}

#[test]
fn a_frame_of_a_type_that_is_not_known_is_ignored_in_every_direction() {
    let frame = br#"{"type":"sing","n":1e400,"id":-1,"song":"the one of tomorrow"}"#;
    let spoken = Spoken::newest();
    assert_eq!(spoken.read(frame), Ok(Ok(ToBroker::Unknown)));
    assert_eq!(spoken.read(frame), Ok(Ok(ToPool::Unknown)));
    assert_eq!(spoken.read(frame), Ok(Ok(FromBroker::Unknown)));
    assert_eq!(spoken.read(frame), Ok(Ok(FromPool::Unknown)));
}

#[test]
fn a_greeting_names_a_whole_number_or_no_version() {
    let link = |version: &str| {
        let machine = "00000000-0000-4000-8000-000000000006";
        let frame = format!(r#"{{"type":"hello","version":{version},"machine":"{machine}"}}"#);
        match Spoken::newest().read(frame.as_bytes()) {
            Ok(Ok(ToPool::Hello(hello))) => hello.version,
            other => panic!("{version}: {other:?}"),
        }
    };
    let ipc = |version: &str| {
        let frame = format!(r#"{{"type":"hello","version":{version},"role":"cli"}}"#);
        match Spoken::newest().read(frame.as_bytes()) {
            Ok(Ok(ToBroker::Hello(hello))) => hello.version,
            other => panic!("{version}: {other:?}"),
        }
    };
    let theirs = |version: &str| {
        let frame = format!(r#"{{"type":"hello","version":{version}}}"#);
        match Spoken::newest().read(frame.as_bytes()) {
            Ok(Ok(FromBroker::Hello { version, .. })) => version,
            other => panic!("{version}: {other:?}"),
        }
    };
    for (said, version) in [
        ("0", 0),
        ("1", 1),
        ("2.0", 2),
        ("4294967295", u32::MAX),
        ("18446744073709551616", u32::MAX),
        ("1e308", u32::MAX),
        ("1e400", u32::MAX),
        ("1.5", 0),
        ("0.5", 0),
        ("-1", 0),
        ("-1e400", 0),
        ("\"1\"", 0),
        ("null", 0),
        ("true", 0),
        ("[2]", 0),
        ("{}", 0),
    ] {
        assert_eq!([link(said), ipc(said), theirs(said)], [version; 3], "{said}");
    }
}

#[test]
fn a_number_that_is_none_is_said_again_unless_it_is_long() {
    let number = |id: &str| {
        let frame = format!(r#"{{"type":"request","id":{id},"request":{{"kind":"view"}}}}"#);
        Spoken::newest().read::<ToBroker>(frame.as_bytes()).unwrap().unwrap_err().number
    };
    assert_eq!(number("-1"), Number::Odd(json!(-1)));
    assert_eq!(number("1.5"), Number::Odd(json!(1.5)));
    assert_eq!(number("1e400"), Number::Odd(json!(1e308)));
    assert_eq!(number("\"mine\""), Number::Odd(json!("mine")));
    assert_eq!(number(&format!("\"{}\"", "x".repeat(65))), Number::Odd(Value::Null));
    assert_eq!(number("[[]]"), Number::Odd(Value::Null));
}

#[test]
fn what_is_no_object_ends_a_conversation() {
    for wrong in ["", "[]", "7", "{", "null", "{\"n\":1e400", "\"text\"", "{} {}"] {
        let read = Spoken::newest().read::<ToPool>(wrong.as_bytes());
        assert!(read.is_err(), "{wrong:?}: {read:?}");
    }
    assert!(Spoken::newest().read::<ToPool>(b"{\"type\":\"\xff\"}").is_err());
}

/// Any JSON.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,80}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// What JSON is made of, in any order: random bytes are seldom text, and seldom begin one.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "{", "}", "[", "]", ":", ",", "\"", "\\", "1", "-", "e400", ".5", "null", "\"type\"", "é",
    ]);
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat().into_bytes())
}

fn answered<F: Frame>(json: &str) -> Result<(), TestCaseError> {
    for spoken in [Spoken::newest(), negotiate(1).unwrap()] {
        let heard = spoken.read::<F>(json.as_bytes());
        prop_assert!(heard.is_ok(), "{}", json);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_object_with_any_frames_type_is_no_end(
        kind in prop::sample::select(vec![
            "hello", "request", "idle", "pong", "message", "welcome", "refused", "reply",
            "snapshot", "changed", "notice", "ping", "answer", "sealed", "clone_seen",
            "warn_idle", "kept", "sing",
        ]),
        fields in prop::collection::btree_map(
            "id|n|version|role|program|machine|body|request|reply|answer|seq|view|changes|notice|seat|items|position|push",
            value(),
            0..6,
        ),
    ) {
        let mut frame: serde_json::Map<String, Value> = fields.into_iter().collect();
        frame.insert("type".to_owned(), kind.into());
        let json = Value::from(frame).to_string();
        answered::<ToBroker>(&json)?;
        answered::<FromBroker>(&json)?;
        answered::<ToPool>(&json)?;
        answered::<FromPool>(&json)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..80), nearly_json()],
    ) {
        let _ = Spoken::newest().read::<ToBroker>(&bytes);
        let _ = Spoken::newest().hear::<FromPool>(&bytes);
    }
}
