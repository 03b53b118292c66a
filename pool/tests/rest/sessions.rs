//! Seats kept by calls: how long they live, and who may speak about them. Time is simulated.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Client, Server, fresh, seat_path, seats};

const MINUTE: Duration = Duration::from_secs(60);

fn renew(client: &Client, seat: &Value) -> Value {
    let items = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
    client.post("/api/v1/seats/renew", &items).expect(200)[0].clone()
}

#[test]
fn a_web_seat_is_freed_twenty_minutes_after_its_last_renewal_and_not_before() {
    let server = Server::with_own_time(2);
    let crm = server.application_server();
    server.add_person("Lucy", "concurrent");
    let body = json!({ "request_id": fresh(), "client": "web", "user": "lucy@finance.example" });
    let seat = crm.post(&seats(), &body).expect(201);
    assert_eq!(seat["lease_ms"], 20 * 60 * 1000);

    server.advance(15 * MINUTE);
    assert_eq!(renew(&crm, &seat)["lease_ms"], 20 * 60 * 1000);
    server.advance(20 * MINUTE - Duration::from_secs(1));
    assert_eq!(crm.in_use(), 1);
    server.advance(Duration::from_secs(1));
    assert_eq!(crm.in_use(), 0);

    let gone = renew(&crm, &seat);
    assert_eq!(gone["gone"]["reason"], "session_time_out", "{gone}");
    let released: Vec<Value> = server.history();
    let released = released.iter().find(|record| record["what"] == "seat_released").unwrap();
    assert_eq!(released["reason"], "session_time_out");
    assert_eq!(released["user"], "Lucy");
    assert_eq!(released["client"], "web");
    assert_eq!(released["pool"], "infor-crm");
}

#[test]
fn the_time_out_is_the_pools_to_set() {
    let server = Server::with_own_time(2);
    server.define(|definition| definition["clients"]["web"]["session_timeout_ms"] = json!(60_000));
    let lucy = server.person("Lucy");
    lucy.sign_on("web").expect(201);
    server.advance(MINUTE - Duration::from_secs(1));
    assert_eq!(lucy.in_use(), 1);
    server.advance(Duration::from_secs(1));
    assert_eq!(lucy.in_use(), 0);
}

#[test]
fn a_client_without_a_time_out_gets_the_one_of_calls() {
    let server = Server::with_own_time(2);
    server.define(|definition| definition["calls_timeout_ms"] = json!(120_000));
    let lucy = server.person("Lucy");
    let seat = lucy.sign_on("network").expect(201);
    assert_eq!(seat["lease_ms"], 120_000);
    server.advance(2 * MINUTE);
    assert_eq!(lucy.in_use(), 0);
}

#[test]
fn what_is_said_about_an_older_epoch_changes_nothing() {
    let server = Server::start(2);
    let crm = server.application_server();
    server.add_person("Lucy", "concurrent");
    let sign_on = || {
        let body = json!({
            "request_id": fresh(),
            "client": "web",
            "user": "lucy@finance.example",
            "session": "tab 1",
        });
        crm.post(&seats(), &body).expect(201)
    };
    let first = sign_on();
    let second = sign_on();
    // The same key returns the same seat, under a newer epoch.
    assert_eq!(first["id"], second["id"]);
    assert_ne!(first["epoch"], second["epoch"]);
    assert_eq!(crm.in_use(), 1);

    assert_eq!(crm.delete(&seat_path(&first)).expect(410)["code"], "ended");
    let gone = renew(&crm, &first);
    assert_eq!(gone["gone"]["reason"], "superseded", "{gone}");
    let keep = format!("/api/v1/seats/{}/keep", first["id"].as_str().unwrap());
    let older = crm.post(&keep, &json!({ "epoch": first["epoch"] })).expect(410);
    assert_eq!(older["code"], "ended");
    assert_eq!(crm.in_use(), 1);
    assert!(renew(&crm, &second)["lease_ms"].is_u64());
    crm.post(&keep, &json!({ "epoch": second["epoch"] })).expect(200);
    crm.raw("POST", &keep, "").expect(200);
    crm.delete(&seat_path(&second)).expect(204);
    crm.post(&keep, &json!({})).expect(410);
}

#[test]
fn nobody_speaks_about_somebody_elses_seat() {
    let server = Server::start(2);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let seat = lucy.sign_on("network").expect(201);
    assert_eq!(bill.delete(&seat_path(&seat)).expect(403)["code"], "not_allowed");
    let items = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
    bill.post("/api/v1/seats/renew", &items).expect(403);
    let reclaim = format!("/api/v1/seats/{}/reclaim", seat["id"].as_str().unwrap());
    bill.post(&reclaim, &json!({})).expect(403);
    assert_eq!(lucy.in_use(), 1);

    let note = "month-end closing";
    server.admin().post(&reclaim, &json!({ "note": note })).expect(204);
    assert_eq!(lucy.in_use(), 0);
    let gone = renew(&lucy, &seat);
    assert_eq!(gone["gone"]["reason"], "reclaimed");
    assert_eq!(gone["gone"]["note"], note);
    assert_eq!(gone["gone"]["by"], "an administrator");
}

#[test]
fn a_pause_of_the_pool_ends_nothing_that_is_renewed_after_it() {
    let server = Server::with_own_time(2);
    let lucy = server.person("Lucy");
    let seat = lucy.sign_on("web").expect(201);
    server.advance(19 * MINUTE);
    server.pause(60 * MINUTE);
    assert_eq!(lucy.in_use(), 1);
    assert!(renew(&lucy, &seat)["lease_ms"].is_u64());
    server.advance(20 * MINUTE);
    assert_eq!(lucy.in_use(), 0);
}

#[test]
fn a_jump_of_the_wall_clock_ends_nothing() {
    let server = Server::with_own_time(2);
    let lucy = server.person("Lucy");
    lucy.sign_on("web").expect(201);
    server.set_wall(2_000_000_000_000);
    server.advance(MINUTE);
    assert_eq!(server.admin().in_use(), 1);
}

#[test]
fn my_seats_are_mine_to_see() {
    let server = Server::start(2);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let seat = lucy.sign_on("web").expect(201);
    let me = lucy.get("/api/v1/me").expect(200);
    assert_eq!(me["user"]["email"], "lucy@finance.example");
    assert_eq!(me["seats"][0]["id"], seat["id"]);
    assert_eq!(me["seats"][0]["epoch"], seat["epoch"]);
    assert_eq!(bill.get("/api/v1/me").expect(200)["seats"], json!([]));
    // Colleagues see who holds a seat, and nothing by which they could speak about it.
    let pool = bill.get("/api/v1/pools/infor-crm").expect(200);
    assert_eq!(pool["holders"][0]["user"], "Lucy");
    let text = pool.to_string();
    assert!(!text.contains(seat["id"].as_str().unwrap()), "{text}");
    assert!(!text.contains(seat["epoch"].as_str().unwrap()), "{text}");
}
