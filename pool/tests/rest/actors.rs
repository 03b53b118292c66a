//! Who acted, and from where: one name for each in the whole history, and the address only for
//! administrators, for as long as the person is known.

use hotseat_protocol::link::{MachineMessage, Outcome, PoolAnswer, Projected};
use serde_json::{Value, json};

use crate::socket::{Link, Machine, sign_on};
use crate::world::{Server, email};

const HERE: &str = "127.0.0.1";

fn records<'a>(history: &'a [Value], what: &str) -> Vec<&'a Value> {
    history.iter().filter(|record| record["what"] == what).collect()
}

#[test]
fn a_reclaimed_seat_has_the_same_actor_from_its_leaving_to_its_release() {
    let server = Server::start(2);
    let lucy = server.person("Lucy");
    let machine = Machine::enrol(&server, "desk-1");
    let mut link = Link::up(&server, &machine);
    let token = link.log_in("Lucy");
    let Outcome::Seat { seat, .. } = link.sign_on(sign_on(&token, "session 1")) else { panic!() };
    let reclaim = json!({ "note": "The month ends." });
    let path = format!("/api/v1/seats/{}/reclaim", seat.id);
    server.admin().post(&path, &reclaim).expect(204);
    link.wait_for_item(|item| matches!(item, Projected::Seat { seat } if seat.leaving.is_some()));
    let done = MachineMessage::LeavingDone { seats: seat.into() };
    assert_eq!(link.ask(done), PoolAnswer::Done);

    let history = server.history();
    let (leaving, released) =
        (records(&history, "seat_leaving"), records(&history, "seat_released"));
    assert_eq!((leaving.len(), released.len()), (1, 1), "{history:?}");
    assert_eq!((&leaving[0]["by"], &leaving[0]["address"]), (&json!("admin token"), &json!(HERE)));
    // The machine said this one: it acted for the same administrator, and from nowhere.
    assert_eq!((&released[0]["by"], released[0].get("address")), (&json!("admin token"), None));

    // People are told what they were told before.
    let mine = lucy.get("/api/v1/me/history").expect(200);
    let mine = mine["records"].as_array().unwrap();
    for what in ["seat_leaving", "seat_released"] {
        assert_eq!(records(mine, what)[0]["by"], "an administrator", "{what}");
    }
    assert!(mine.iter().all(|record| record.get("address").is_none()), "{mine:?}");
}

#[test]
fn an_address_is_forgotten_with_the_person_whom_the_record_is_about() {
    let server = Server::start(2);
    let crm = server.application_server();
    for name in ["Lucy", "Bill"] {
        server.add_person(name, "concurrent");
        let seat = crm
            .post(
                &crate::world::seats(),
                &json!({ "request_id": crate::world::fresh(), "client": "web", "user": email(name) }),
            )
            .expect(201);
        let path = format!("/api/v1/seats/{}/reclaim", seat["id"].as_str().unwrap());
        server.admin().post(&path, &json!({})).expect(204);
    }
    let addressed = |server: &Server| {
        let history = server.history();
        let about = history.into_iter().filter(|record| record["address"] == HERE);
        about.filter(|record| record["what"] != "pool_defined").collect::<Vec<Value>>()
    };
    // Each was added, and lost a seat.
    assert_eq!(addressed(&server).len(), 4);
    server.admin().delete(&format!("/api/v1/users/{}", email("Lucy"))).expect(204);
    let left = addressed(&server);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(|record| record["user"] == "Bill"), "{left:?}");
    // It is erased from the store, too.
    let server = server.restart();
    assert_eq!(addressed(&server).len(), 2);
}
