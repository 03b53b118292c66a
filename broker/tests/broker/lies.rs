//! Whatever a pool says in whichever field of any frame, its link stays up; whatever a program asks
//! for in any field, it is answered by its id.
//!
//! The frames are the golden samples, with one value at a time replaced.

use std::collections::BTreeSet;
use std::path::Path;

use hotseat_protocol::ipc::{FromBroker, LinkState, Reply, Role};
use hotseat_protocol::link::{MachineMessage, PoolAnswer};
use hotseat_protocol::problem::Code;
use serde_json::{Value, json};

use crate::desktop::Desktop;
use crate::fake_pool::{FakePool, Link};
use crate::programs::{Program, Raw, problem};

/// What no number of ours can be, as JSON; the last is beyond every type.
const NUMBERS: [&str; 6] =
    ["-1", "9223372036854775808", "18446744073709551616", "1e308", "0.5", "1e400"];
/// Stands where a number is put into the text of a frame.
const HERE: &str = "\u{e000}";

/// Texts that no terminal, frame or person should be shown.
fn texts() -> [String; 3] {
    ["x".repeat(1_000_000), "\u{1b}[2Jcleared".to_owned(), "\u{202e}turned".to_owned()]
}

/// The samples of one file, each put at `part` of a frame.
fn frames(file: &str, part: &str, whole: &Value) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/golden/v2");
    let samples = std::fs::read_to_string(root.join(format!("{file}.jsonl"))).unwrap();
    let frame = |sample: &str| {
        let mut frame = whole.clone();
        *frame.pointer_mut(part).unwrap() = serde_json::from_str(sample).unwrap();
        frame
    };
    samples.lines().map(frame).collect()
}

/// The frame with each of its values replaced by each lie, one at a time; `known` has the places
/// that were lied about before, in another sample of the same variants.
fn lies(frame: &Value, texts: &[String], known: &mut BTreeSet<String>) -> Vec<String> {
    let mut places = Vec::new();
    leaves(frame, String::new(), String::new(), &mut places);
    let mut lies = Vec::new();
    for (place, variants) in places {
        if !known.insert(format!("{variants} {place}")) {
            continue;
        }
        let with = |lie: Value| {
            let mut lied = frame.clone();
            *lied.pointer_mut(&place).unwrap() = lie;
            lied.to_string()
        };
        if frame.pointer(&place).is_some_and(Value::is_number) {
            let text = with(HERE.into());
            lies.extend(NUMBERS.map(|number| text.replace(&format!("\"{HERE}\""), number)));
        } else {
            lies.extend(texts.iter().map(|text| with(text.as_str().into())));
        }
    }
    lies
}

/// Where numbers and texts are, each with the variants that it is inside of.
fn leaves(value: &Value, place: String, variants: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            let own =
                ["type", "kind", "became"].iter().filter_map(|tag| fields.get(*tag)?.as_str());
            let variants = own.fold(variants, |variants, own| format!("{variants}{own}."));
            for (name, value) in fields {
                leaves(value, format!("{place}/{name}"), variants.clone(), found);
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                leaves(value, format!("{place}/{index}"), variants.clone(), found);
            }
        }
        Value::Number(_) | Value::String(_) => found.push((place, variants)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn all_after_the_welcome() -> Vec<Value> {
    let position = json!({"generation": 1, "seq": 10});
    let changed =
        json!({"type": "changed", "push": 2, "previous": 1, "position": position, "items": [null]});
    let answer = json!({"type": "answer", "n": 1, "answer": null});
    let outcome = json!({"type": "answer", "n": 1, "answer": {"kind": "outcome", "outcome": null}});
    [
        frames("from_pool", "", &Value::Null),
        frames("pool_answer", "/answer", &answer),
        frames("outcome", "/answer/outcome", &outcome),
        frames("projected", "/items/0", &changed),
    ]
    .concat()
}

/// Sees that the link is the same as before and works, and so does the program's connection.
async fn works(program: &Program, link: &mut Link) {
    let answered = async {
        loop {
            match link.any().await.expect("the link has ended") {
                (n, MachineMessage::Renew(renewal)) => link.renew(n, &renewal).await,
                (n, MachineMessage::LogIn { .. }) => {
                    let lie = r#"{"kind":"logged_in","user":"a lie"}"#;
                    link.say(&format!(r#"{{"type":"answer","n":{n},"answer":{lie}}}"#)).await;
                    return;
                }
                (n, _) => link.answer(n, PoolAnswer::Done).await,
            }
        }
    };
    let (reply, ()) = tokio::join!(program.ask(Program::log_in()), answered);
    assert_eq!(problem(reply).code, Code::Internal, "an answer that cannot be read is told");
    assert_eq!(program.view().await.link, LinkState::Up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_in_any_frame_of_a_pool_ends_the_link() {
    let fake = FakePool::start().await;
    let desktop = Desktop::enrolled(&fake);
    let broker = desktop.start();
    let mut link = fake.link().await;
    let mut program = Program::start(&desktop.socket(), Role::App).await;
    program.linked().await;
    let (texts, mut known, mut told) = (texts(), BTreeSet::new(), 0);
    for frame in all_after_the_welcome() {
        for lie in lies(&frame, &texts, &mut known) {
            link.say(&lie).await;
            told += 1;
        }
        works(&program, &mut link).await;
    }
    assert!(told > 400, "only {told} lies were told");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_value_in_a_pools_welcome_keeps_the_link_from_coming_up() {
    let welcomes = frames("from_pool", "", &Value::Null);
    let welcome = welcomes.iter().find(|frame| frame["type"] == "welcome").unwrap();
    let mut told = lies(welcome, &texts(), &mut BTreeSet::new());
    // A frame without its tag is of a newer version, and is waited past for the welcome.
    told.retain(|lie| lie.contains(r#""type":"welcome""#));
    assert!(told.len() > 30, "only {} lies were told", told.len());
    for lie in told {
        let fake = FakePool::start().await;
        let desktop = Desktop::enrolled(&fake);
        let broker = desktop.start();
        let mut link = fake.greeted().await;
        link.say(&lie).await;
        let first = link.any().await;
        assert!(first.is_some(), "{}", &lie[..200.min(lie.len())]);
        broker.stop().await;
    }
}

#[tokio::test]
async fn a_frame_that_is_no_object_ends_the_link_and_the_next_is_made() {
    for wrong in ["[]", "7", "\"text\"", "{", "", "{\"type\":\"changed\",}"] {
        let fake = FakePool::start().await;
        let desktop = Desktop::enrolled(&fake);
        let broker = desktop.start();
        let mut link = fake.link().await;
        link.say(wrong).await;
        link.ended().await;
        fake.link().await;
        broker.stop().await;
    }
}

#[tokio::test]
async fn a_request_with_any_value_is_answered_by_its_id() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    let texts = ["x".repeat(10_000), "\u{1b}[2Jcleared".to_owned(), "\u{202e}turned".to_owned()];
    let whole = json!({"type": "request", "id": HERE, "request": null});
    let (mut known, mut id) = (BTreeSet::new(), 0);
    for frame in frames("request", "/request", &whole) {
        // A value that nobody looks at changes nothing; a subscription would push beside replies.
        if frame["request"]["kind"] == "goodbye" || frame["request"]["kind"] == "subscribe" {
            continue;
        }
        for lie in lies(&frame, &texts, &mut known) {
            let is_request = lie.contains(r#""type":"request""#);
            if !is_request || !lie.contains(&format!("\"{HERE}\"")) {
                continue;
            }
            id += 1;
            raw.json(&lie.replace(&format!("\"{HERE}\""), &id.to_string())).await;
            match raw.next().await {
                Some(FromBroker::Reply { id: answered, reply: Reply::Problem { problem } }) => {
                    assert_eq!(answered, id, "{problem}");
                    assert!(problem.detail.len() < 1_000, "{problem}");
                }
                other => panic!("expected a problem, not {other:?}: {lie}"),
            }
        }
    }
    assert!(id > 60, "only {id} requests were asked");
    broker.stop().await;
}

#[tokio::test]
async fn a_problem_with_a_request_names_the_field_and_what_it_may_be() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let mut raw = Raw::greeted(&desktop.socket(), Role::Cli).await;
    let email = "x".repeat(300);
    let log_in = json!({"kind": "log_in", "email": email, "password": "p"});
    let leave = json!({"kind": "leave_line", "pool": "../etc"});
    for (request, words) in
        [(log_in, "email has 300 characters: use 1 to 254"), (leave, "is not a name")]
    {
        let frame = json!({"type": "request", "id": 7, "request": request});
        raw.json(&frame.to_string()).await;
        let Some(FromBroker::Reply { id: 7, reply }) = raw.next().await else { panic!() };
        let problem = problem(reply);
        assert_eq!(problem.code, Code::Invalid);
        assert!(problem.detail.contains(words), "{problem}");
    }
    broker.stop().await;
}
