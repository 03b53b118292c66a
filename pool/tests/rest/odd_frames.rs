//! Frames of a machine with odd values: each is answered by its number or passed over, and the link
//! goes on.

use std::path::Path;

use hotseat_protocol::link::{FromPool, MachineMessage, PoolAnswer};
use hotseat_protocol::problem::Code;
use hotseat_protocol::version::PROTOCOL_VERSION;
use serde_json::{Value, json};

use crate::socket::{Link, Machine};
use crate::world::Server;

/// What stands where something else is expected; the last is beyond every type.
const ODD: [&str; 9] =
    ["null", "true", "-1", "1.5", "1e308", "18446744073709551616", "\"1\"", "[]", "1e400"];
/// Stands where an odd value is put into the text of a message.
const HERE: &str = "\u{e000}";

/// A message of each kind.
fn messages() -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/golden");
    let file = root.join(format!("v{PROTOCOL_VERSION}/machine_message.jsonl"));
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
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
        _ => {}
    }
    found.push(place);
}

#[test]
fn every_message_with_any_odd_value_is_answered_by_its_number() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let mut asked = 0;
    for message in messages() {
        let mut found = Vec::new();
        places(&message, String::new(), &mut found);
        for place in found {
            for odd in ODD {
                let mut changed = message.clone();
                *changed.pointer_mut(&place).unwrap() = HERE.into();
                let body = changed.to_string().replace(&format!("\"{HERE}\""), odd);
                link.ask_raw(&body);
                asked += 1;
            }
        }
    }
    assert!(asked > 500, "only {asked} messages were asked");
    assert_eq!(link.ask(MachineMessage::Resync), PoolAnswer::Done);
    assert_eq!(server.history().iter().filter(|r| r["what"] == "seat_granted").count(), 0);
}

#[test]
fn a_frame_of_an_unknown_type_is_ignored_and_an_odd_number_is_said_again() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    for frame in [
        "{}".to_owned(),
        r#"{"type":"hello"}"#.to_owned(),
        r#"{"type":"sing","song":"the one of tomorrow"}"#.to_owned(),
    ] {
        link.send_text(&frame);
    }
    for odd in ODD {
        link.send_text(&format!(r#"{{"type":{odd}}}"#));
        link.send_text(&format!(r#"{{"type":"sing","n":{odd}}}"#));
    }
    assert_eq!(link.ask(MachineMessage::Resync), PoolAnswer::Done);
    for (odd, again) in [
        ("-1", json!(-1)),
        ("1.5", json!(1.5)),
        ("1e308", json!(1e308)),
        ("1e400", json!(1e308)),
        ("\"1\"", json!("1")),
        ("null", Value::Null),
        ("[]", Value::Null),
    ] {
        link.send_text(&format!(r#"{{"type":"message","n":{odd},"body":{{"kind":"resync"}}}}"#));
        let answer = loop {
            let frame: Value =
                serde_json::from_str(&link.next_text().expect("the link was closed")).unwrap();
            if frame["type"] == "answer" {
                break frame;
            }
        };
        assert_eq!(answer["n"], again, "{odd}");
        assert_eq!(answer["answer"]["problem"]["code"], "invalid", "{odd}");
        // It did not count as a message.
        assert_eq!(link.ask(MachineMessage::Resync), PoolAnswer::Done);
    }
}

#[test]
fn a_greeting_without_a_version_that_can_be_is_one_of_another_version() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let greeted = |rest: &str| {
        let mut link = Link::open(&server, &machine.credential).unwrap();
        link.send_text(&format!(r#"{{"type":"hello","machine":"{}"{rest}}}"#, machine.id));
        link.next().expect("an answer to the greeting")
    };
    for odd in ["1.5", "-1", "\"1\"", "null", "[]", "0"] {
        let FromPool::Refused { problem } = greeted(&format!(",\"version\":{odd}")) else {
            panic!("{odd} was welcome");
        };
        assert_eq!(problem.code, Code::AnotherVersion, "{odd}: {problem}");
    }
    let FromPool::Refused { problem } = greeted("") else { panic!() };
    assert!(problem.detail.starts_with("The greeting names no version"), "{problem}");
    for great in ["2", "2.0", "3", "1e308", "1e400", "18446744073709551616"] {
        let FromPool::Welcome { version, .. } = greeted(&format!(",\"version\":{great}")) else {
            panic!("{great} was refused");
        };
        assert_eq!(version, PROTOCOL_VERSION, "{great}");
    }
    // What else it says may be anything.
    for odd in ODD {
        let rest = ["program", "boot_id", "seen", "seal", "secret", "follows_lease"]
            .map(|field| format!(",\"{field}\":{odd}"))
            .concat();
        let answer = greeted(&format!(",\"version\":2{rest}"));
        assert!(matches!(answer, FromPool::Welcome { .. }), "{odd}: {answer:?}");
    }
}
