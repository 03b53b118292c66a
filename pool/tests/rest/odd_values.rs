//! Values that nobody means: too long, too many, unseen.

use serde_json::{Value, json};

use crate::world::{POOL, Server, email};

#[test]
fn names_can_be_seen() {
    let server = Server::start(2);
    let admin = server.admin();
    let person =
        |email: &str, name: &str| json!({ "email": email, "name": name, "password": "12345678" });
    for odd in ["Lu\0cy", "\u{1b}[31mLucy", "Lucy\u{202e}", "\u{2066}Lucy", "\u{feff}", " \n "] {
        let wrong = admin.post("/api/v1/users", &person("lucy@x", odd)).expect(422);
        assert!(wrong["detail"].as_str().unwrap().starts_with("name: "), "{odd:?}: {wrong}");
        admin.post("/api/v1/services", &json!({ "name": odd })).expect(422);
        admin.post("/api/v1/users", &person(&format!("lu{odd}cy@x"), "Lucy")).expect(422);
    }
    for (n, name) in ["Zoë Müller-Łukasz", "李小龍", "محمد", "می\u{200c}خواهم"].iter().enumerate()
    {
        let made = admin.post("/api/v1/users", &person(&format!("{n}@x"), name)).expect(201);
        assert_eq!(made["name"], *name);
    }
}

#[test]
fn a_pools_texts_have_their_limits() {
    let server = Server::start(2);
    let admin = server.admin();
    let path = format!("/api/v1/pools/{POOL}");
    let before = admin.get(&path).expect(200)["definition"].clone();
    let operations = |count: usize| -> Value {
        (0..count)
            .map(|n| (format!("op-{n}"), Value::Null))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for (pointer, value, words) in [
        ("/name", json!("Infor\u{1b}[31m CRM"), "control characters"),
        ("/name", json!("Infor\u{202e} CRM"), "cannot be seen"),
        ("/name", json!("Infor\u{61c} CRM"), "cannot be seen"),
        (
            "/clients/web/operations/log-in",
            json!("\u{1b}[2Jfull"),
            "clients.web.operations.log-in: legacy_message has control",
        ),
        ("/clients/web/operations/log-in", json!("fu\u{2066}ll"), "cannot be seen"),
        ("/name", json!("   "), "name: has nothing that can be seen"),
        ("/name", json!("x".repeat(101)), "101 characters"),
        (
            "/clients/web/operations/log-in",
            json!(""),
            "clients.web.operations.log-in: legacy_message has 0 characters",
        ),
        ("/clients/web/operations/log-in", json!("x".repeat(501)), "501 characters"),
        (
            "/clients/web/operations",
            operations(65),
            "clients.web.operations: too many keys: use 1 to 64",
        ),
        ("/lease_ms", json!(0), "lease_ms to be a whole number of milliseconds from 10000"),
        ("/lease_ms", json!(u64::MAX), "from 10000 to 604800000"),
        ("/lease_ms", json!(-5), "lease_ms: "),
        ("/idle/warn_after_ms", json!(u64::MAX), "warn_after"),
        ("/idle/sign_off_after_ms", json!(1000), "sign_off_after"),
        ("/seats", json!(u64::from(u32::MAX) + 1), "seats: "),
    ] {
        let mut wrong = before.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let answer = admin.put(&path, &wrong).expect(422);
        assert!(answer["detail"].as_str().unwrap().contains(words), "{words}: {answer}");
    }
    assert_eq!(admin.get(&path).expect(200)["definition"], before);
    let mut padded = before.clone();
    padded["name"] = json!("  Infor CRM ");
    assert_eq!(admin.put(&path, &padded).expect(200)["definition"], before);
}

#[test]
fn what_allows_nothing_is_no_limit_of_a_service() {
    let server = Server::start(2);
    for body in [json!({ "name": "crm", "pools": [] }), json!({ "name": "crm", "clients": [] })] {
        let wrong = server.admin().post("/api/v1/services", &body).expect(422);
        assert!(wrong["detail"].as_str().unwrap().contains("0 items: use 1 to 64"), "{wrong}");
    }
}

#[test]
fn a_note_to_a_holder_is_one_line() {
    let server = Server::start(1);
    let lucy = server.person("Lucy");
    let seat = lucy.sign_on("web").expect(201);
    let path = format!("/api/v1/seats/{}/reclaim", seat["id"].as_str().unwrap());
    for note in ["x".repeat(201), "sorry\u{1b}[2J".to_owned(), "a\0b".to_owned()] {
        server.admin().post(&path, &json!({ "note": note })).expect(422);
    }
    assert_eq!(lucy.in_use(), 1);
}

#[test]
fn two_changes_of_a_person_at_once_both_last() {
    let server = Server::start(1);
    server.add_person("Lucy", "concurrent");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    std::thread::scope(|scope| {
        let kinds = scope.spawn(|| {
            for kind in ["named", "concurrent"].iter().cycle().take(41) {
                server.admin().patch(&path, &json!({ "kind": kind })).expect(200);
            }
        });
        for enabled in [true, false].iter().cycle().take(40) {
            let changed = server.admin().patch(&path, &json!({ "enabled": enabled })).expect(200);
            assert_eq!(changed["enabled"], *enabled, "another change undid it");
        }
        kinds.join().unwrap();
    });
    let lucy = server.admin().get(&path).expect(200);
    assert_eq!((&lucy["kind"], &lucy["enabled"]), (&json!("named"), &json!(false)));
}
