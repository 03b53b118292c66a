//! Every number of every message of a link at its ends: it is answered, the server lives, and its
//! store is sound. The messages are the protocol's golden samples, so a new field is among them.

use hotseat_protocol::ids::{Secret, UserId};
use hotseat_protocol::link::{MachineMessage, Outcome, PoolAnswer, Renewal};
use hotseat_protocol::problem::Code;
use hotseat_protocol::quantity::{IdleSeconds, OverdraftMs};
use serde_json::{Value, json};

use crate::command_line::Program;
use crate::socket::{Link, Machine, sign_on};
use crate::world::{POOL, Server};

/// What is sent as a number: JSON texts, because not all of them are numbers of this program.
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "-1",
    "0.5",
    "4294967295",
    "4294967296",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551614",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "1e999",
    "\"12\"",
];
/// Stands for the number until the message is a text.
const HERE: &str = "the number";

fn samples() -> Vec<Value> {
    let samples = include_str!("../../../protocol/golden/v2/machine_message.jsonl");
    samples.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The JSON pointers of all numbers, and of what is null and may be one.
fn numbers(value: &Value, here: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                numbers(value, &format!("{here}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                numbers(value, &format!("{here}/{index}"), found);
            }
        }
        Value::Number(_) | Value::Null => found.push(here.to_owned()),
        Value::Bool(_) | Value::String(_) => {}
    }
}

/// A machine with somebody at it.
struct Desk {
    link: Link,
    token: Secret,
    user: UserId,
}

impl Desk {
    fn new(server: &Server, machine: &Machine) -> Self {
        let mut link = Link::up(server, machine);
        let token = link.log_in("Lucy");
        let users = server.admin().get("/api/v1/users").expect(200);
        let user = users[0]["id"].as_str().unwrap().parse().unwrap();
        Self { link, token, user }
    }

    /// A sample that speaks of a seat that is held, and of its holder.
    fn spoken_here(&mut self, sample: &Value) -> Value {
        let Outcome::Seat { seat, .. } = self.link.sign_on(sign_on(&self.token, "session 1"))
        else {
            panic!("no seat")
        };
        let text = sample.to_string();
        let text = text.replace("00000000-0000-4000-8000-000000000001", &seat.id.to_string());
        let text = text.replace("1f0a77c2.4711", &seat.epoch.to_string());
        let text = text.replace("00000000-0000-4000-8000-000000000005", &self.user.to_string());
        serde_json::from_str(&text).unwrap()
    }
}

fn is_invalid(answer: &PoolAnswer, word: &str) -> bool {
    matches!(answer, PoolAnswer::Problem { problem }
        if problem.code == Code::Invalid && problem.detail.contains(word))
}

fn journal(server: &Server) -> usize {
    server.history().len()
}

#[test]
fn every_number_of_every_message_at_its_ends_is_answered_and_the_store_stays_sound() {
    let mut server = Server::start(2);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut desk = Desk::new(&server, &machine);
    let mut tried = 0;
    for sample in samples() {
        let mut fields = Vec::new();
        numbers(&sample, "", &mut fields);
        for field in fields {
            for number in NUMBERS {
                let mut message = desk.spoken_here(&sample);
                *message.pointer_mut(&field).unwrap() = json!(HERE);
                let body = message.to_string().replace(&format!("{HERE:?}"), number);
                let answer = desk.link.ask_raw(&body);
                let key = field.rsplit('/').next().unwrap();
                let is_u64 = number.parse::<u64>().is_ok();
                let said = is_invalid(&answer, key) || is_invalid(&answer, "number out of range");
                assert!(
                    is_u64 || said || sample.pointer(&field) == Some(&Value::Null),
                    "{body}: {answer:?}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried >= 5 * NUMBERS.len(), "only {tried} numbers");
    server.client().get("/healthz").expect(200);
    server.history();
    server.stop();
    assert!(Program::on(&server.config).ok(&["verify"], "").contains("sound"));
    let server = server.restart();
    server.history();
    let mut desk = Desk::new(&server, &machine);
    assert!(matches!(desk.link.sign_on(sign_on(&desk.token, "session 2")), Outcome::Seat { .. }));
}

#[test]
fn a_number_out_of_range_is_answered_with_field_and_range_and_nothing_is_stored() {
    let server = Server::start(2);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut desk = Desk::new(&server, &machine);
    let samples = samples();
    let sample = |kind: &str| samples.iter().find(|sample| sample["kind"] == kind).unwrap();
    for (kind, field, most) in [
        ("overdraft", "/lasted_ms", OverdraftMs::MAX.get()),
        ("warning_ended", "/idle_s", IdleSeconds::MAX.get()),
        ("renew", "/seats/0/idle_s", IdleSeconds::MAX.get()),
    ] {
        let mut message = desk.spoken_here(sample(kind));
        let before = journal(&server);
        for beyond in [most + 1, 1 << 63, u64::MAX] {
            *message.pointer_mut(field).unwrap() = json!(beyond);
            let answer = desk.link.ask_raw(&message.to_string());
            let key = field.rsplit('/').next().unwrap();
            assert!(is_invalid(&answer, &format!("{key} to be ")), "{answer:?}");
            assert!(is_invalid(&answer, &format!("from 0 to {most}")), "{answer:?}");
        }
        assert_eq!(journal(&server), before, "{kind} was stored");
        *message.pointer_mut(field).unwrap() = json!(most);
        let answer = desk.link.ask_raw(&message.to_string());
        assert!(!matches!(answer, PoolAnswer::Problem { .. }), "{kind} {most}: {answer:?}");
    }
    // The link is the same one, and the pool goes on.
    desk.link.renew(Renewal::default());
    assert_eq!(server.admin().get(&format!("/api/v1/pools/{POOL}")).expect(200)["in_use"], 1);
}

#[test]
fn a_message_whose_number_is_not_the_next_ends_its_link_and_one_that_is_none_ends_nothing() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    for number in NUMBERS.iter().filter(|number| **number != "2") {
        let mut link = Link::up(&server, &machine);
        link.send_text(&format!(r#"{{"type":"message","n":{number},"body":{{"kind":"resync"}}}}"#));
        if number.parse::<u64>().is_ok() {
            assert!(!link.closed().is_empty(), "{number}");
        } else {
            assert_eq!(link.ask(MachineMessage::Resync), PoolAnswer::Done, "{number}");
        }
        server.client().get("/healthz").expect(200);
    }
}
