//! Seats that passed checks set aside, over real sockets. Time passes only where a test says so.

use std::time::Duration;

use hotseat_protocol::link::{MachineMessage, Outcome, PoolAnswer};
use serde_json::{Value, json};

use crate::command_line::Program;
use crate::socket::{Link, Machine, sign_on};
use crate::world::{Client, POOL, Server, checks, email, fresh, seat_path, seats};

fn holding(seats: u32) -> Server {
    let server = Server::with_own_time(seats);
    server.define(|definition| definition["options"]["provisional_hold_ms"] = json!(5_000));
    server
}

/// A check of an application server for a person, under a fresh id.
fn check(user: &str) -> Value {
    json!({ "request_id": fresh(), "client": "outlook", "user": email(user) })
}

fn pool(client: &Client) -> Value {
    client.get(&format!("/api/v1/pools/{POOL}")).expect(200)
}

fn set_aside(server: &Server) -> u64 {
    pool(&server.admin())["set_aside"].as_u64().unwrap_or(0)
}

#[test]
fn many_checks_of_one_person_set_one_seat_aside_whoever_asks() {
    let server = holding(3);
    let (crm, lucy) = (server.application_server(), server.person("Lucy"));
    let (bill, olaf) = (server.person("Bill"), server.person("Olaf"));
    for _ in 0..10 {
        crm.post(&checks(), &check("Lucy")).expect(200);
        lucy.check("mobile").expect(200);
        assert_eq!(set_aside(&server), 1);
    }
    bill.sign_on("network").expect(201);
    let olafs = olaf.sign_on("network").expect(201);
    assert_eq!(bill.sign_on("network").expect(409)["code"], "pool_full");
    lucy.sign_on("network").expect(201);
    // Of a full pool none could be told as set aside.
    olaf.delete(&seat_path(&olafs)).expect(204);
    assert_eq!(set_aside(&server), 0);
}

#[test]
fn the_only_seat_is_its_persons_from_wherever_they_come() {
    let server = holding(1);
    let (crm, lucy) = (server.application_server(), server.person("Lucy"));
    let bill = server.person("Bill");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    crm.post(&checks(), &check("Lucy")).expect(200);
    // A second check is answered as the first, also over other ways.
    crm.post(&checks(), &check("Lucy")).expect(200);
    lucy.check("mobile").expect(200);
    let asked = MachineMessage::Check {
        request: fresh().parse().unwrap(),
        token: token.clone(),
        pool: POOL.parse().unwrap(),
        client: "outlook".parse().unwrap(),
        operation: None,
    };
    let answer = link.ask(asked);
    assert!(matches!(answer, PoolAnswer::Outcome { outcome: Outcome::Passed }), "{answer:?}");
    bill.check("mobile").expect(409);
    bill.sign_on("network").expect(409);
    // And her own computer has it, although others asked.
    assert!(matches!(link.sign_on(sign_on(&token, "session 1")), Outcome::Seat { .. }));
}

#[test]
fn one_service_cannot_set_a_large_pool_aside() {
    let server = holding(20);
    let crm = server.application_server();
    let names: Vec<String> = (0..11).map(|n| format!("Person{n}")).collect();
    for name in &names {
        server.add_person(name, "concurrent");
    }
    for name in &names[..10] {
        crm.post(&checks(), &check(name)).expect(200);
    }
    let refused = crm.post(&checks(), &check(&names[10]));
    assert_eq!(refused.header("retry-after"), Some("5"));
    let said = refused.expect(429);
    assert_eq!(
        said["detail"],
        "10 seats are set aside by this caller's checks: sign on for those people first."
    );
    assert_eq!(set_aside(&server), 10);
    server.person("Bill").sign_on("network").expect(201);
    // Whoever uses theirs makes room.
    let body = json!({ "request_id": fresh(), "client": "web", "user": email(&names[0]) });
    crm.post(&seats(), &body).expect(201);
    crm.post(&checks(), &check(&names[10])).expect(200);
}

#[test]
fn how_many_are_set_aside_is_told_until_they_are_not() {
    let server = holding(3);
    let (crm, bill) = (server.application_server(), server.person("Bill"));
    server.add_person("Lucy", "concurrent");
    let program = Program::on(&server.config);
    let shows = |line: &str| {
        let said = program.ok(&["pool", "show", POOL], "");
        assert!(said.contains(line), "{said}");
    };
    shows("0 of 3 seats in use, 0 waiting");
    crm.post(&checks(), &check("Lucy")).expect(200);
    shows("0 of 3 seats in use, 1 set aside by a check, 0 waiting");
    bill.check("mobile").expect(200);
    shows("0 of 3 seats in use, 2 set aside by checks, 0 waiting");
    // Everybody sees it, and not for whom.
    let seen = pool(&bill);
    assert_eq!((&seen["set_aside"], &seen["in_use"]), (&json!(2), &json!(0)));
    assert!(!seen.to_string().contains("Lucy"), "{seen}");
    server.advance(Duration::from_secs(5));
    assert_eq!(pool(&bill).get("set_aside"), None);
    shows("0 of 3 seats in use, 0 waiting");
}
