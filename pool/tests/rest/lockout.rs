//! What strangers type wrong elsewhere locks nobody out at their own enrolled machine.

use std::io::{Read as _, Write as _};
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

/// The status of a log-in of somebody behind a proxy.
fn log_in_from(server: &Server, from: Ipv4Addr, name: &str, password: &str) -> u16 {
    let body = json!({ "email": email(name), "password": password }).to_string();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = format!(
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {from}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// The same server with hashes that take no time, so that a thousand can be tried.
fn with_cheap_passwords(mut server: Server) -> Server {
    server.stop();
    let store = rusqlite::Connection::open(server.config.store_file()).unwrap();
    let params = Params::new(Params::MIN_M_COST, 1, 1, None).unwrap();
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    for name in ["Lucy", "Bill"] {
        let hash = cheap.hash_password_with_salt(password(name).as_bytes(), &[7; 16]).unwrap();
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
    let server = with_cheap_passwords(server);
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
