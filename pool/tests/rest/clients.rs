//! The six clients, each with its rule and its message, against a free and a full pool; and what
//! a refusal says.

use serde_json::{Value, json};

use crate::world::{Client, Server, checks, fresh, seats};

/// Client, whether it holds, operation, and the fixed message when refused.
const CLIENTS: [(&str, bool, Option<&str>, Option<&str>); 10] = [
    ("network", true, None, Some("there are no concurrent licenses available for use")),
    ("web", true, None, Some("no Valid Concurrent User license available")),
    ("mobile", false, None, Some("the user name or password is invalid")),
    ("xbar", false, None, Some("one or more errors occurred")),
    ("outlook", false, None, None),
    ("outlook", false, Some("log-in"), None),
    ("outlook", false, Some("synchronise"), None),
    (
        "outlook",
        false,
        Some("send-to-crm"),
        Some(
            "could not process \u{2018}Send To CRM\u{2019} message: The username or password is incorrect",
        ),
    ),
    ("sdata", false, None, None),
    ("sdata", false, Some("log-in"), None),
];

fn body(client: &str, operation: Option<&str>, user: &str) -> Value {
    let mut body = json!({ "request_id": fresh(), "client": client, "user": user });
    if let Some(operation) = operation {
        body["operation"] = json!(operation);
    }
    body
}

/// Lucy and Bill have the two seats.
fn full(server: &Server) -> (Client, Client) {
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    lucy.sign_on("network").expect(201);
    bill.sign_on("web").expect(201);
    (lucy, bill)
}

#[test]
fn in_a_free_pool_holders_get_a_seat_and_checks_pass_and_consume_nothing() {
    let server = Server::start(2);
    let crm = server.application_server();
    let lucy = server.person("Lucy");
    for (client, holds, operation, _) in CLIENTS {
        let body = body(client, operation, "lucy@finance.example");
        if holds {
            let seat = crm.post(&seats(), &body).expect(201);
            assert_eq!(lucy.in_use(), 1, "{client}");
            crm.delete(&crate::world::seat_path(&seat)).expect(204);
        } else {
            let verdict = crm.post(&checks(), &body).expect(200);
            assert_eq!(verdict, json!({ "pass": true }), "{client}");
        }
        assert_eq!(lucy.in_use(), 0, "{client} {operation:?}");
    }
}

#[test]
fn in_a_full_pool_each_is_refused_with_its_message_and_the_truth() {
    let server = Server::start(2);
    let crm = server.application_server();
    full(&server);
    server.person("Olaf");
    for (client, holds, operation, message) in CLIENTS {
        let body = body(client, operation, "olaf@finance.example");
        let path = if holds { seats() } else { checks() };
        let answer = crm.post(&path, &body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        let refusal = answer.expect(409);
        assert_eq!(refusal["code"], "pool_full", "{client}");
        assert_eq!(refusal["legacy_message"], json!(message), "{client} {operation:?}");
        let detail = refusal["detail"].as_str().unwrap();
        assert!(detail.starts_with("All seats are in use: Lucy and Bill."), "{detail}");
        assert!(!refusal["next"].as_str().unwrap().is_empty());
        assert_eq!(crm.in_use(), 2, "{client}");
    }
}

#[test]
fn a_refusal_has_exactly_the_fields_that_are_described() {
    let server = Server::start(2);
    full(&server);
    let olaf = server.person("Olaf");
    let refusal = olaf.sign_on("network").expect(409);
    let keys: Vec<&String> = refusal.as_object().unwrap().keys().collect();
    let mut expected = [
        "code",
        "detail",
        "legacy_message",
        "seats",
        "in_use",
        "waiting",
        "usually_waits_s",
        "holders",
        "next",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(refusal["detail"], "All seats are in use: Lucy and Bill. You would be next.");
    assert_eq!(refusal["seats"], 2);
    assert_eq!(refusal["in_use"], 2);
    assert_eq!(refusal["waiting"], 0);
    assert_eq!(refusal["usually_waits_s"], Value::Null);
    let holders = refusal["holders"].as_array().unwrap();
    let keys: Vec<&String> = holders[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["client", "idle_s", "since", "user"]);
    assert_eq!(holders[0]["user"], "Lucy");
    assert_eq!(holders[0]["client"], "network");
    assert_eq!(holders[1]["user"], "Bill");
}

#[test]
fn where_names_are_private_a_refusal_counts() {
    let server = Server::start(2);
    full(&server);
    server.define(|definition| definition["privacy"] = json!("counts"));
    let olaf = server.person("Olaf");
    let refusal = olaf.sign_on("network").expect(409);
    assert_eq!(refusal["detail"], "All seats are in use. You would be next.");
    assert_eq!(refusal["holders"], json!([]));
    let pool = olaf.get("/api/v1/pools/infor-crm").expect(200);
    assert!(!pool.to_string().contains("Lucy"), "{pool}");
    assert_eq!(pool["more_holders"], 2);
    let seen = server.admin().get("/api/v1/pools/infor-crm").expect(200);
    assert_eq!(seen["holders"][0]["user"], "Lucy");
}

#[test]
fn a_check_client_neither_holds_nor_waits() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let refusal = lucy.sign_on("mobile").expect(409);
    assert_eq!(refusal["code"], "client_cannot_hold");
    assert_eq!(refusal["legacy_message"], Value::Null);
    let body = json!({ "request_id": fresh(), "client": "mobile", "wait": "ask" });
    let refusal = lucy.post(&seats(), &body).expect(409);
    assert_eq!(refusal["code"], "client_cannot_wait");
    assert_eq!(refusal["detail"], "mobile cannot wait: it only checks.");
    assert_eq!(lucy.in_use(), 0);
}

#[test]
fn a_client_that_holds_may_be_checked() {
    let server = Server::start(1);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    lucy.check("network").expect(200);
    lucy.sign_on("network").expect(201);
    let refusal = bill.check("network").expect(409);
    let message = "there are no concurrent licenses available for use";
    assert_eq!(refusal["legacy_message"], message);
    assert_eq!(refusal["detail"], "The only seat is in use: Lucy.");
    assert!(refusal["next"].as_str().unwrap().contains("password is not the reason"));
}

#[test]
fn a_named_user_is_never_counted_and_passes_every_check() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    lucy.sign_on("network").expect(201);
    server.add_person("Karl", "named");
    let karl = server.log_in("Karl");
    let seat = karl.sign_on("network").expect(201);
    assert_eq!(seat["counted"], false);
    assert_eq!(lucy.in_use(), 1);
    for client in ["network", "web", "mobile", "xbar", "outlook", "sdata"] {
        karl.check(client).expect(200);
    }
    let bill = server.person("Bill");
    let refusal = bill.sign_on("network").expect(409);
    assert_eq!(refusal["detail"], "The only seat is in use: Lucy. You would be next.");
}

#[test]
fn any_product_can_be_described() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    let path = "/api/v1/pools/cad";
    let definition = json!({
        "name": "CAD",
        "seats": 1,
        "desktop_client": "studio",
        "clients": {
            "studio": { "rule": "hold", "operations": { "open": "no licence for you" } },
        },
    });
    server.admin().put(path, &definition).expect(201);
    let body = json!({ "request_id": fresh(), "client": "studio", "operation": "open" });
    lucy.post(&format!("{path}/seats"), &body).expect(201);
    let bill = server.person("Bill");
    let body = json!({ "request_id": fresh(), "client": "studio", "operation": "open" });
    let refusal = bill.post(&format!("{path}/seats"), &body).expect(409);
    assert_eq!(refusal["legacy_message"], "no licence for you");
    // Without an operation a client logs in, which this one does not know.
    let body = json!({ "request_id": fresh(), "client": "studio" });
    let wrong = bill.post(&format!("{path}/seats"), &body).expect(422);
    assert!(wrong["detail"].as_str().unwrap().contains("open"), "{wrong}");
}
