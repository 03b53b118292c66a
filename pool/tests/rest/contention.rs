//! Many at once, and the same thing twice.

use std::collections::BTreeSet;

use serde_json::json;

use crate::world::{Server, fresh, seats};

#[test]
fn two_hundred_at_once_for_ten_seats_get_exactly_ten() {
    let server = Server::start(10);
    let crm = server.application_server();
    server.add_person("Lucy", "concurrent");
    let threads: Vec<_> = (0..200)
        .map(|number| {
            let crm = crm.clone();
            std::thread::spawn(move || {
                let body = json!({
                    "request_id": fresh(),
                    "client": "web",
                    "user": "lucy@finance.example",
                    "session": format!("session {number}"),
                });
                crm.post(&seats(), &body)
            })
        })
        .collect();
    let mut granted = BTreeSet::new();
    let mut refused = 0;
    for thread in threads {
        let answer = thread.join().unwrap();
        match answer.status {
            201 => assert!(granted.insert(answer.body["id"].as_str().unwrap().to_owned())),
            409 => {
                assert_eq!(answer.body["code"], "pool_full");
                refused += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
    assert_eq!((granted.len(), refused), (10, 190));
    assert_eq!(crm.in_use(), 10);
    let count = |what| server.history().iter().filter(|record| record["what"] == what).count();
    assert_eq!(count("seat_granted"), 10);
    assert_eq!(count("sign_on_refused"), 190);
}

#[test]
fn a_repeated_request_returns_the_same_seat_and_another_body_is_an_error() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let body = json!({ "request_id": fresh(), "client": "network" });
    let first = lucy.post(&seats(), &body).expect(201);
    let again = lucy.post(&seats(), &body).expect(201);
    assert_eq!((&first["id"], &first["epoch"]), (&again["id"], &again["epoch"]));
    assert_eq!(lucy.in_use(), 1);
    let other = json!({ "request_id": body["request_id"], "client": "web" });
    let reused = lucy.post(&seats(), &other).expect(422);
    assert_eq!(reused["code"], "request_reused");
    // Another caller's id of the same value is another request.
    let bill = server.person("Bill");
    let his = bill.post(&seats(), &body).expect(201);
    assert_ne!(his["id"], first["id"]);
    let path = format!("/api/v1/requests/{}", body["request_id"].as_str().unwrap());
    assert_eq!(lucy.get(&path).expect(200)["id"], first["id"]);
    assert_eq!(bill.get(&path).expect(200)["id"], his["id"]);
}

#[test]
fn a_repeat_survives_a_restart_and_tells_what_became_of_it() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let body = json!({ "request_id": fresh(), "client": "network" });
    let first = lucy.post(&seats(), &body).expect(201);
    let server = server.restart();
    let lucy = server.log_in("Lucy");
    assert_eq!(lucy.in_use(), 1);
    assert_eq!(lucy.post(&seats(), &body).expect(201)["id"], first["id"]);
    lucy.delete(&crate::world::seat_path(&first)).expect(204);
    lucy.delete(&crate::world::seat_path(&first)).expect(204);
    let ended = lucy.post(&seats(), &body).expect(410);
    assert_eq!(ended["code"], "ended");
    assert!(ended["detail"].as_str().unwrap().contains("signed off by the user"), "{ended}");
    let path = format!("/api/v1/requests/{}", body["request_id"].as_str().unwrap());
    let became = lucy.get(&path).expect(200);
    assert_eq!(became["became"], "ended");
    assert_eq!(became["end"]["reason"], "signed_off_by_the_user");
    assert_eq!(lucy.in_use(), 0);
}

#[test]
fn a_refused_request_stays_refused_and_says_how_it_stands_now() {
    let server = Server::start(1);
    let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
    let seat = lucy.sign_on("network").expect(201);
    let body = json!({ "request_id": fresh(), "client": "network" });
    bill.post(&seats(), &body).expect(409);
    lucy.delete(&crate::world::seat_path(&seat)).expect(204);
    let again = bill.post(&seats(), &body).expect(409);
    assert_eq!((&again["code"], &again["in_use"]), (&json!("pool_full"), &json!(0)));
    bill.sign_on("network").expect(201);
}
