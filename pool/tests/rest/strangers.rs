//! Callers without credentials may hold what is theirs, and nothing that others need.

use std::io::{Read as _, Write as _};
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

#[test]
fn idle_connections_make_room_for_others() {
    let server = Server::start(1);
    let idle: Vec<TcpStream> =
        (0..HELD).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    server.client().get("/healthz").expect(200);
    let crm = server.application_server();
    crm.get("/api/v1/me").expect(200);
    // The oldest of them was closed.
    let closed = (&idle[0]).read(&mut [0]);
    assert!(matches!(closed, Ok(0)) || closed.is_err(), "{closed:?}");
}
