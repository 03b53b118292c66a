//! Who may come in, what a wrong password says, and what a full pool says: never mixed.

use std::time::Duration;

use hotseat_protocol::link::{FromPool, Outcome};
use serde_json::json;

use crate::socket::{Link, Machine, sign_on};
use crate::world::{Server, email, fresh, password, seats};

#[test]
fn a_wrong_password_and_a_full_pool_say_different_things() {
    let server = Server::start(0);
    server.add_person("Lucy", "concurrent");
    let log_in = |password: &str| {
        let body = json!({ "email": email("Lucy"), "password": password });
        server.client().post("/api/v1/login", &body)
    };
    let wrong = log_in("not her password");
    assert_eq!(wrong.header("www-authenticate"), Some("Bearer"));
    let wrong = wrong.expect(401);
    assert_eq!(wrong["code"], "wrong_password");
    assert_eq!(wrong["detail"], "E-mail and password do not match. Check both.");
    let body = json!({ "email": "nobody@finance.example", "password": "whatever it is" });
    let unknown = server.client().post("/api/v1/login", &body).expect(401);
    assert_eq!(unknown, wrong);

    let token = log_in(&password("Lucy")).expect(200)["token"].as_str().unwrap().to_owned();
    let lucy = server.client().with_token(&token);
    let full = lucy.sign_on("network").expect(409);
    assert_eq!(full["code"], "pool_full");
    assert_eq!(full["detail"], "This pool has no seats.");
}

#[test]
fn a_stored_hash_that_costs_too_much_is_told_and_holds_up_nobody_not_even_a_stop() {
    let mut server = Server::start(2);
    let (_, bill) = (server.person("Lucy"), server.person("Bill"));
    server.stop();
    let store = rusqlite::Connection::open(server.config.data_dir.join("pool.db")).unwrap();
    // Ten days of passes over a megabyte.
    let costly = "$argon2id$v=19$m=1024,t=4294967295,p=1$c29tZXNhbHRzb21lc2FsdA\
                  $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let update = "UPDATE person SET password_hash = ?1 WHERE name = 'Lucy'";
    assert_eq!(store.execute(update, [costly]).unwrap(), 1);
    drop((store, bill));

    let mut server = server.restart();
    let body = json!({ "email": email("Lucy"), "password": password("Lucy") });
    let told = server.client().post("/api/v1/login", &body).expect(500);
    assert_eq!(told["code"], "internal");
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.starts_with("Your password cannot be checked"), "{detail}");
    assert_eq!(told["next"], "Ask your administrator to set a new password.");
    server.log_in("Bill");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    server.admin().patch(&path, &json!({ "password": password("Lucy") })).expect(200);
    server.log_in("Lucy");
    server.stop();
}

#[test]
fn a_disabled_account_says_so_only_after_the_right_password() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    lucy.sign_on("network").expect(201);
    let path = format!("/api/v1/users/{}", email("Lucy"));
    let changed = server.admin().patch(&path, &json!({ "enabled": false })).expect(200);
    assert_eq!(changed["enabled"], false);
    assert_eq!(server.admin().in_use(), 0, "a disabled user's seats are taken back");

    let body = json!({ "email": email("Lucy"), "password": "wrong password" });
    assert_eq!(server.client().post("/api/v1/login", &body).expect(401)["code"], "wrong_password");
    let body = json!({ "email": email("Lucy"), "password": password("Lucy") });
    let disabled = server.client().post("/api/v1/login", &body).expect(403);
    assert_eq!(disabled["code"], "user_disabled");
    let detail = disabled["detail"].as_str().unwrap();
    assert!(detail.contains("Your password is not the reason"), "{detail}");

    let refusal = lucy.sign_on("network").expect(409);
    assert_eq!(refusal["code"], "user_disabled");
    assert_eq!(refusal["legacy_message"], json!(null));
    let checked = lucy.check("mobile").expect(409);
    assert_eq!(checked["code"], "user_disabled");
    for told in [refusal, checked] {
        for key in ["holders", "seats", "in_use", "waiting", "usually_waits_s"] {
            assert!(told.get(key).is_none(), "somebody who is disabled is told {key}: {told}");
        }
    }
    server.admin().patch(&path, &json!({ "enabled": true })).expect(200);
    lucy.sign_on("network").expect(201);
}

#[test]
fn a_guesser_is_slowed_down_and_time_forgives() {
    let server = Server::with_own_time(2);
    server.add_person("Lucy", "concurrent");
    let guess = || {
        let body = json!({ "email": email("Lucy"), "password": "a guess of hers" });
        server.client().post("/api/v1/login", &body)
    };
    for _ in 0..10 {
        guess().expect(401);
    }
    let slow = guess();
    assert_eq!(slow.header("retry-after"), Some("6"));
    assert_eq!(slow.expect(429)["code"], "too_many");
    // Even the right password waits: else a guesser would know.
    let body = json!({ "email": email("Lucy"), "password": password("Lucy") });
    server.client().post("/api/v1/login", &body).expect(429);
    server.advance(Duration::from_secs(6));
    server.client().post("/api/v1/login", &body).expect(200);
    guess().expect(401);
}

#[test]
fn a_token_ends_with_its_log_out() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    lucy.get("/api/v1/me").expect(200);
    lucy.delete("/api/v1/login").expect(204);
    let ended = lucy.get("/api/v1/me").expect(401);
    assert_eq!(ended["code"], "not_authenticated");
    for path in ["/api/v1/me", "/api/v1/pools", "/api/v1/pools/infor-crm", "/api/v1/history"] {
        server.client().get(path).expect(401);
        server.client().with_token("hsu_forged").get(path).expect(401);
    }
}

#[test]
fn a_log_in_acts_for_its_own_user_and_a_service_within_its_limits() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    server.add_person("Bill", "concurrent");
    let body =
        |client: &str, user: &str| json!({ "request_id": fresh(), "client": client, "user": user });
    lucy.post(&seats(), &body("web", "bill@finance.example")).expect(403);
    lucy.post(&seats(), &body("web", "lucy@finance.example")).expect(201);

    let admin = server.admin();
    let service = |settings: serde_json::Value| {
        let answer = admin.post("/api/v1/services", &settings).expect(201);
        server.client().with_token(answer["token"].as_str().unwrap())
    };
    let mute = service(json!({ "name": "mute" }));
    mute.post(&seats(), &body("web", "bill@finance.example")).expect(403);
    let web_only = service(json!({ "name": "web only", "act_for": true, "clients": ["web"] }));
    web_only.post(&seats(), &body("network", "bill@finance.example")).expect(403);
    let nameless = json!({ "request_id": fresh(), "client": "web" });
    let said = web_only.post(&seats(), &nameless).expect(422);
    assert!(said["detail"].as_str().unwrap().starts_with("user: "), "{said}");
    let said = web_only.post(&seats(), &body("web", "nobody@x")).expect(422);
    assert!(said["detail"].as_str().unwrap().contains("nobody@x"), "{said}");
    web_only.post(&seats(), &body("web", "bill@finance.example")).expect(201);
    let elsewhere = json!({ "name": "else", "act_for": true, "pools": ["no-pool"] });
    admin.post("/api/v1/services", &elsewhere).expect(422);
    admin.post(&seats(), &body("web", "bill@finance.example")).expect(403);
}

#[test]
fn a_new_password_logs_out_everywhere() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    let admin = server.admin();
    let short = admin.patch(&path, &json!({ "password": "short" })).expect(422);
    assert!(short["detail"].as_str().unwrap().contains("8 to 1024"), "{short}");
    lucy.get("/api/v1/me").expect(200);
    admin.patch(&path, &json!({ "password": "another password" })).expect(200);
    lucy.get("/api/v1/me").expect(401);
    let body = json!({ "email": email("Lucy"), "password": "another password" });
    server.client().post("/api/v1/login", &body).expect(200);
}

#[test]
fn every_spelling_of_an_address_and_a_password_is_the_same_one() {
    let server = Server::start(2);
    let admin = server.admin();
    let composed = "j\u{fc}rgen@m\u{fc}nchen.example";
    let decomposed = "ju\u{308}rgen@mu\u{308}nchen.example";
    let added = |email: &str, password: &str| {
        let body = json!({
            "email": email, "name": "J\u{fc}rgen", "password": password, "kind": "concurrent"
        });
        admin.post("/api/v1/users", &body)
    };
    let user = added(composed, "m\u{fc}nchen 1972").expect(201);
    assert_eq!(user["email"], composed);
    for email in [composed, decomposed, "J\u{dc}RGEN@XN--MNCHEN-3YA.example"] {
        for password in ["m\u{fc}nchen 1972", "mu\u{308}nchen\u{a0}1972"] {
            let body = json!({ "email": email, "password": password });
            let answer = server.client().post("/api/v1/login", &body).expect(200);
            assert_eq!(answer["user"], user, "{email}");
        }
        added(email, "another one of theirs").expect(422);
    }
    for path in [
        "/api/v1/users/ju%CC%88rgen@mu%CC%88nchen.example",
        "/api/v1/users/J%C3%9Crgen@xn--mnchen-3ya.example",
    ] {
        assert_eq!(admin.get(path).expect(200), user, "{path}");
    }
    let body = json!({ "request_id": fresh(), "client": "web", "user": decomposed });
    server.application_server().post(&seats(), &body).expect(201);
}

#[test]
fn a_wall_clock_that_is_wrong_for_a_while_ends_no_log_in() {
    let server = Server::with_own_time(2);
    server.add_person("Lucy", "concurrent");
    let body = json!({ "email": email("Lucy"), "password": password("Lucy") });
    let answer = server.client().post("/api/v1/login", &body).expect(200);
    let token = answer["token"].as_str().unwrap();
    let is_in = |server: &Server| server.client().with_token(token).get("/api/v1/me").expect(200);
    let (right, year) = (1_700_000_000_000, 365 * 24 * 3_600_000);
    for wrong in [right + year, right - year, 0, 50 * year] {
        server.set_wall(wrong);
        is_in(&server);
        // Making room for another log-in takes away what has ended.
        server.log_in("Lucy").get("/api/v1/me").expect(200);
    }
    // Right again, after a start with a dead battery.
    server.set_wall(0);
    let server = server.restart();
    is_in(&server);
    server.set_wall(right);
    is_in(&server);
}

#[test]
fn answers_say_when_they_were_made_whatever_the_clock_shows() {
    let server = Server::with_own_time(2);
    for (wall, date) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1_700_000_000_000, "Tue, 14 Nov 2023 22:13:20 GMT"),
        (i64::MAX, "Thu, 30 Dec 9999 22:00:00 GMT"),
    ] {
        server.set_wall(wall);
        let answer = server.client().get("/healthz");
        assert_eq!(answer.header("date"), Some(date), "{wall}");
    }
}

#[test]
fn a_new_password_is_told_at_once_to_the_machines_where_the_person_was_logged_in() {
    let server = Server::start(2);
    for name in ["Lucy", "Bill"] {
        server.add_person(name, "concurrent");
    }
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let logged_in =
        |link: &mut Link| match link.wait_for(|frame| matches!(frame, FromPool::LogIns { .. })) {
            FromPool::LogIns { users } => users.len(),
            other => panic!("{other:?}"),
        };
    let nobody = FromPool::LogIns { users: vec![] };
    assert!(link.pushes.contains(&nobody), "a link begins with who is logged in");
    link.log_in("Lucy");
    let bills = link.log_in("Bill");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    server.admin().patch(&path, &json!({ "password": "a new password" })).expect(200);
    assert_eq!(logged_in(&mut link), 1);
    assert!(matches!(link.sign_on(sign_on(&bills, "session 1")), Outcome::Seat { .. }));
    server.admin().delete(&format!("/api/v1/users/{}", email("Bill"))).expect(204);
    assert_eq!(logged_in(&mut link), 0);
    // Whoever was not there then hears of it with the next link.
    assert!(Link::up(&server, &machine).pushes.contains(&nobody));
}
