//! A whole conversation of an application server that means harm, with the real server on a real
//! store. One token of it is for another pool, one may not act for users, one is a person's own.

use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Value, json};
use uuid::Uuid;

use super::choices::{Bytes, Choices as _};
use super::server::Server;

/// Calls in one conversation.
const CALLS_MAX: u32 = 24;
/// The server is started again, and reads its whole store, after this many conversations.
const RESTARTED_EVERY: u64 = 32;

/// The pool of those who do nothing.
const POOL: &str = "infor-crm";
/// The one that the hostile server may use.
const OTHER: &str = "other";

static OFFICE: LazyLock<Mutex<Office>> = LazyLock::new(|| Mutex::new(Office::open()));

/// The bytes choose what is called, with which token, about whom.
///
/// The server lives, reads its store again, and in the pool that its services have no business
/// with nobody's seat, place or history changes.
pub fn service_conversations(bytes: &[u8]) {
    let mut office = OFFICE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut choices = Bytes::new(bytes);
    for _ in 0..CALLS_MAX {
        if choices.is_empty() {
            break;
        }
        office.hostile_call(&mut choices);
    }
    office.nobody_is_disturbed();
    office.conversations += 1;
    if office.conversations.is_multiple_of(RESTARTED_EVERY) {
        office.server.restart();
        office.nobody_is_disturbed();
    }
}

/// What the conversations left: `look` is told where the store is while its server runs, and the
/// next server finds the same pools in it.
pub fn after_service_conversations(look: impl FnOnce(&Path)) {
    let mut office = OFFICE.lock().unwrap_or_else(PoisonError::into_inner);
    office.nobody_is_disturbed();
    look(office.server.data_dir());
    let before = office.pools();
    office.server.restart();
    assert_eq!(office.pools(), before, "a start finds other pools");
    office.nobody_is_disturbed();
}

/// A seat or a place as a call names it.
#[derive(Clone)]
struct Named {
    id: String,
    epoch: String,
}

struct Office {
    server: Server,
    conversations: u64,
    /// The application server of those who do nothing.
    crm: String,
    lucy: Named,
    bill: Named,
    /// Nina's request, and her place.
    nina: (String, String),
    /// The hostile tokens.
    tokens: Vec<String>,
    /// What the hostile server has got in its own pool.
    own: Vec<Named>,
    requests: Vec<String>,
    /// Requests that were made so far.
    made: u128,
    /// The newest record that was looked at.
    seen: u64,
}

impl Office {
    fn open() -> Self {
        let server = Server::start();
        let admin = server.admin().to_owned();
        let ask = |token: &str, method: &str, path: &str, body: Value| -> Value {
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let (status, text) = server.ask(token, method, path, body.as_bytes());
            assert!(status < 300, "{method} {path}: {status} {text}");
            serde_json::from_str(&text).expect("an answer is JSON")
        };
        let token = |answer: &Value| answer["token"].as_str().expect("a token").to_owned();
        let mut pool = ask(&admin, "GET", &format!("/api/v1/pools/{POOL}"), Value::Null);
        ask(&admin, "PUT", &format!("/api/v1/pools/{OTHER}"), pool["definition"].take());
        for name in ["Lucy", "Bill", "Nina", "Mallory"] {
            let person = json!({
                "email": email(name), "name": name, "password": PASSWORD, "kind": "concurrent"
            });
            ask(&admin, "POST", "/api/v1/users", person);
        }
        let service = |body: Value| token(&ask(&admin, "POST", "/api/v1/services", body));
        let crm = service(json!({ "name": "crm", "act_for": true }));
        let scoped = json!({ "name": "scoped", "act_for": true, "pools": [OTHER] });
        let powerless = json!({ "name": "powerless", "act_for": false });
        let log_in = json!({ "email": email("Mallory"), "password": PASSWORD });
        let person = token(&ask(&admin, "POST", "/api/v1/login", log_in));
        let tokens = vec![service(scoped), service(powerless), person, "hss_forged".to_owned()];
        let sign_on = |user: &str, number: u128| {
            let path = format!("/api/v1/pools/{POOL}/seats");
            let request = Uuid::from_u128(number).to_string();
            let body = json!({
                "request_id": request, "client": "web", "user": email(user), "wait": "ask"
            });
            (request, ask(&crm, "POST", &path, body))
        };
        let (lucy, bill) = (named(&sign_on("Lucy", 1).1), named(&sign_on("Bill", 2).1));
        let (request, waiting) = sign_on("Nina", 3);
        let nina = (request, named(&waiting).id);
        let mut office = Self {
            server,
            conversations: 0,
            crm,
            lucy,
            bill,
            nina,
            tokens,
            own: Vec::new(),
            requests: Vec::new(),
            made: 3,
            seen: 0,
        };
        office.new_records();
        office
    }

    /// One call of the hostile server.
    fn hostile_call(&mut self, choices: &mut Bytes<'_>) {
        let token = choices.one(&self.tokens).unwrap_or_default();
        let Named { id, epoch } = self.about(choices);
        let pool = choices.one(&[OTHER, OTHER, POOL, "no-such-pool"]).unwrap_or(OTHER);
        let user = choices.one(&["Lucy", "Bill", "Nina", "Mallory"]).unwrap_or("Mallory");
        let request = self.request(choices);
        let checked = json!({
            "request_id": request,
            "client": choices.one(&["web", "network", "mobile", "fax"]),
            "user": email(user),
        });
        let mut asked = checked.clone();
        asked["wait"] = json!(choices.one(&["auto", "ask"]));
        let number = choices.extreme();
        let lucy = email(user);
        let seat = json!({ "epoch": epoch });
        let (method, path, body) = match choices.below(16) {
            0..=2 => ("POST", format!("/api/v1/pools/{pool}/seats"), asked),
            3 => ("POST", format!("/api/v1/pools/{pool}/checks"), checked),
            4 => ("POST", "/api/v1/seats/renew".to_owned(), json!([{ "id": id, "epoch": epoch }])),
            5 => ("POST", format!("/api/v1/seats/{id}/keep"), seat),
            6 => ("DELETE", format!("/api/v1/seats/{id}?epoch={epoch}"), Value::Null),
            7 => ("POST", format!("/api/v1/seats/{id}/reclaim"), json!({ "note": "mine" })),
            8 => ("POST", format!("/api/v1/offers/{id}/accept"), json!({})),
            9 => ("POST", format!("/api/v1/offers/{id}/decline"), json!({})),
            10 => ("DELETE", format!("/api/v1/places/{id}"), Value::Null),
            11 => ("GET", format!("/api/v1/requests/{request}"), Value::Null),
            12 => ("DELETE", format!("/api/v1/users/{lucy}"), Value::Null),
            13 => ("PATCH", format!("/api/v1/users/{lucy}"), json!({ "enabled": false })),
            14 => ("PUT", format!("/api/v1/pools/{pool}"), json!({ "seats": number })),
            _ => ("GET", format!("/api/v1/history?after={number}&limit={number}"), Value::Null),
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.server.ask(&token, method, &path, body.as_bytes());
        if status < 300
            && let Ok(answer) = serde_json::from_str::<Value>(&text)
            && answer["id"].is_string()
        {
            self.own.push(named(&answer));
        }
    }

    /// Somebody's seat or place, mostly one of the innocent, with an epoch that may be made up.
    fn about(&self, choices: &mut Bytes<'_>) -> Named {
        let nina = Named { id: self.nina.1.clone(), epoch: self.lucy.epoch.clone() };
        let nobody = Uuid::from_u128(choices.made_up()).to_string();
        let nobody = Named { id: nobody, epoch: self.bill.epoch.clone() };
        let own = choices.one(&self.own).unwrap_or_else(|| nobody.clone());
        let all = [self.lucy.clone(), self.bill.clone(), nina, own, nobody];
        let mut named = choices.one(&all).unwrap_or_else(|| self.lucy.clone());
        if choices.below(4) == 0 {
            let generation = choices.bits() & u64::from(u32::MAX);
            named.epoch = format!("{generation:08x}.{}", choices.extreme());
        }
        named
    }

    fn request(&mut self, choices: &mut Bytes<'_>) -> String {
        self.made += 1;
        let fresh = Uuid::from_u128(self.made).to_string();
        let old = choices.one(&self.requests);
        match choices.below(4) {
            0 => self.nina.0.clone(),
            1 => old.unwrap_or(fresh),
            _ => {
                self.requests.push(fresh.clone());
                fresh
            }
        }
    }

    /// Those who do nothing have what they had, and the history tells nothing new of their pool.
    fn nobody_is_disturbed(&mut self) {
        let claims =
            [&self.lucy, &self.bill].map(|seat| json!({ "id": seat.id, "epoch": seat.epoch }));
        let body = json!(claims).to_string();
        let (status, text) =
            self.server.ask(&self.crm, "POST", "/api/v1/seats/renew", body.as_bytes());
        assert_eq!(status, 200, "{text}");
        let kept: Value = serde_json::from_str(&text).expect("an answer is JSON");
        let all = (0..claims.len()).all(|n| kept[n]["lease_ms"].is_u64());
        assert!(all, "a seat is gone: {text}");
        let path = format!("/api/v1/requests/{}", self.nina.0);
        let (status, text) = self.server.ask(&self.crm, "GET", &path, b"");
        let request: Value = serde_json::from_str(&text).expect("an answer is JSON");
        assert_eq!((status, &request["rank"]), (200, &json!(1)), "Nina's place: {text}");
        for record in self.new_records() {
            // A person may wait in the pool as everybody may, behind those who were there.
            let own = record["user"] == "Mallory";
            assert!(own || record["pool"] != POOL, "a record about others: {record}");
        }
        // The history is read by the administrator alone; the probe by everybody.
        let (status, text) = self.server.ask("", "GET", "/readyz", b"");
        assert_eq!(status, 200, "{text}");
    }

    /// What is in use, who waits and by which rules, in both pools.
    fn pools(&self) -> Vec<Value> {
        let fields = [POOL, OTHER].into_iter().flat_map(|pool| {
            let path = format!("/api/v1/pools/{pool}");
            let (status, text) = self.server.ask(self.server.admin(), "GET", &path, b"");
            assert_eq!(status, 200, "{text}");
            let mut pool: Value = serde_json::from_str(&text).expect("an answer is JSON");
            ["in_use", "waiting", "definition"].map(|field| pool[field].take())
        });
        let fields: Vec<Value> = fields.collect();
        assert!(fields.iter().all(|field| !field.is_null()), "a field is missing: {fields:?}");
        fields
    }

    /// What the history has that was not looked at.
    fn new_records(&mut self) -> Vec<Value> {
        let mut records = Vec::new();
        loop {
            let path = format!("/api/v1/history?after={}&limit=1000", self.seen);
            let (status, text) = self.server.ask(self.server.admin(), "GET", &path, b"");
            assert_eq!(status, 200, "{text}");
            let mut page: Value = serde_json::from_str(&text).expect("an answer is JSON");
            let page = page["records"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let Some(last) = page.last().and_then(|record| record["seq"].as_u64()) else {
                return records;
            };
            self.seen = last;
            records.extend(page);
        }
    }
}

/// Everybody's.
const PASSWORD: &str = "correct horse battery";

fn email(name: &str) -> String {
    format!("{}@finance.example", name.to_lowercase())
}

fn named(answer: &Value) -> Named {
    let text = |field: &str| answer[field].as_str().unwrap_or_default().to_owned();
    Named { id: text("id"), epoch: text("epoch") }
}
