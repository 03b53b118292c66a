//! What a web page can make a browser send, and what somebody else can type, costs nobody.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use hotseat_protocol::bounded_text::TypedPassword;
use hotseat_protocol::ids::Secret;
use hotseat_protocol::link::{MachineMessage, PoolAnswer};
use hotseat_protocol::problem::Code;
use serde_json::json;

use crate::socket::{Link, Machine};
use crate::world::{PATIENCE, Server, email, password};

/// The status of an answer to a request as it stands here.
fn status(server: &Server, lines: &[&str], body: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = lines.join("\r\n");
    let length = body.len();
    let request = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_web_page_reaches_nothing() {
    let server = Server::start(1);
    server.add_person("Lucy", "concurrent");
    let body = json!({ "email": email("Lucy"), "password": password("Lucy") }).to_string();
    let log_in = |host: &str, lines: &[&str]| {
        let host = format!("Host: {host}");
        let lines = [&["POST /api/v1/login HTTP/1.1", host.as_str()], lines].concat();
        status(&server, &lines, &body)
    };
    let json = "Content-Type: application/json";
    assert_eq!(log_in("127.0.0.1", &[json]), 200);
    assert_eq!(log_in("localhost:7480", &["Content-Type: application/json; charset=utf-8"]), 200);
    for form in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(log_in("127.0.0.1", &[&format!("Content-Type: {form}")]), 415, "{form}");
    }
    assert_eq!(log_in("127.0.0.1", &[]), 415);
    assert_eq!(log_in("rebound.example", &[json]), 421);
    assert_eq!(log_in("127.0.0.1", &[json, "Origin: https://evil.example"]), 403);
    assert_eq!(log_in("127.0.0.1", &[json, "Origin: null"]), 403);
    let preflight = |line: &str| {
        let lines = ["OPTIONS /api/v1/login HTTP/1.1", "Host: 127.0.0.1", line];
        status(&server, &lines, "")
    };
    assert_eq!(preflight("Access-Control-Request-Private-Network: true"), 403);
    assert_eq!(preflight("Origin: https://evil.example"), 403);
}

#[test]
fn no_web_page_opens_a_brokers_link() {
    let server = Server::start(1);
    let machine = Machine::enrol(&server, "desk");
    let bearer = format!("Authorization: Bearer {}", machine.credential);
    let link = |lines: &[&str]| {
        let opened = ["GET /api/v1/link HTTP/1.1", "Host: 127.0.0.1", bearer.as_str()];
        status(&server, &[&opened, lines].concat(), "")
    };
    assert_eq!(link(&["Origin: http://127.0.0.1"]), 403);
    // Not a WebSocket, but taken for what it is.
    assert_ne!(link(&[]), 403);
}

#[test]
fn what_others_type_wrong_never_locks_her_out_at_her_machine() {
    let server = Server::with_own_time(1);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk");
    let mut link = Link::up(&server, &machine);
    for n in 0..30 {
        let body = json!({ "email": email("Lucy"), "password": format!("guess {n}") });
        let status = server.client().post("/api/v1/login", &body).status;
        assert_eq!(status, if n < 10 { 401 } else { 429 });
    }
    let mut log_in = |os_user: &str, password: &str| {
        link.ask(MachineMessage::LogIn {
            email: email("Lucy").parse().unwrap(),
            password: TypedPassword::new(Secret::new(password)).unwrap(),
            os_user: Some(os_user.parse().unwrap()),
        })
    };
    // Somebody else at the same machine.
    for n in 0..30 {
        let PoolAnswer::Problem { problem } = log_in("1001", "a guess") else { panic!("let in") };
        assert_eq!(problem.code, if n < 10 { Code::WrongPassword } else { Code::TooMany });
    }
    let answer = log_in("1000", &password("Lucy"));
    assert!(matches!(answer, PoolAnswer::LoggedIn { .. }), "{answer:?}");
}

#[test]
fn nobody_invents_an_address() {
    let server = Server::with_own_time(1);
    let body = json!({ "email": email("Lucy"), "password": "a guess" }).to_string();
    for n in 0..11 {
        let forwarded = format!("X-Forwarded-For: 192.0.2.{n}");
        let lines = [
            "POST /api/v1/login HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            &forwarded,
        ];
        assert_eq!(status(&server, &lines, &body), if n < 10 { 401 } else { 429 });
    }
}
