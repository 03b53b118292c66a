//! What is wrong with a request is named, and changes nothing.

use serde_json::{Value, json};

use crate::described::operations;
use crate::world::{Server, fresh, seats};

#[test]
fn every_wrong_field_and_value_is_named() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let good = || json!({ "request_id": fresh(), "client": "network" });
    let with = |key: &str, value: Value| {
        let mut body = good();
        body[key] = value;
        body
    };
    for (body, words) in [
        (json!({}), "request_id"),
        (json!({ "request_id": fresh() }), "client"),
        (with("request_id", json!("seven")), "request_id: "),
        (with("client", json!("Net Work")), "client: \"Net Work\" is not a name"),
        (with("client", json!("telnet")), "no client telnet; it has mobile, network"),
        (with("operation", json!("nap")), "no operation nap; it has log-in"),
        (with("session", json!("")), "session: "),
        (with("session", json!("x".repeat(129))), "1 to 128 characters"),
        (with("wait", json!("later")), "expected \"auto\", \"ask\", true (as \"auto\") or false"),
        (with("wait", json!(1)), "wait: "),
        (json!([fresh(), "network"]), "expected struct SeatRequest"),
        (with("seat", json!(1)), "`seat`"),
    ] {
        let wrong = lucy.post(&seats(), &body);
        assert_eq!(wrong.header("content-type"), Some("application/problem+json"));
        let wrong = wrong.expect(422);
        assert_eq!(wrong["code"], "invalid");
        assert!(wrong["detail"].as_str().unwrap().contains(words), "{words}: {wrong}");
    }
    lucy.raw("POST", &seats(), "{ not json").expect(400);
    lucy.raw("POST", &seats(), "").expect(400);
    let long = format!("{{\"request_id\": \"{}\"}}", "x".repeat(300_000));
    assert_eq!(lucy.raw("POST", &seats(), &long).expect(413)["code"], "invalid");
    assert_eq!(lucy.in_use(), 0);
}

#[test]
fn other_bodies_and_queries_are_as_strict() {
    let server = Server::start(2);
    let (admin, lucy) = (server.admin(), server.person("Lucy"));
    for (path, body, words) in [
        ("/api/v1/login", json!({ "email": "x@y", "pass": "x" }), "`pass`"),
        ("/api/v1/users", json!({ "email": "x", "name": "X", "password": "12345678" }), "\"x\""),
        ("/api/v1/users", json!({ "email": "x@y", "name": "", "password": "12345678" }), "name: "),
        ("/api/v1/services", json!({ "name": "x", "pools": "all" }), "pools: "),
        ("/api/v1/seats/renew", json!([{ "id": 7, "epoch": "00000001.1" }]), "[0].id: "),
        ("/api/v1/seats/renew", json!([{ "id": fresh(), "epoch": "1" }]), "[0].epoch: "),
        ("/api/v1/machines/enroll", json!({ "invitation": "x" }), "name"),
    ] {
        let wrong = admin.post(path, &body).expect(422);
        assert!(wrong["detail"].as_str().unwrap().contains(words), "{words}: {wrong}");
    }
    for query in ["?limit=0", "?limit=many", "?before=1", "?pool=No%20Name"] {
        admin.get(&format!("/api/v1/history{query}")).expect(422);
    }
    lucy.delete(&format!("/api/v1/seats/{}", fresh())).expect(422);
    lucy.delete(&format!("/api/v1/seats/{}?epoch=first", fresh())).expect(422);
}

#[test]
fn what_is_not_there_is_said() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let id = fresh();
    for path in [
        "/".to_owned(),
        "/api/v1/nothing".to_owned(),
        "/api/v1/pools/none".to_owned(),
        "/api/v1/pools/No%20Name".to_owned(),
        format!("/api/v1/requests/{id}"),
        "/api/v1/requests/seven".to_owned(),
    ] {
        let answer = lucy.get(&path);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(answer.expect(404)["code"], "not_found", "{path}");
    }
    let body = json!({ "request_id": id, "client": "network" });
    lucy.post("/api/v1/pools/none/seats", &body).expect(404);
    lucy.post(&format!("/api/v1/offers/{id}/accept"), &json!({})).expect(410);
    lucy.delete(&format!("/api/v1/places/{id}")).expect(204);
    let answer = lucy.raw("PUT", "/api/v1/me", "{}");
    assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{answer:?}");
    answer.expect(405);
}

#[test]
fn a_caller_is_judged_before_what_it_names_and_that_before_the_body() {
    let server = Server::start(2);
    let (nobody, lucy, admin) = (server.client(), server.person("Lucy"), server.admin());
    let user = format!("/api/v1/users/{}", fresh());
    for (client, status) in [(&nobody, 401), (&lucy, 403), (&admin, 404)] {
        assert_eq!(client.get(&user).status, status);
        assert_eq!(client.get("/api/v1/users/%ff").status, status);
        let reclaim = format!("/api/v1/seats/{}/reclaim", fresh());
        assert_eq!(client.post(&reclaim, &json!({})).status, status);
    }
    for (client, status) in [(&nobody, 401), (&lucy, 403), (&admin, 422)] {
        assert_eq!(client.patch(&user, &json!({ "nam": "x" })).status, status);
    }
}

#[test]
fn other_methods_are_answered_by_problems_everywhere() {
    let server = Server::start(2);
    for operation in operations() {
        let path = operation.path.replace(['{', '}'], "");
        for method in ["OPTIONS", "TRACE"] {
            let answer = server.client().raw(method, &path, "");
            let media_type = answer.header("content-type");
            assert_eq!(media_type, Some("application/problem+json"), "{method} {path}");
            assert!(answer.header("allow").is_some(), "{method} {path}");
            assert_eq!(answer.expect(405)["code"], "invalid", "{method} {path}");
        }
        let head = server.client().raw("HEAD", &path, "");
        assert!(head.body.is_null(), "{path}");
        if head.status >= 400 {
            let media_type = head.header("content-type");
            assert_eq!(media_type, Some("application/problem+json"), "HEAD {path}");
        }
    }
}

#[test]
fn everything_that_is_described_is_there_and_the_other_way_round() {
    let server = Server::start(2);
    let described = server.client().get("/api/v1/openapi.json").expect(200);
    let paths = described["paths"].as_object().unwrap();
    assert!(paths.len() >= 22, "{:?}", paths.keys());
    for (path, operations) in paths {
        let real = path.replace("{pool}", "none").replace(['{', '}'], "");
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase();
            let answer = server.client().raw(&method, &real, "{}");
            // Nothing here without a token; what is not routed is 404 or 405.
            assert!(![404, 405].contains(&answer.status), "{method} {path}: {answer:?}");
        }
    }
    let schemas = described["components"]["schemas"].as_object().unwrap();
    for name in ["SeatRequest", "Problem", "HolderFact", "PoolBody", "RequestView"] {
        assert!(schemas.contains_key(name), "{name} is not described");
    }
    // Each reference leads somewhere.
    let text = described.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is referred to and not described");
    }
}

#[test]
fn health_says_what_is() {
    let server = Server::start(2);
    assert_eq!(server.client().get("/healthz").expect(200)["status"], "ok");
    let ready = server.client().get("/readyz").expect(200);
    assert_eq!((&ready["status"], &ready["seq"]), (&json!("ready"), &json!(2)));
    let answer = server.client().get("/healthz");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[test]
fn a_caller_in_a_loop_is_told_to_slow_down_and_its_colleagues_are_not() {
    let server = Server::with_own_time(0);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let mut refused = 0;
    let slow = loop {
        // Sign-ons and checks count alike.
        let answer = if refused % 2 == 0 { lucy.sign_on("network") } else { lucy.check("web") };
        if answer.status != 409 {
            break answer;
        }
        refused += 1;
        assert!(refused <= 1_000, "never slowed down");
    };
    assert_eq!(refused, 1_000);
    assert_eq!(slow.header("retry-after"), Some("1"));
    assert_eq!(slow.expect(429)["code"], "too_many");
    assert_eq!(bill.sign_on("network").status, 409);
    server.advance(std::time::Duration::from_secs(1));
    assert_eq!(lucy.sign_on("network").status, 409);
}
