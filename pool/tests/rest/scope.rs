//! Who may use what: every operation of the interface, by every kind of caller, on what is
//! somebody's. The operations are those of the OpenAPI document, so that a new one needs a row.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::described::{Operation, operations};
use crate::socket::{Link, Machine, sign_on};
use crate::world::{Answer, Client, POOL, Server, fresh, seats};

/// A pool of which Lucy waits for a seat.
const NARROW: &str = "narrow";

/// Who may do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Anybody, also without a token.
    Anybody,
    /// Anybody with a token of REST.
    Callers,
    /// A person, about themselves.
    Person,
    /// Whoever may look at the pool.
    PoolsLookers,
    /// People for themselves, and a service that may act for them, in this pool by this client.
    Askers,
    /// Whose it is, a service that may act for them there, and an administrator.
    Users(Thing),
    /// Nobody but the one who asked finds it.
    Finder,
    /// An administrator.
    Administrators,
}

/// What is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    Seat,
    Place,
    Offer,
}

/// Every operation, and who may do it.
const OPERATIONS: [(&str, For); 37] = [
    ("log_in", For::Anybody),
    ("log_out", For::Callers),
    ("show_me", For::Callers),
    ("show_my_history", For::Person),
    ("list_pools", For::Callers),
    ("show_pool", For::PoolsLookers),
    ("define_pool", For::Administrators),
    ("remove_pool", For::Administrators),
    ("sign_on", For::Askers),
    ("check_seat", For::Askers),
    ("show_request", For::Finder),
    ("renew_seats", For::Users(Thing::Seat)),
    ("keep_seat", For::Users(Thing::Seat)),
    ("sign_off", For::Users(Thing::Seat)),
    ("reclaim_seat", For::Administrators),
    ("accept_offer", For::Users(Thing::Offer)),
    ("decline_offer", For::Users(Thing::Offer)),
    ("leave_line", For::Users(Thing::Place)),
    ("list_users", For::Administrators),
    ("add_user", For::Administrators),
    ("show_user", For::Administrators),
    ("change_user", For::Administrators),
    ("remove_user", For::Administrators),
    ("list_services", For::Administrators),
    ("add_service", For::Administrators),
    ("remove_service", For::Administrators),
    ("list_machines", For::Administrators),
    ("invite_machine", For::Administrators),
    ("withdraw_invitation", For::Administrators),
    ("enroll_machine", For::Anybody),
    ("revoke_machine", For::Administrators),
    ("confirm_machine", For::Administrators),
    ("show_history", For::Administrators),
    ("show_openapi", For::Anybody),
    ("show_health", For::Anybody),
    ("show_activity", For::Anybody),
    ("show_readiness", For::Anybody),
];

/// A kind of caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    NoToken,
    UnknownToken,
    Machine,
    Owner,
    AnotherUser,
    Service,
    ServiceThatLooks,
    ServiceOfAnotherPool,
    ServiceOfAnotherClient,
    Administrator,
}

impl Kind {
    /// Whether the token is one of REST.
    fn is_known(self) -> bool {
        !matches!(self, Self::NoToken | Self::UnknownToken | Self::Machine)
    }

    fn may(self, whose: For) -> bool {
        match whose {
            For::Anybody => true,
            For::Callers => self.is_known(),
            For::Person | For::Finder => matches!(self, Self::Owner | Self::AnotherUser),
            For::PoolsLookers => self.is_known() && self != Self::ServiceOfAnotherPool,
            For::Askers => matches!(self, Self::Owner | Self::Service),
            For::Users(_) => matches!(self, Self::Owner | Self::Service | Self::Administrator),
            For::Administrators => self == Self::Administrator,
        }
    }
}

struct Office {
    server: Server,
    lucy: Client,
    callers: Vec<(Kind, Client)>,
}

impl Office {
    fn open() -> Self {
        let server = Server::start(50);
        let (lucy, bill) = (server.person("Lucy"), server.person("Bill"));
        let admin = server.admin();
        let mut narrow = admin.get(&format!("/api/v1/pools/{POOL}")).expect(200);
        let definition = narrow["definition"].take();
        for pool in [NARROW, "elsewhere"] {
            admin.put(&format!("/api/v1/pools/{pool}"), &definition).expect(201);
        }
        let service = |name: &str, act_for: bool, pools: Value, clients: Value| {
            let body =
                json!({ "name": name, "act_for": act_for, "pools": pools, "clients": clients });
            let answer = admin.post("/api/v1/services", &body).expect(201);
            server.client().with_token(answer["token"].as_str().unwrap())
        };
        let elsewhere = json!(["elsewhere"]);
        let machine = Machine::enrol(&server, "desk-1");
        let callers = vec![
            (Kind::NoToken, server.client()),
            (Kind::UnknownToken, server.client().with_token("made up")),
            (Kind::Machine, server.client().with_token(&machine.credential)),
            (Kind::AnotherUser, bill),
            (Kind::ServiceThatLooks, service("looks", false, json!(null), json!(null))),
            (Kind::ServiceOfAnotherPool, service("elsewhere", true, elsewhere, json!(null))),
            (Kind::ServiceOfAnotherClient, service("mobile", true, json!(null), json!(["mobile"]))),
            (Kind::Owner, lucy.clone()),
            (Kind::Service, service("crm", true, json!(null), json!(null))),
            (Kind::Administrator, admin.clone()),
        ];
        Self { server, lucy, callers }
    }

    /// The pool that Lucy waits for has this many seats.
    fn narrow(&self, seats: u32) {
        let admin = self.server.admin();
        let path = format!("/api/v1/pools/{NARROW}");
        let mut definition = admin.get(&path).expect(200)["definition"].take();
        definition["seats"] = json!(seats);
        admin.put(&path, &definition).expect(200);
    }

    /// Something of Lucy's: its id, its epoch if it is a seat, and the path that ends it.
    fn thing(&self, thing: Thing) -> (String, Value, String) {
        if thing == Thing::Seat {
            let seat = self.lucy.sign_on("web").expect(201);
            let ends = crate::world::seat_path(&seat);
            return (seat["id"].as_str().unwrap().to_owned(), seat["epoch"].clone(), ends);
        }
        self.narrow(0);
        let request = fresh();
        let body = json!({ "request_id": request, "client": "web", "wait": "ask" });
        let path = format!("/api/v1/pools/{NARROW}/seats");
        let place = self.lucy.post(&path, &body).expect(202);
        let place = place["id"].as_str().unwrap().to_owned();
        let ends = format!("/api/v1/places/{place}");
        if thing == Thing::Place {
            return (place, json!(null), ends);
        }
        self.narrow(1);
        loop {
            let asked = self.lucy.get(&format!("/api/v1/requests/{request}")).expect(200);
            if let Some(offer) = asked["offer"]["id"].as_str() {
                return (offer.to_owned(), json!(null), ends);
            }
        }
    }
}

/// The body or query of an operation on something.
fn performed(client: &Client, method: &str, path: &str, id: &str, epoch: &Value) -> Answer {
    let pool = match (method, path.contains("{pool}")) {
        (_, false) => id,
        // It goes, and the others are still needed.
        ("delete", true) => "elsewhere",
        (_, true) => POOL,
    };
    let start = path.find('{').unwrap_or(path.len());
    let end = path.find('}').map_or(path.len(), |end| end + 1);
    let mut full = format!("{}{pool}{}", &path[..start], &path[end..]);
    if start == path.len() {
        full = path.to_owned();
    }
    let body = match path {
        "/api/v1/seats/renew" => json!([{ "id": id, "epoch": epoch }]),
        "/api/v1/pools/{pool}/seats" | "/api/v1/pools/{pool}/checks" => {
            json!({ "request_id": fresh(), "client": "web", "user": "lucy@finance.example" })
        }
        _ => json!({}),
    };
    if path == "/api/v1/seats/{seat}" {
        full = format!("{full}?epoch={}", epoch.as_str().unwrap());
    }
    client.raw(&method.to_uppercase(), &full, &body.to_string())
}

#[test]
fn every_operation_has_a_row_and_the_rows_are_true() {
    let office = Office::open();
    let described: BTreeSet<&str> = operations().iter().map(|operation| operation.id).collect();
    let rows: BTreeSet<&str> = OPERATIONS.iter().map(|(id, _)| *id).collect();
    assert_eq!(rows, described, "give each operation a row, and each row an operation");
    assert_eq!(rows.len(), OPERATIONS.len(), "an operation has two rows");

    for Operation { id: operation, method, path, says } in operations() {
        let whose = OPERATIONS.iter().find(|(id, _)| *id == operation).unwrap().1;
        assert_eq!(says["security"].is_null(), whose == For::Anybody, "{operation}");
        // Ends the token that everything else is tried with.
        if operation == "log_out" {
            continue;
        }
        for (kind, client) in &office.callers {
            let place = format!("{operation} by {kind:?}");
            let (id, epoch, ends) = match whose {
                For::Users(thing) => office.thing(thing),
                _ => (fresh(), json!(null), String::new()),
            };
            let answer = performed(client, method, path, &id, &epoch);
            let status = answer.status;
            match (kind.is_known(), kind.may(whose)) {
                (false, false) => assert_eq!(status, 401, "{place}: {answer:?}"),
                (true, false) if whose == For::Finder => {
                    assert_eq!(status, 404, "{place}: {answer:?}");
                }
                (true, false) => assert_eq!(status, 403, "{place}: {answer:?}"),
                // Whether it then succeeds depends on the body: it was not for want of a right.
                (_, true) => assert!(status != 403, "{place}: {answer:?}"),
            }
            if let For::Users(_) = whose {
                if kind.may(whose) {
                    assert!(status < 300, "{place}: {answer:?}");
                } else {
                    let text = answer.body.to_string();
                    let epoch = epoch.as_str().unwrap_or("no epoch");
                    assert!(!text.contains(epoch), "{place} tells the epoch: {text}");
                }
                office.lucy.delete(&ends);
                office.narrow(0);
                for seat in office.lucy.get("/api/v1/me").expect(200)["seats"].as_array().unwrap() {
                    office.lucy.delete(&crate::world::seat_path(seat)).expect(204);
                }
            }
        }
    }
}

#[test]
fn a_service_uses_nothing_that_a_machine_keeps() {
    let office = Office::open();
    let machine = Machine::enrol(&office.server, "desk-2");
    let mut link = Link::up(&office.server, &machine);
    let token = link.log_in("Lucy");
    link.sign_on(sign_on(&token, "session 1"));
    let me = office.lucy.get("/api/v1/me").expect(200);
    let seat = &me["seats"][0];
    let keep = format!("/api/v1/seats/{}/keep", seat["id"].as_str().unwrap());
    for (kind, client) in &office.callers {
        let refused = !matches!(kind, Kind::Owner | Kind::Administrator);
        if kind.is_known() && refused {
            client.delete(&crate::world::seat_path(seat)).expect(403);
            client.post(&keep, &json!({})).expect(403);
        }
    }
    assert_eq!(office.lucy.get("/api/v1/me").expect(200)["seats"].as_array().unwrap().len(), 1);
}

#[test]
fn an_epoch_that_is_made_up_is_ended_and_the_real_one_is_not_told() {
    let office = Office::open();
    let seat = office.lucy.sign_on("web").expect(201);
    let (id, epoch) = (seat["id"].as_str().unwrap(), seat["epoch"].as_str().unwrap());
    let (generation, seq) = epoch.split_once('.').unwrap();
    let seq: u64 = seq.parse().unwrap();
    for made_up in [seq - 1, seq + 1, seq + 1000].map(|seq| format!("{generation}.{seq}")) {
        let keep = format!("/api/v1/seats/{id}/keep");
        let kept = office.lucy.post(&keep, &json!({ "epoch": made_up })).expect(410);
        let path = format!("/api/v1/seats/{id}?epoch={made_up}");
        let ended = office.lucy.delete(&path).expect(410);
        for answer in [kept, ended] {
            let text = answer.to_string();
            assert!(!text.contains(epoch), "{text}");
        }
        let renew = json!([{ "id": id, "epoch": made_up }]);
        let renewed = office.lucy.post("/api/v1/seats/renew", &renew).expect(200);
        assert!(renewed[0]["lease_ms"].is_null(), "{renewed}");
    }
    assert_eq!(office.lucy.in_use(), 1);
}

#[test]
fn of_several_seats_the_own_are_renewed_and_of_others_nothing_is_told() {
    let office = Office::open();
    let mine = office.lucy.sign_on("web").expect(201);
    let bill = &office.callers.iter().find(|(kind, _)| *kind == Kind::AnotherUser).unwrap().1;
    let other = bill.post(&seats(), &json!({ "request_id": fresh(), "client": "web" })).expect(201);
    let claim = |seat: &Value| json!({ "id": seat["id"], "epoch": seat["epoch"] });
    let both = json!([claim(&other), claim(&mine)]);
    let renewed = office.lucy.post("/api/v1/seats/renew", &both).expect(200);
    assert!(renewed[0]["lease_ms"].is_null() && renewed[0]["gone"]["reason"].is_null());
    assert!(renewed[1]["lease_ms"].is_u64(), "{renewed}");
    bill.delete(&crate::world::seat_path(&other)).expect(204);
    office.lucy.post("/api/v1/seats/renew", &json!([claim(&other)])).expect(403);
    bill.post("/api/v1/seats/renew", &json!([])).expect(200);
}
