//! What one caller may leave behind where all that it asks succeeds, over real sockets. Time passes
//! only where a test says so, so that no budget fills while a loop runs.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use hotseat_pool::engine::spending::PERSON;
use hotseat_protocol::ids::RequestId;
use hotseat_protocol::link::{FromPool, MachineMessage, Outcome, PoolAnswer};
use hotseat_protocol::problem::Code;
use hotseat_protocol::reason::ReleaseReason;
use serde_json::json;

use crate::socket::{Link, Machine, sign_on};
use crate::world::{Answer, Client, Server, email, fresh, seat_path, seats};

/// Callers side by side, so that their commits share the disk's turns.
const THREADS: usize = 8;

/// Signs on and off until the server says to wait; the answer that said so.
fn loops_until_told_to_wait(client: &Client, rounds: &AtomicU32) -> Answer {
    loop {
        let answer = client.sign_on("network");
        if answer.status == 429 {
            return answer;
        }
        let seat = answer.expect(201);
        let round = rounds.fetch_add(1, Ordering::Relaxed);
        assert!(round < PERSON.burst, "nobody says to wait");
        client.delete(&seat_path(&seat)).expect(204);
    }
}

#[test]
fn one_persons_loop_is_told_to_wait_and_nobody_else_is() {
    let server = Server::with_own_time(100);
    let (lucy, bill, crm) =
        (server.person("Lucy"), server.person("Bill"), server.application_server());
    let kept = lucy.sign_on("network").expect(201);
    let rounds = AtomicU32::new(1);
    let told: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| loops_until_told_to_wait(&lucy, &rounds)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(rounds.into_inner(), PERSON.burst);
    let every = PERSON.every.as_secs();
    for answer in told {
        let wait: u64 = answer.header("retry-after").expect("when to ask again").parse().unwrap();
        assert!((1..=every).contains(&wait), "{answer:?}");
        assert_eq!(answer.body["code"], "too_many");
    }
    // What she has is hers, and can be given back.
    let claim = json!([{ "id": kept["id"], "epoch": kept["epoch"] }]);
    assert!(lucy.post("/api/v1/seats/renew", &claim).expect(200)[0]["lease_ms"].is_u64());
    lucy.get("/api/v1/me").expect(200);
    lucy.delete(&seat_path(&kept)).expect(204);
    lucy.sign_on("network").expect(429);
    // Others are served, and so is she where somebody else asks for her.
    bill.sign_on("network").expect(201);
    let body = json!({ "request_id": fresh(), "client": "web", "user": email("Lucy") });
    crm.post(&seats(), &body).expect(201);
    server.advance(PERSON.every);
    lucy.sign_on("network").expect(201);
    lucy.sign_on("network").expect(429);
}

/// The answers to these messages, which are sent before the first is read.
fn answers(link: &mut Link, messages: impl Iterator<Item = MachineMessage>) -> Vec<PoolAnswer> {
    let count = messages.map(|message| link.say(message)).count();
    let mut answers = Vec::new();
    while answers.len() < count {
        if let FromPool::Answer { answer, .. } = link.next().expect("the link is up") {
            answers.push(answer);
        }
    }
    answers
}

#[test]
fn a_machines_made_up_cancels_are_told_to_wait_and_its_people_are_not() {
    let server = Server::with_own_time(2);
    server.add_person("Lucy", "concurrent");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    let cancel = || MachineMessage::Cancel {
        request: RequestId::from_random(hotseat_pool::fresh::bits()),
        reason: ReleaseReason::ApplicationExited,
    };
    let (mut done, mut refused) = (0, 0);
    while refused == 0 {
        for answer in answers(&mut link, (0..200).map(|_| cancel())) {
            match answer {
                PoolAnswer::Done => {
                    done += 1;
                    assert!(done <= PERSON.burst, "nobody says to wait");
                }
                PoolAnswer::Problem { problem } => {
                    assert_eq!(problem.code, Code::TooMany, "{problem:?}");
                    refused += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(done, PERSON.burst);
    // A cancel that ends something is never limited.
    let wanted = sign_on(&token, "session 1");
    let request = wanted.request;
    assert!(matches!(link.sign_on(wanted), Outcome::Seat { .. }));
    let reason = ReleaseReason::ApplicationExited;
    assert_eq!(link.ask(MachineMessage::Cancel { request, reason }), PoolAnswer::Done);
    assert_eq!(server.admin().in_use(), 0);
    server.advance(PERSON.every + Duration::from_secs(1));
    assert_eq!(link.ask(cancel()), PoolAnswer::Done);
}

#[test]
fn a_seat_that_a_check_found_free_is_there_for_the_sign_on_that_follows() {
    let server = Server::with_own_time(1);
    server.define(|definition| definition["options"]["provisional_hold_ms"] = json!(5_000));
    let (crm, bill) = (server.application_server(), server.person("Bill"));
    server.add_person("Lucy", "concurrent");
    let check = json!({ "request_id": fresh(), "client": "web", "user": email("Lucy") });
    let checks = crate::world::checks();
    crm.post(&checks, &check).expect(200);
    let full = bill.sign_on("network").expect(409);
    assert_eq!(full["code"], "pool_full");
    assert_eq!(full["detail"], "The only seat is set aside. You would be next.");
    bill.check("mobile").expect(409);
    let mut body = json!({ "request_id": fresh(), "client": "web", "user": email("Lucy") });
    body["after_check"] = check["request_id"].clone();
    let seat = crm.post(&seats(), &body).expect(201);
    crm.delete(&seat_path(&seat)).expect(204);
    // It lasts as long as the pool says, and no longer.
    let check = json!({ "request_id": fresh(), "client": "outlook", "user": email("Lucy") });
    crm.post(&checks, &check).expect(200);
    server.advance(Duration::from_secs(4));
    bill.sign_on("network").expect(409);
    server.advance(Duration::from_secs(1));
    bill.sign_on("network").expect(201);
    for wrong in [999, 60_001] {
        let path = format!("/api/v1/pools/{}", crate::world::POOL);
        let mut definition = server.admin().get(&path).expect(200)["definition"].take();
        definition["options"]["provisional_hold_ms"] = json!(wrong);
        let said = server.admin().put(&path, &definition).expect(422);
        assert!(said["detail"].as_str().unwrap().contains("provisional_hold"), "{said}");
    }
}

#[test]
fn history_says_who_of_the_administrators_and_services_acted() {
    let server = Server::start(2);
    let (lucy, crm) = (server.person("Lucy"), server.application_server());
    let body = json!({ "request_id": fresh(), "client": "web", "user": email("Lucy") });
    let seat = crm.post(&seats(), &body).expect(201);
    let path = format!("/api/v1/seats/{}/reclaim", seat["id"].as_str().unwrap());
    server.admin().post(&path, &json!({ "note": "licence audit" })).expect(204);
    let by = |what: &str| {
        let records = server.history();
        let found = records.iter().find(|record| record["what"] == what);
        found.map(|record| record["by"].clone()).unwrap_or_default()
    };
    assert_eq!(by("user_added"), "admin token");
    assert_eq!(by("seat_granted"), "crm");
    assert_eq!(by("seat_released"), "admin token");
    // She hears that it was an administrator, and not which.
    let own = lucy.get("/api/v1/me/history").expect(200);
    let records = own["records"].as_array().unwrap();
    let released = records.iter().find(|record| record["what"] == "seat_released").unwrap();
    assert_eq!(released["by"], "an administrator", "{released}");
}
