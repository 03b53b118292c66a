//! Pools, people, services and machines as an administrator works with them.

use serde_json::{Value, json};

use crate::world::{Server, email, fresh};

#[test]
fn a_pools_definition_is_read_changed_and_checked() {
    let server = Server::start(2);
    let path = "/api/v1/pools/infor-crm";
    let before = server.admin().get(path).expect(200)["definition"].clone();
    assert_eq!(before["seats"], 2);
    assert_eq!(before["lease_ms"], 90_000);
    assert_eq!(before["idle"]["warn_after_ms"], 25 * 60_000);
    // What was read can be written: nothing changes.
    let same = server.admin().put(path, &before).expect(200);
    assert_eq!(same["definition"], before);

    let lucy = server.person("Lucy");
    assert!(lucy.get(path).expect(200).get("definition").is_none());
    lucy.put(path, &before).expect(403);
    lucy.delete(path).expect(403);
    for (change, words) in [
        (("seats", json!(-1)), "seats: "),
        (("seats", json!(2_000_000)), "2000000"),
        (("lease_ms", json!(1000)), "lease"),
        (("desktop_client", json!("mobile")), "desktop_client"),
        (("privacy", json!("faces")), "privacy"),
        (("clients", json!({})), "clients"),
    ] {
        let mut wrong = before.clone();
        wrong[change.0] = change.1;
        let answer = server.admin().put(path, &wrong).expect(422);
        assert!(answer["detail"].as_str().unwrap().contains(words), "{words}: {answer}");
    }
    lucy.sign_on("network").expect(201);
    for (privacy, holder) in
        [("names", json!("Lucy")), ("initials", json!("L.")), ("counts", json!(null))]
    {
        let mut body = before.clone();
        body["privacy"] = json!(privacy);
        server.admin().put(path, &body).expect(200);
        assert_eq!(lucy.get(path).expect(200)["holders"][0]["user"], holder, "{privacy}");
        let seen = server.admin().get(path).expect(200);
        assert_eq!(seen["holders"][0]["user"], "Lucy", "an administrator sees names");
    }
    server.admin().delete(path).expect(204);
    server.admin().get(path).expect(404);
    assert_eq!(lucy.get("/api/v1/me").expect(200)["seats"], json!([]));
}

#[test]
fn people_come_change_and_go() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    lucy.get("/api/v1/users").expect(403);
    let body = json!({ "email": "LUCY@finance.example", "name": "L", "password": "12345678" });
    let taken = server.admin().post("/api/v1/users", &body).expect(422);
    assert!(taken["detail"].as_str().unwrap().contains("taken"), "{taken}");
    let path = format!("/api/v1/users/{}", email("Lucy"));
    let change = json!({ "name": "Lucy B.", "kind": "named" });
    let changed = server.admin().patch(&path, &change).expect(200);
    assert_eq!((&changed["name"], &changed["kind"]), (&json!("Lucy B."), &json!("named")));
    assert_eq!(server.admin().get(&path).expect(200), changed);
    lucy.sign_on("network").expect(201);
    assert_eq!(lucy.in_use(), 0);

    server.admin().delete(&path).expect(204);
    server.admin().delete(&path).expect(404);
    lucy.get("/api/v1/me").expect(401);
    assert_eq!(server.admin().get("/api/v1/users").expect(200), json!([]));
    // The journal keeps an id and no name.
    let granted: Vec<Value> = server.history();
    let granted = granted.iter().find(|record| record["what"] == "seat_granted").unwrap();
    assert_eq!(granted["user"], changed["id"]);
    server.person("Lucy");
}

#[test]
fn a_service_is_told_its_token_once() {
    let server = Server::start(2);
    let body = json!({ "name": "crm", "act_for": true, "pools": ["infor-crm"] });
    let made = server.admin().post("/api/v1/services", &body).expect(201);
    server.admin().post("/api/v1/services", &body).expect(422);
    let listed = server.admin().get("/api/v1/services").expect(200);
    assert_eq!(listed[0]["name"], "crm");
    assert!(listed[0].get("token").is_none(), "{listed}");
    let crm = server.client().with_token(made["token"].as_str().unwrap());
    assert_eq!(crm.get("/api/v1/me").expect(200)["service"], "crm");
    crm.get("/api/v1/users").expect(403);
    crm.get("/api/v1/services").expect(403);
    let path = format!("/api/v1/services/{}", made["id"].as_str().unwrap());
    server.admin().delete(&path).expect(204);
    server.admin().delete(&path).expect(404);
    crm.get("/api/v1/me").expect(401);
}

#[test]
fn an_invitation_enrols_one_machine() {
    let server = Server::start(2);
    let invitation = server.admin().post("/api/v1/machines/invitations", &json!({})).expect(201);
    let body = json!({ "invitation": invitation["invitation"], "name": "desk-1" });
    let enrolled = server.client().post("/api/v1/machines/enroll", &body).expect(201);
    assert!(enrolled["credential"].as_str().unwrap().starts_with("hsm_"));
    let again = server.client().post("/api/v1/machines/enroll", &body).expect(401);
    assert!(again["next"].as_str().unwrap().contains("machine invite"), "{again}");
    let forged = json!({ "invitation": "hsi_forged", "name": "desk-2" });
    server.client().post("/api/v1/machines/enroll", &forged).expect(401);
    let listed = server.admin().get("/api/v1/machines").expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["id"], enrolled["machine"]);
    assert_eq!((&listed[0]["name"], &listed[0]["connected"]), (&json!("desk-1"), &json!(false)));
    let path = format!("/api/v1/machines/{}", enrolled["machine"].as_str().unwrap());
    server.admin().delete(&path).expect(204);
    assert_eq!(server.admin().get("/api/v1/machines").expect(200)[0]["revoked"], true);
    server.admin().delete(&format!("/api/v1/machines/{}", fresh())).expect(404);
}
