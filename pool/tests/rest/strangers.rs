//! Callers without credentials may hold what is theirs, and nothing that others need.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpSocket;

use crate::world::{Server, email, fresh, seat_path, seats};

/// Connections that strangers of one address may have, and half of those of all of them.
const OF_ONE_ADDRESS_MAX: usize = 1_024;
/// More connections than strangers may have.
const HELD: usize = 2_100;
/// How long the rest of a body is waited for.
const BODY_WITHIN: Duration = Duration::from_secs(5);

/// A log-in of which all but the first byte of its body is to come; the server waits for that when
/// this returns. Where an address of the computer's own network is not to be had, it is the usual.
fn half_sent(server: &Server, own: [u8; 4]) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        let _ = socket.bind((own, 0).into());
        socket.connect(server.address).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    let head = "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    (&stream).write_all(head.as_bytes()).unwrap();
    let mut said = [0; 25];
    (&stream).read_exact(&mut said).unwrap();
    assert!(said.starts_with(b"HTTP/1.1 100 "), "the server waits for the body");
    (&stream).write_all(b"{").unwrap();
    stream
}

#[test]
fn half_sent_bodies_keep_nobody_from_renewing_and_signing_off() {
    // Time passes only where this test says so: nothing is ended because the computer is slow.
    let server = Server::with_own_time(100);
    let crm = server.application_server();
    let seats: Vec<_> = (0..25)
        .map(|n| {
            let name = format!("P{n}");
            server.add_person(&name, "concurrent");
            let body = json!({ "request_id": fresh(), "client": "network", "user": email(&name) });
            crm.post(&seats(), &body).expect(201)
        })
        .collect();
    // All that strangers may have, of two addresses, as a half is all that one may.
    let held: Vec<TcpStream> = [[127, 0, 0, 1], [127, 0, 0, 2]]
        .into_iter()
        .flat_map(|own| (0..OF_ONE_ADDRESS_MAX).map(move |_| own))
        .map(|own| half_sent(&server, own))
        .collect();
    let mut answers = 0;
    for seat in &seats {
        let claim = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
        crm.post("/api/v1/seats/renew", &claim).expect(200);
        crm.get("/healthz").expect(200);
        crm.post("/api/v1/seats/renew", &claim).expect(200);
        crm.delete(&seat_path(seat)).expect(204);
        answers += 4;
    }
    assert_eq!(answers, 100);
    for stream in &held {
        stream.set_nonblocking(true).unwrap();
        assert!(!is_closed(stream), "one was ended before the hundredth answer");
    }
    // Those who sent half are ended by their time, and not before. Whoever asked something now
    // would come in place of one of them.
    server.pass(BODY_WITHIN);
    for mut stream in held {
        stream.set_nonblocking(false).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

/// Requests of one known caller whose bodies may be under way.
const OF_ONE_CALLER_MAX: usize = 128;
/// Longer than a known caller's body may take.
const KNOWN_BODY_WITHIN: Duration = Duration::from_secs(10);

/// A renewal by this token of which the body is to come, and the status that was answered first.
fn half_a_renewal(server: &Server, token: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /api/v1/seats/renew HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let status = status(&mut stream);
    (stream, status)
}

fn status(stream: &mut TcpStream) -> String {
    let mut answer = [0; 512];
    let length = stream.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn halves_of_a_known_caller_are_few_and_end_and_keep_nobody_else() {
    let server = Server::with_own_time(2);
    let lucy = server.person("Lucy");
    let crm = server.application_server();
    let token = lucy.token().unwrap();
    let held: Vec<TcpStream> = (0..OF_ONE_CALLER_MAX)
        .map(|_| {
            let (stream, first) = half_a_renewal(&server, token);
            assert_eq!(first, "100", "the server waits for the body");
            stream
        })
        .collect();
    let (_, one_more) = half_a_renewal(&server, token);
    assert_eq!(one_more, "503");
    crm.post("/api/v1/seats/renew", &json!([])).expect(200);
    lucy.get("/api/v1/me").expect(200);
    server.pass(KNOWN_BODY_WITHIN);
    for mut stream in held {
        assert_eq!(status(&mut stream), "408");
    }
    lucy.post("/api/v1/seats/renew", &json!([])).expect(200);
}

/// Answers to others by which whatever made room is closed.
const ROUND_TRIPS_MAX: usize = 100;

/// A connection that has asked something, and stays.
fn idle(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = [0; 512];
    let length = stream.read(&mut answer).unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200 "), "the newest is served");
    stream.set_nonblocking(true).unwrap();
    stream
}

/// Whether the server has closed it; what it answered before is read first.
fn is_closed(mut stream: &TcpStream) -> bool {
    loop {
        match stream.read(&mut [0; 512]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

#[test]
fn idle_connections_make_room_for_others() {
    let server = Server::start(1);
    let crm = server.application_server();
    let idle: Vec<TcpStream> = (0..HELD).map(|_| idle(&server)).collect();
    // An idle connection is closed by itself after more than a minute, and the newest last. Those
    // that made room are closed while the server answers others.
    let closed = || idle.iter().position(|stream| !is_closed(stream)).expect("the newest is open");
    for _ in 0..ROUND_TRIPS_MAX {
        crm.get("/api/v1/me").expect(200);
        if closed() >= HELD - OF_ONE_ADDRESS_MAX {
            break;
        }
    }
    let closed = closed();
    assert!(closed >= HELD - OF_ONE_ADDRESS_MAX, "only the oldest {closed} made room");
    assert!(!is_closed(&idle[HELD - 1]), "the newest made room");
}
