//! The line over REST: waiting, offers, accepting, declining, lapsing. Time is simulated.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{Client, Server, fresh, seat_path, seats};

fn wait(client: &Client, accept: &str) -> (String, Value) {
    let request = fresh();
    let body = json!({ "request_id": request, "client": "network", "wait": accept });
    (request, client.post(&seats(), &body).expect(202))
}

fn became(client: &Client, request: &str) -> Value {
    client.get(&format!("/api/v1/requests/{request}")).expect(200)
}

fn offer_path(view: &Value, what: &str) -> String {
    format!("/api/v1/offers/{}/{what}", view["offer"]["id"].as_str().unwrap())
}

/// Lucy holds the only seat, Bill and Olaf wait for it.
struct Office {
    server: Server,
    lucy: Client,
    seat: Value,
    bill: Client,
    bills: String,
    olaf: Client,
    olafs: String,
}

fn office() -> Office {
    let server = Server::with_own_time(1);
    let (lucy, bill, olaf) = (server.person("Lucy"), server.person("Bill"), server.person("Olaf"));
    let seat = lucy.sign_on("network").expect(201);
    let (bills, place) = wait(&bill, "ask");
    assert_eq!((&place["became"], &place["rank"]), (&json!("waiting"), &json!(1)));
    let (olafs, place) = wait(&olaf, "auto");
    assert_eq!(place["rank"], 2);
    Office { server, lucy, seat, bill, bills, olaf, olafs }
}

#[test]
fn first_come_first_served_by_asking_and_accepting() {
    let Office { server: _server, lucy, seat, bill, bills, olaf, olafs } = office();
    let refusal = lucy.sign_on("web").expect(409);
    assert_eq!(refusal["waiting"], 2);
    lucy.delete(&seat_path(&seat)).expect(204);
    let offered = became(&bill, &bills);
    assert_eq!(offered["became"], "offered", "{offered}");
    assert_eq!(offered["offer"]["accept"], "ask");
    assert_eq!(became(&olaf, &olafs)["became"], "waiting");
    // What is set aside is nobody else's.
    let refusal = lucy.sign_on("network").expect(409);
    assert_eq!(refusal["code"], "pool_full");
    let detail = refusal["detail"].as_str().unwrap();
    assert!(detail.starts_with("The only seat is set aside. "), "{refusal}");
    olaf.post(&offer_path(&offered, "accept"), &json!({})).expect(403);
    let taken = bill.post(&offer_path(&offered, "accept"), &json!({})).expect(200);
    assert_eq!(taken["became"], "seat");
    assert_eq!(became(&bill, &bills)["id"], taken["id"]);
    // An answer that was lost is asked for again.
    let again = bill.post(&offer_path(&offered, "accept"), &json!({})).expect(200);
    assert_eq!(again["id"], taken["id"]);
}

#[test]
fn a_declined_offer_goes_to_the_next_who_takes_it_by_asking() {
    let Office { server, lucy, seat, bill, bills, olaf, olafs } = office();
    lucy.delete(&seat_path(&seat)).expect(204);
    let offered = became(&bill, &bills);
    bill.post(&offer_path(&offered, "decline"), &json!({})).expect(200);
    bill.post(&offer_path(&offered, "decline"), &json!({})).expect(200);
    bill.post(&offer_path(&offered, "accept"), &json!({})).expect(410);
    let ended = became(&bill, &bills);
    assert_eq!(ended["became"], "ended");
    assert_eq!(ended["end"]["place_end"], "declined");
    server.advance(Duration::from_secs(1));
    assert_eq!(became(&olaf, &olafs)["became"], "seat");
    assert_eq!(olaf.in_use(), 1);
}

#[test]
fn an_offer_that_nobody_answers_lapses_and_goes_to_the_next() {
    let Office { server, lucy, seat, bill, bills, olaf, olafs } = office();
    lucy.delete(&seat_path(&seat)).expect(204);
    let offered = became(&bill, &bills);
    for _ in 0..6 {
        server.advance(Duration::from_secs(10));
        became(&olaf, &olafs);
    }
    // The server moves every end by what it stood still, so the offer may stand a little longer.
    while became(&olaf, &olafs)["became"] != "seat" {
        server.advance(Duration::from_secs(1));
    }
    bill.post(&offer_path(&offered, "accept"), &json!({})).expect(410);
}

#[test]
fn a_place_that_nobody_asks_for_lapses() {
    let Office { server, lucy, seat, bill, bills, olaf, olafs } = office();
    for _ in 0..4 {
        server.advance(Duration::from_secs(20));
        became(&olaf, &olafs);
    }
    let lapsed = became(&bill, &bills);
    assert_eq!(lapsed["end"]["place_end"], "lapsed", "{lapsed}");
    lucy.delete(&seat_path(&seat)).expect(204);
    server.advance(Duration::from_secs(1));
    assert_eq!(became(&olaf, &olafs)["became"], "seat");
}

#[test]
fn who_leaves_the_line_is_passed_over() {
    let Office { server, lucy, seat, bill, bills, olaf, olafs } = office();
    let place = became(&bill, &bills)["id"].as_str().unwrap().to_owned();
    olaf.delete(&format!("/api/v1/places/{place}")).expect(403);
    bill.delete(&format!("/api/v1/places/{place}")).expect(204);
    bill.delete(&format!("/api/v1/places/{place}")).expect(204);
    assert_eq!(became(&olaf, &olafs)["rank"], 1);
    lucy.delete(&seat_path(&seat)).expect(204);
    server.advance(Duration::from_secs(1));
    assert_eq!(became(&olaf, &olafs)["became"], "seat");
}

#[test]
fn fewer_seats_evict_nobody_and_say_who_is_over() {
    let server = Server::start(2);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    lucy.sign_on("network").expect(201);
    let seat = bill.sign_on("network").expect(201);
    let set = server.define(|definition| definition["seats"] = json!(1));
    assert_eq!((&set["in_use"], &set["over"]), (&json!(2), &json!(1)));
    assert_eq!(set["over_holders"][0]["user"], "Bill");
    assert_eq!(lucy.in_use(), 2);
    bill.delete(&seat_path(&seat)).expect(204);
    bill.sign_on("network").expect(409);
    server.define(|definition| definition["seats"] = json!(2));
    bill.sign_on("network").expect(201);
}

#[test]
fn how_long_people_usually_wait_is_told_once_five_have_waited() {
    let server = Server::with_own_time(1);
    let (lucy, bill, olaf) = (server.person("Lucy"), server.person("Bill"), server.person("Olaf"));
    let told = |olaf: &Client| {
        let refusal = olaf.sign_on("network").expect(409)["usually_waits_s"].clone();
        let pool = olaf.get("/api/v1/pools/infor-crm").expect(200)["usually_waits_s"].clone();
        assert_eq!(refusal, pool, "one truth, wherever it is read");
        refusal
    };
    let mut seat = lucy.sign_on("network").expect(201);
    let (mut holder, mut waiter) = (&lucy, &bill);
    for seconds in [30, 10, 40, 20, 50] {
        assert_eq!(told(&olaf), Value::Null, "fewer than five say nothing");
        let (request, _) = wait(waiter, "auto");
        server.advance(Duration::from_secs(seconds));
        holder.delete(&seat_path(&seat)).expect(204);
        seat = became(waiter, &request);
        assert_eq!(seat["became"], "seat", "{seat}");
        (holder, waiter) = (waiter, holder);
    }
    assert_eq!(told(&olaf), json!([20, 40]));
    // Learnt anew after a start.
    let server = server.restart();
    assert_eq!(told(&server.log_in("Olaf")), Value::Null);
}
