//! Links that misbehave: a clear end, and nothing changed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use hotseat_protocol::ids::MachineId;
use hotseat_protocol::link::{
    FromPool, LINK_FRAME_BYTES_MAX, MachineMessage, PoolAnswer, Renewal, ToPool,
};
use hotseat_protocol::problem::Code;
use hotseat_protocol::version::{OLDEST_VERSION, PROTOCOL_VERSION};
use serde_json::json;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::socket::{Link, Machine};
use crate::world::{PATIENCE, Server};

fn refused(server: &Server, credential: &str) -> (u16, serde_json::Value) {
    match Link::open(server, credential) {
        Err(error) => match *error {
            Error::Http(response) => {
                let body = response.body().as_deref().unwrap_or_default();
                (response.status().as_u16(), serde_json::from_slice(body).unwrap())
            }
            other => panic!("{other}"),
        },
        Ok(_) => panic!("the link was opened"),
    }
}

#[test]
fn only_an_enrolled_machine_gets_a_link() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let (status, problem) = refused(&server, "hsm_forged");
    assert_eq!((status, &problem["code"]), (401, &json!("not_authenticated")));
    assert!(problem["next"].as_str().unwrap().contains("enroll"), "{problem}");
    let token = std::fs::read_to_string(server.config.admin_token_file()).unwrap();
    assert_eq!(refused(&server, token.trim()).0, 401);
    server.client().get("/api/v1/link").expect(401);
    lucy.get("/api/v1/link").expect(401);

    let machine = Machine::enrol(&server, "desk-1");
    let path = format!("/api/v1/machines/{}", machine.id);
    server.admin().delete(&path).expect(204);
    let (status, problem) = refused(&server, &machine.credential);
    assert_eq!((status, &problem["code"]), (403, &json!("machine_revoked")));
}

#[test]
fn a_greeting_must_fit() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let greet = |id: MachineId, version: u32| {
        let mut link = Link::open(&server, &machine.credential).unwrap();
        link.greet(id, version);
        let Some(FromPool::Refused { problem }) = link.next() else { panic!() };
        assert_eq!(link.closed(), "refused");
        problem.code
    };
    assert_eq!(greet(machine.id, 0), Code::AnotherVersion);
    assert_eq!(greet(MachineId::from_random(1), 1), Code::NotAllowed);
    let mut link = Link::open(&server, &machine.credential).unwrap();
    link.send_raw(Message::Text("{}".into()));
    let Some(FromPool::Refused { problem }) = link.next() else { panic!() };
    assert_eq!(problem.code, Code::Invalid);
    // A newer broker is spoken to in our version, and one of the version before in its own.
    for (theirs, spoken) in [(1000, PROTOCOL_VERSION), (OLDEST_VERSION, OLDEST_VERSION)] {
        let mut link = Link::open(&server, &machine.credential).unwrap();
        link.greet(machine.id, theirs);
        let Some(FromPool::Welcome { version, .. }) = link.next() else { panic!() };
        assert_eq!(version, spoken);
    }
}

#[test]
fn a_bad_frame_is_answered_or_ends_the_link() {
    let server = Server::start(2);
    let machine = Machine::enrol(&server, "desk-1");
    let up = || Link::up(&server, &machine);
    // Its number can be answered.
    let mut link = up();
    let bad = json!({ "type": "message", "n": 2, "body": { "kind": "sign_off", "seat": 7 } });
    link.send_raw(Message::Text(bad.to_string().into()));
    let PoolAnswer::Problem { problem } = link.answer_to(2) else { panic!() };
    assert_eq!(problem.code, Code::Invalid);
    // So can that of a message that is not known here.
    let newer = json!({ "type": "message", "n": 3, "body": { "kind": "dance" } });
    link.send_raw(Message::Text(newer.to_string().into()));
    let PoolAnswer::Problem { problem } = link.answer_to(3) else { panic!() };
    assert_eq!(problem.code, Code::AnotherVersion);

    link.send_raw(Message::Text("what".into()));
    assert_eq!(link.closed(), "a frame is not a JSON object");
    let mut link = up();
    link.send_raw(Message::Binary(vec![1, 2, 3].into()));
    assert_eq!(link.closed(), "frames are text");
    let mut link = up();
    link.send(&ToPool::Message { n: 3, body: MachineMessage::Resync });
    assert_eq!(link.closed(), "messages are not numbered 1, 2, 3");
    let mut link = up();
    link.greet(machine.id, 1);
    assert_eq!(link.closed(), "a second greeting");
    let mut link = up();
    let long = "x".repeat(LINK_FRAME_BYTES_MAX + 1);
    link.send_raw(Message::Text(long.into()));
    let why = link.closed();
    assert!(why.is_empty() || why.contains("too long"), "{why}");
    assert_eq!(server.history().iter().filter(|r| r["what"] == "seat_granted").count(), 0);
    up();
}

#[test]
fn a_connection_that_is_not_http_is_closed_and_hurts_nobody() {
    let server = Server::start(2);
    for hostile in [&b"\0\0\0\0"[..], b"GET / HTTP/9.9\r\n\r\n", &[b'A'; 100_000]] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The server may close it while this is being written.
        let _ = stream.write_all(hostile);
        let _ = stream.write_all(b"\r\n\r\n");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    server.client().get("/readyz").expect(200);
}

#[test]
fn connections_that_say_nothing_hold_up_nobody_not_even_a_stop() {
    let mut server = Server::start(2);
    let silent: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let machine = Machine::enrol(&server, "desk-1");
    let unread = Link::up(&server, &machine);
    server.client().get("/readyz").expect(200);
    server.stop();
    drop((silent, unread));
}

#[test]
fn a_machine_has_few_links_that_say_nothing_and_those_that_count_are_not_among_them() {
    let server = Server::start(2);
    let (machine, other) = (Machine::enrol(&server, "desk-1"), Machine::enrol(&server, "desk-2"));
    let mut at_work = Link::up(&server, &machine);
    let mut silent: Vec<Link> =
        (0..4).map(|_| Link::open(&server, &machine.credential).expect("one of a few")).collect();
    assert_eq!(refused(&server, &machine.credential).0, 429);
    let _others = Link::up(&server, &other);
    at_work.renew(Renewal::default());
    // One that ends makes room for the next.
    let mut ended = silent.pop().unwrap();
    ended.send_text("no greeting");
    ended.closed();
    assert!(Link::open(&server, &machine.credential).is_ok());
}
