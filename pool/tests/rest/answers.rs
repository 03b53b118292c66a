//! What every answer has in common: what standards ask of it, and how it reads.

use serde_json::{Value, json};

use crate::world::{POOL, Server, email, fresh, seats};

#[test]
fn an_error_has_what_the_standard_names_and_says_what_to_do_next() {
    let server = Server::start(0);
    let (nobody, lucy, admin) = (server.client(), server.person("Lucy"), server.admin());
    let id = fresh();
    lucy.post(&seats(), &json!({ "request_id": id, "client": "web" })).expect(409);
    let wrong = json!({ "email": email("Lucy"), "password": "wrong" });
    for (answer, status, title, code) in [
        (nobody.get("/api/v1/me"), 401, "Unauthorized", "not_authenticated"),
        (nobody.post("/api/v1/login", &wrong), 401, "Unauthorized", "wrong_password"),
        (lucy.get("/api/v1/users"), 403, "Forbidden", "not_allowed"),
        (admin.check("web"), 403, "Forbidden", "not_allowed"),
        (lucy.get("/api/v1/pools/none"), 404, "Not Found", "not_found"),
        (lucy.raw("PUT", "/api/v1/me", "{}"), 405, "Method Not Allowed", "invalid"),
        (lucy.post(&format!("/api/v1/offers/{id}/accept"), &json!({})), 410, "Gone", "ended"),
        (lucy.sign_on("telnet"), 422, "Unprocessable Entity", "invalid"),
        (
            lucy.post(&seats(), &json!({ "request_id": id, "client": "network" })),
            422,
            "Unprocessable Entity",
            "request_reused",
        ),
    ] {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
        let told = answer.expect(status);
        assert_eq!((&told["title"], &told["status"]), (&json!(title), &json!(status)), "{told}");
        assert_eq!(told["code"], code, "{told}");
        for key in ["detail", "next"] {
            let text = told[key].as_str().unwrap();
            assert!(text.ends_with('.') && text.len() > 10, "{key}: {told}");
        }
    }
}

#[test]
fn what_somebody_sent_is_not_sent_back_at_length() {
    let server = Server::start(2);
    let (lucy, crm) = (server.person("Lucy"), server.application_server());
    let long = "1".repeat(5_000);
    let for_long = json!({ "request_id": fresh(), "client": "web", "user": long });
    let many = json!({ "request_id": fresh(), "client": long });
    for answer in [
        lucy.get(&format!("/api/v1/requests/{long}")),
        lucy.get(&format!("/api/v1/pools/{long}")),
        crm.post(&seats(), &for_long),
        crm.post(&seats(), &many),
    ] {
        assert!(answer.body.to_string().len() < 1_000, "{answer:?}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("11111") || detail.contains("5000 characters"), "{answer:?}");
    }
}

#[test]
fn a_person_sees_which_seat_and_place_are_their_own() {
    let server = Server::with_own_time(1);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let seat = lucy.sign_on("web").expect(201);
    let waits = json!({ "request_id": fresh(), "client": "web", "wait": "ask" });
    bill.post(&seats(), &waits).expect(202);
    let path = format!("/api/v1/pools/{POOL}");
    let own = |pool: Value| {
        assert_eq!(pool["holders"][0]["user"], "Lucy", "{pool}");
        assert_eq!(pool["holders"][0]["seat"], Value::Null, "ids are nobody's business: {pool}");
        (pool["holders"][0]["mine"] == true, pool["line"][0]["mine"] == true)
    };
    assert_eq!(own(lucy.get(&path).expect(200)), (true, false));
    assert_eq!(own(bill.get(&path).expect(200)), (false, true));
    assert_eq!(own(server.application_server().get(&path).expect(200)), (false, false));

    // How long each lasts, for who has lost the first answer.
    let me = lucy.get("/api/v1/me").expect(200);
    assert_eq!(me["seats"][0]["lease_ms"], 20 * 60_000);
    lucy.delete(&crate::world::seat_path(&seat)).expect(204);
    let me = bill.get("/api/v1/me").expect(200);
    assert_eq!(me["places"][0]["offer_left_ms"], 60_000, "{me}");
}

#[test]
fn who_is_disabled_sees_only_that() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    let change = |enabled: bool| {
        server.admin().patch(&path, &json!({ "enabled": enabled })).expect(200);
    };
    change(false);
    assert_eq!(lucy.get("/api/v1/me").expect(200)["user"]["enabled"], false);
    for path in ["/api/v1/pools", "/api/v1/pools/infor-crm"] {
        let refused = lucy.get(path).expect(403);
        assert!(refused["detail"].as_str().unwrap().contains("disabled"), "{refused}");
    }
    assert_eq!(lucy.sign_on("web").expect(409)["code"], "user_disabled");
    change(true);
    lucy.get("/api/v1/pools").expect(200);
    lucy.sign_on("web").expect(201);
}
