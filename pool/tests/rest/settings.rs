//! What an administrator may change while others are linked: every key of a pool's definition, as
//! the OpenAPI document has them. Who lives keeps seat and place, and the machines hear of it.

use std::collections::BTreeSet;
use std::time::Duration;

use hotseat_protocol::ids::{RequestId, SeatRef};
use hotseat_protocol::link::{
    Accept, ClaimedSeat, FromPool, MachineMessage, Outcome, Projected, Renewal, SignOn,
};
use hotseat_protocol::quantity::{IdleSeconds, LeaseMs};
use serde_json::{Value, json};

use crate::socket::{Link, Machine, sign_on};
use crate::world::{Client, POOL, Server, fresh, seats};

const SECOND: Duration = Duration::from_secs(1);
const WEEK_MS: u64 = 7 * 24 * 3_600_000;

/// One key.
struct Row {
    /// The schema that it is of, and its name.
    key: (&'static str, &'static str),
    /// Where it stands in a definition; none: its own keys have rows.
    at: Option<&'static str>,
    /// What it is set to, one after the other, the ends of its range among it.
    values: Vec<Value>,
    /// Where a machine sees it.
    shown: Option<&'static str>,
}

fn row(
    key: (&'static str, &'static str),
    at: &'static str,
    values: Vec<Value>,
    shown: Option<&'static str>,
) -> Row {
    Row { key, at: Some(at), values, shown }
}

fn rows() -> Vec<Row> {
    let pool = |name, at, values, shown| row(("PoolBody", name), at, values, shown);
    let nested = |name| Row { key: ("PoolBody", name), at: None, values: vec![], shown: None };
    let lease = vec![json!(30_000), json!(10_000), json!(WEEK_MS), json!(10_000)];
    vec![
        pool("name", "/name", vec![json!("Another name")], Some("/name")),
        pool("seats", "/seats", vec![json!(0), json!(1)], Some("/seats")),
        nested("clients"),
        pool("desktop_client", "/desktop_client", vec![json!("web")], Some("/desktop_client")),
        nested("options"),
        pool("lease_ms", "/lease_ms", lease, Some("/policy/lease_ms")),
        pool("calls_timeout_ms", "/calls_timeout_ms", vec![json!(1_000), json!(WEEK_MS)], None),
        pool("offer_ms", "/offer_ms", vec![json!(1_000), json!(WEEK_MS)], None),
        pool("tray_grace_ms", "/tray_grace_ms", vec![json!(0)], Some("/policy/tray_grace_ms")),
        nested("idle"),
        pool("on_sleep", "/on_sleep", vec![json!("keep")], Some("/policy/on_sleep")),
        pool("offline", "/offline", vec![json!("tolerate")], Some("/policy/offline")),
        pool("privacy", "/privacy", vec![json!("initials"), json!("counts")], Some("/privacy")),
        row(
            ("IdleBody", "warn_after_ms"),
            "/idle/warn_after_ms",
            vec![json!(1_000)],
            Some("/policy/warn_after_ms"),
        ),
        row(
            ("IdleBody", "sign_off_after_ms"),
            "/idle/sign_off_after_ms",
            vec![json!(1_501_000), json!(WEEK_MS)],
            Some("/policy/sign_off_after_ms"),
        ),
        row(
            ("IdleBody", "only_when_wanted"),
            "/idle/only_when_wanted",
            vec![json!(false)],
            Some("/policy/only_when_wanted"),
        ),
        row(
            ("OptionsBody", "one_seat_per_user"),
            "/options/one_seat_per_user",
            vec![json!(true)],
            None,
        ),
        row(
            ("OptionsBody", "holder_passes_check"),
            "/options/holder_passes_check",
            vec![json!(true)],
            None,
        ),
        row(
            ("OptionsBody", "provisional_hold_ms"),
            "/options/provisional_hold_ms",
            vec![json!(1_000), json!(60_000), json!(5_000), json!(null)],
            None,
        ),
        row(("ClientBody", "rule"), "/clients/xbar/rule", vec![json!("hold")], None),
        row(
            ("ClientBody", "session_timeout_ms"),
            "/clients/network/session_timeout_ms",
            vec![json!(5_000), json!(WEEK_MS), json!(5_000), json!(null)],
            None,
        ),
        row(
            ("ClientBody", "operations"),
            "/clients/network/operations",
            vec![json!({ "log-in": null, "nap": "Good night." })],
            None,
        ),
    ]
}

/// Lucy has a seat at a machine where Bill waits, Olaf one that is kept by calls.
struct Office {
    server: Server,
    link: Link,
    lucy: SeatRef,
    bill: RequestId,
    olaf: (Client, Value),
}

impl Office {
    fn open() -> Self {
        let server = Server::with_own_time(2);
        for name in ["Lucy", "Bill"] {
            server.add_person(name, "concurrent");
        }
        let olaf = server.person("Olaf");
        let machine = Machine::enrol(&server, "desk-1");
        let mut link = Link::up(&server, &machine);
        let token = link.log_in("Lucy");
        let Outcome::Seat { seat: lucy, .. } = link.sign_on(sign_on(&token, "session 1")) else {
            panic!("a seat was free")
        };
        let body = json!({ "request_id": fresh(), "client": "network" });
        let seat = olaf.post(&seats(), &body).expect(201);
        let token = link.log_in("Bill");
        let wait = SignOn { wait: Some(Accept::Ask), ..sign_on(&token, "session 2") };
        let bill = wait.request;
        assert!(matches!(link.sign_on(wait), Outcome::Waiting { .. }));
        Self { server, link, lucy, bill, olaf: (olaf, seat) }
    }

    /// Everybody renews, and is there.
    fn all_live(&mut self, what: &str) {
        let claim =
            ClaimedSeat { seat: self.lucy, idle_s: Some(IdleSeconds::MIN), idle_exempt: false };
        let renewal = Renewal { seats: claim.into(), places: self.bill.into() };
        let renewed = self.link.renew(renewal);
        let seats: Vec<SeatRef> = renewed.seats.iter().map(|left| left.seat).collect();
        assert_eq!(seats, [self.lucy], "{what}: {renewed:?}");
        let places: Vec<RequestId> = renewed.places.iter().map(|left| left.request).collect();
        assert_eq!(places, [self.bill], "{what}: {renewed:?}");
        let (olaf, seat) = &self.olaf;
        let claim = json!([{ "id": seat["id"], "epoch": seat["epoch"] }]);
        let renewed = olaf.post("/api/v1/seats/renew", &claim).expect(200);
        assert!(renewed[0]["lease_ms"].is_u64(), "{what}: {renewed}");
    }

    fn set(&mut self, at: &str, value: &Value, shown: Option<&str>) {
        self.server.define(|definition| {
            let (parent, key) = at.rsplit_once('/').unwrap();
            definition.pointer_mut(parent).unwrap()[key] = value.clone();
        });
        self.server.advance(SECOND);
        if let Some(shown) = shown {
            self.link.wait_for_item(|item| match item {
                Projected::Pool { pool } => {
                    serde_json::to_value(pool).unwrap().pointer(shown) == Some(value)
                }
                _ => false,
            });
        }
        let what = format!("{at} is {value}");
        self.all_live(&what);
        self.server.advance(3 * SECOND);
        self.all_live(&what);
    }
}

#[test]
fn whatever_is_changed_those_who_live_keep_seat_and_place_and_machines_hear_of_it() {
    let mut office = Office::open();
    let document = office.server.client().get("/api/v1/openapi.json").expect(200);
    let mut described = BTreeSet::new();
    for schema in ["PoolBody", "IdleBody", "OptionsBody", "ClientBody"] {
        let properties = &document["components"]["schemas"][schema]["properties"];
        let keys = properties.as_object().unwrap().keys();
        described.extend(keys.map(|key| (schema.to_owned(), key.clone())));
    }
    let rows = rows();
    let have = rows.iter().map(|row| (row.key.0.to_owned(), row.key.1.to_owned()));
    assert_eq!(have.collect::<BTreeSet<_>>(), described, "give each key a row");

    let path = format!("/api/v1/pools/{POOL}");
    let before = office.server.admin().get(&path).expect(200)["definition"].take();
    for row in rows {
        let Some(at) = row.at else { continue };
        for value in &row.values {
            office.set(at, value, row.shown);
        }
        office.server.admin().put(&path, &before).expect(200);
        office.server.advance(SECOND);
        office.all_live(at);
    }
}

#[test]
fn a_client_that_is_in_use_stays() {
    let mut office = Office::open();
    let path = format!("/api/v1/pools/{POOL}");
    let before = office.server.admin().get(&path).expect(200)["definition"].take();
    let (mut gone, mut checks) = (before.clone(), before);
    gone["clients"].as_object_mut().unwrap().remove("network");
    gone["desktop_client"] = json!("web");
    checks["clients"]["network"]["rule"] = json!("check");
    checks["desktop_client"] = json!("web");
    for definition in [gone, checks] {
        let refused = office.server.admin().put(&path, &definition).expect(422);
        assert!(refused["detail"].as_str().unwrap().contains("network"), "{refused}");
        office.all_live("a client was to go");
    }
}

#[test]
fn a_broker_that_knows_the_welcomes_lease_only_greets_anew_when_it_is_shorter() {
    let server = Server::with_own_time(2);
    let machine = Machine::enrol(&server, "desk-1");
    let mut older = Link::open(&server, &machine.credential).unwrap();
    older.greet(machine.id, hotseat_protocol::version::PROTOCOL_VERSION);
    older.wait_for(
        |frame| matches!(frame, FromPool::Welcome { lease_ms, .. } if lease_ms.get() == 90_000),
    );
    older.ask(MachineMessage::Renew(Renewal::default()));
    let lease = |ms: u64| {
        server.define(|definition| definition["lease_ms"] = json!(ms));
        server.advance(SECOND);
    };
    lease(120_000);
    older.wait_for_item(|item| match item {
        Projected::Pool { pool } => pool.policy.lease_ms == LeaseMs::new(120_000),
        _ => false,
    });
    lease(30_000);
    assert!(older.closed().contains("lease"), "it is told to greet again");
}
