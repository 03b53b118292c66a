//! What strangers type wrong elsewhere locks nobody out at their own enrolled machine.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::json;

use crate::socket::{Link, Machine};
use crate::world::{Server, email, password};

/// Addresses of strangers: more than it takes to use up what one account may fail from anywhere.
const ADDRESSES: u32 = 150;
/// Failures from one address before that alone is told to wait.
const FROM_ONE: u32 = 10;

/// The nth address behind a proxy.
fn address(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(203, 0, 113, 0).to_bits() + n)
}

/// Somebody behind a proxy asks for a log-in.
fn ask_from(server: &Server, from: Ipv4Addr, name: &str, password: &str) -> TcpStream {
    let body = json!({ "email": email(name), "password": password }).to_string();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {from}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// The status of a log-in of somebody behind a proxy.
fn log_in_from(server: &Server, from: Ipv4Addr, name: &str, password: &str) -> u16 {
    let mut answer = String::new();
    ask_from(server, from, name, password).read_to_string(&mut answer).unwrap();
    status(&answer)
}

/// The same server with hashes of these costs for some people.
fn with_hashes(mut server: Server, names: &[&str], costs: Params) -> Server {
    server.stop();
    let store = rusqlite::Connection::open(server.config.store_file()).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, costs);
    for name in names {
        let hash = argon2.hash_password_with_salt(password(name).as_bytes(), &[7; 16]).unwrap();
        let change = "UPDATE person SET password_hash = ?1 WHERE email = ?2";
        let changed = store.execute(change, (hash.to_string(), email(name))).unwrap();
        assert_eq!(changed, 1);
    }
    drop(store);
    server.restart()
}

#[test]
fn strangers_who_lock_an_account_elsewhere_lock_nobody_out_at_an_enrolled_machine() {
    let mut server = Server::with_own_time(2);
    server.config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    for name in ["Lucy", "Bill"] {
        server.add_person(name, "concurrent");
    }
    // They take no time, so that a thousand can be tried.
    let cheap = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let server = with_hashes(server, &["Lucy", "Bill"], cheap);
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    for n in 1..=ADDRESSES {
        for _ in 0..FROM_ONE {
            log_in_from(&server, address(n), "Lucy", "a wrong one");
        }
    }
    let fresh_address = address(ADDRESSES + 1);
    let locked = log_in_from(&server, fresh_address, "Lucy", &password("Lucy"));
    assert_eq!(locked, 429, "elsewhere her account is locked, for the right password too");
    assert_eq!(log_in_from(&server, fresh_address, "Bill", &password("Bill")), 200);
    // At her own machine she comes in, where she never logged in before.
    let token = link.log_in("Lucy");
    assert!(matches!(
        link.sign_on(crate::socket::sign_on(&token, "session 1")),
        hotseat_protocol::link::Outcome::Seat { .. }
    ));
    let locked = log_in_from(&server, fresh_address, "Lucy", &password("Lucy"));
    assert_eq!(locked, 429, "that opens nothing elsewhere");
}

/// More strangers than may wait for a hash.
const STRANGERS: u32 = 900;
/// Strangers who may have their turns while one log-in at a machine passes: far fewer than wait. The
/// very round is shown by the tests of turns; here others may be told while this test is not run.
const ROUNDS: usize = 64;

/// The nth address, each of another network.
fn network(n: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(11, 0, 2, 1).to_bits() + (n << 16))
}

/// A log-in of a stranger, and its answer once that came.
struct Asked {
    stream: TcpStream,
    status: Option<u16>,
}

impl Asked {
    fn look(&mut self) -> Option<u16> {
        if self.status.is_none() {
            let mut answer = [0; 512];
            match self.stream.read(&mut answer) {
                Ok(length) => {
                    self.status = Some(status(&String::from_utf8_lossy(&answer[..length])));
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        self.status
    }
}

#[test]
fn strangers_who_fill_their_places_cost_a_log_in_at_an_enrolled_machine_one_round() {
    let mut server = Server::with_own_time(2);
    server.config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    for name in ["Lucy", "Bill"] {
        server.add_person(name, "concurrent");
    }
    // So that the strangers wait for as long as this test takes.
    let slow = Params::new(48 * 1024, 8, 1, None).unwrap();
    let server = with_hashes(server, &["Bill"], slow);
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let mut flood: Vec<Asked> = Vec::new();
    for n in 0.. {
        assert!(n < STRANGERS, "they never fill their places");
        let stream = ask_from(&server, network(n), "Bill", "a wrong one");
        stream.set_nonblocking(true).unwrap();
        flood.push(Asked { stream, status: None });
        if flood.iter_mut().any(|asked| asked.look() == Some(429)) {
            break;
        }
    }
    // Who finds no place is told so at once, and that costs nobody a turn.
    let mut judged =
        || flood.iter_mut().filter_map(Asked::look).filter(|told| *told == 401).count();
    let before = judged();
    link.log_in("Lucy");
    let meanwhile = judged() - before;
    assert!(meanwhile <= ROUNDS, "{meanwhile} strangers had their turns first");
    let waiting = flood.len() - flood.iter_mut().filter_map(Asked::look).count();
    assert!(waiting > 2 * ROUNDS, "only {waiting} strangers waited");
}
