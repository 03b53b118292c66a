//! What can be sent that is no good request, and what it is answered: always a problem.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::world::{PATIENCE, Server, fresh};

const PROBLEM: &str = "application/problem+json";
/// Longer than any head may be.
const PIECE_BYTES: usize = 100_000;

/// An answer as it was sent.
#[derive(Debug)]
struct Raw {
    status: u16,
    head: String,
    body: String,
}

impl Raw {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no answer: {text:?}"));
        Self { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn expect_problem(&self, status: u16, sent: &str) {
        let sent: String = sent.chars().take(80).collect();
        assert_eq!(self.status, status, "{sent:?}: {self:?}");
        assert!(self.head.contains(&format!("content-type: {PROBLEM}")), "{sent:?}: {self:?}");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], status, "{sent:?}");
        for key in ["code", "title", "detail", "next"] {
            assert!(problem[key].as_str().is_some_and(|text| !text.is_empty()), "{sent:?}: {key}");
        }
    }
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// How long the server takes what comes after its answer.
const REST_WITHIN: Duration = Duration::from_secs(2);

/// Sends bytes, in pieces, and reads to the end of the connection. The server refuses some of it
/// after the first piece, and goes on taking the rest for a while: a connection that is reset may
/// lose the answer. Only where this was not run for that long may it be reset.
#[expect(clippy::disallowed_methods, reason = "tells how long this was not run")]
fn send(server: &Server, bytes: &[u8]) -> String {
    let mut stream = connect(server);
    let began = Instant::now();
    let mut answer = Vec::new();
    let told: String = String::from_utf8_lossy(bytes).chars().take(80).collect();
    let excuse = |done: io::Result<usize>| {
        if let Err(error) = done {
            assert!(began.elapsed() >= REST_WITHIN, "{told:?}: {error}");
        }
    };
    let mut pieces = bytes.chunks(PIECE_BYTES);
    excuse(stream.write_all(pieces.next().unwrap_or_default()).map(|()| 0));
    for piece in pieces {
        // It may be answered already, or wait for more.
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut first = [0; 1024];
        let length = stream.read(&mut first).unwrap_or_default();
        answer.extend_from_slice(&first[..length]);
        excuse(stream.write_all(piece).map(|()| 0));
    }
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    excuse(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request whose connection ends with it.
fn request(line: &str, headers: &str, body: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n{body}")
}

#[test]
fn whatever_is_sent_is_answered_with_a_problem() {
    let server = Server::start(1);
    let admin = server.admin();
    let token = format!("Authorization: Bearer {}\r\n", admin.token().unwrap());
    let json = "Content-Type: application/json\r\n";
    let with_body = |length: usize| format!("{token}{json}Content-Length: {length}\r\n");
    let long = "x".repeat(300_000);
    let headers: String = (0..120).map(|n| format!("X-{n}: 1\r\n")).collect();
    let login = "POST /api/v1/login";
    for (sent, status) in [
        // What the HTTP library cannot read.
        ("what\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/9.9\r\n\r\n".to_owned(), 400),
        // Who names no host, or more than one, or a user before it.
        ("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 400),
        ("GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 400),
        ("GET /api/v1/link HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(), 400),
        (request("GET /healthz", "Host: localhost\r\n", ""), 400),
        (request("GET http://evil@localhost/healthz", "", ""), 400),
        (
            format!(
                "GET /healthz HTTP/1.1\r\nHost: evil@{}\r\nConnection: close\r\n\r\n",
                server.address
            ),
            400,
        ),
        ("GET /\u{1} HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nno header\r\n\r\n".to_owned(), 400),
        ("G@T / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), 400),
        (request(login, "Content-Length: -1\r\n", ""), 400),
        (request(&format!("GET /{}", &long[..65_535]), "", ""), 414),
        (request(&format!("GET /{long}"), "", ""), 431),
        (request("GET /healthz", &format!("X: {long}\r\n"), ""), 431),
        (request("GET /healthz", &headers, ""), 431),
        // What nobody is there for.
        (request("GET /", "", ""), 404),
        (request("OPTIONS *", "", ""), 404),
        (request("CONNECT localhost:80", "", ""), 404),
        (request("BREW /healthz", "", ""), 405),
        (request("GET /api/v1/link", &token, ""), 401),
        // Bodies.
        (request(login, json, ""), 400),
        (request(login, &format!("{json}Content-Length: 1\r\n"), "{"), 400),
        (request(login, "Content-Type: text/plain\r\nContent-Length: 2\r\n", "{}"), 415),
        (request(login, &format!("{json}Content-Length: 300000\r\n"), &long), 413),
        (request("POST /api/v1/users", &with_body(300_000), &long), 413),
        (request(login, &format!("{json}Content-Length: 2\r\n"), "{}"), 422),
        // Who asks, and whom.
        (request("GET /api/v1/me", "", ""), 401),
        (request("GET /healthz", "Origin: http://evil.example\r\n", ""), 403),
        (
            "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".to_owned(),
            421,
        ),
    ] {
        let answer = send(&server, sent.as_bytes());
        assert!(!answer.is_empty(), "no answer to {:?}", &sent[..sent.len().min(80)]);
        Raw::parse(&answer).expect_problem(status, &sent);
    }
    // Answers to earlier requests go before it.
    let both = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nwhat\r\n\r\n";
    let answers = send(&server, both.as_bytes());
    let (first, second) = answers.split_at(answers.rfind("HTTP/1.1 ").unwrap());
    assert_eq!(Raw::parse(first).status, 200, "{answers}");
    Raw::parse(second).expect_problem(400, both);
    // The only bytes that are closed upon without a word.
    assert_eq!(send(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "");
    server.client().get("/readyz").expect(200);
}

/// Reads one answer of a connection that stays open.
fn one(stream: &mut TcpStream) -> Raw {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "the connection was closed");
        read.push(byte[0]);
    }
    let mut raw = Raw::parse(std::str::from_utf8(&read).unwrap());
    let length = raw.head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    raw.body = String::from_utf8(body).unwrap();
    raw
}

#[test]
fn a_body_that_nobody_asked_for_costs_no_caller_the_answer() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    let token = lucy.token().unwrap();
    for (line, status) in [
        ("GET /api/v1/me".to_owned(), 200),
        ("GET /api/v1/nothing".to_owned(), 404),
        (format!("DELETE /api/v1/places/{}", fresh()), 204),
        (format!("DELETE /api/v1/seats/{}", fresh()), 422),
        ("GET /healthz".to_owned(), 200),
        ("GET /api/v1/users".to_owned(), 403),
    ] {
        let mut stream = connect(&server);
        let head = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 4\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The answer needs no body, so it may come first.
        assert_eq!(one(&mut stream).status, status, "{line}");
        stream.write_all(b"null").unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        assert_eq!(one(&mut stream).status, 200, "{line}: the next request on the connection");
    }
}
