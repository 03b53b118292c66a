//! Callers without credentials may hold what is theirs, and nothing that others need.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::world::{Server, email, fresh, seat_path, seats};

/// More than strangers may have, and more than requests could once be in flight.
const HELD: usize = 2_100;

/// A log-in of which all but the first byte of its body is to come.
fn half_sent(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    // One that was closed to make room is no error of this test.
    let _ = stream.write_all(head.as_bytes());
    stream
}

#[test]
fn half_sent_bodies_keep_nobody_from_renewing_and_signing_off() {
    let server = Server::start(100);
    let crm = server.application_server();
    let seats: Vec<_> = (0..20)
        .map(|n| {
            let name = format!("P{n}");
            server.add_person(&name, "concurrent");
            let body = json!({ "request_id": fresh(), "client": "network", "user": email(&name) });
            crm.post(&seats(), &body).expect(201)
        })
        .collect();
    let held: Vec<TcpStream> = (0..HELD).map(|_| half_sent(&server)).collect();
    for seat in &seats {
        let claim = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
        for _ in 0..5 {
            crm.post("/api/v1/seats/renew", &claim).expect(200);
            server.client().get("/healthz").expect(200);
        }
        crm.delete(&seat_path(seat)).expect(204);
    }
    // Those who sent half are let go by themselves.
    for mut stream in held {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}

/// More connections than strangers of one address may have: what is beyond is closed.
const OF_ONE_ADDRESS_MAX: usize = 1_024;

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
