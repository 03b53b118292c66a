//! Each setting of the server and of a pool, changed while real brokers hold a seat and a place and
//! others come and go: whoever lives keeps what they have. The keys are the program's own lists, so
//! that a new one is tried or asks for a case.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use anyhow::{Context as _, Result};
use hotseat_ipc::boot_clock::now_ms;
use hotseat_pool::config::KEYS;
use hotseat_protocol::ipc::View;
use hotseat_protocol::quantity::{LeaseMs, SeatCount};
use hotseat_tests::broker_host::BrokerHost;
use hotseat_tests::children::Child;
use hotseat_tests::http::Client;
use hotseat_tests::journal::Bookmark;
use hotseat_tests::people::{BILL, LUCY, OLAF, fresh_request};
use hotseat_tests::pool_server::POOL;
use hotseat_tests::waiting::wait_for;
use hotseat_tests::world::World;
use serde_json::{Value, json};

/// What is larger is no number of JSON that every program reads.
const NUMBER_MAX: u64 = 1 << 53;

/// The pool's lease when everybody comes: what was stated then is over soon.
const LEASE_MS: u64 = 20_000;

/// Lucy's program has a seat, Bill's waits for one; both were granted what they have at `since`.
struct Office {
    world: World,
    lucy: BrokerHost,
    _bill: BrokerHost,
    _programs: [Child; 2],
    since: Bookmark,
    admin: Client,
}

impl Office {
    async fn open() -> Result<Office> {
        let world = World::new()?;
        world.define(|pool| {
            pool.seats = SeatCount::clamped(1);
            pool.lease_ms = Some(LeaseMs::clamped(LEASE_MS));
        })?;
        let (lucy, bill) = (world.machine(LUCY)?, world.machine(BILL)?);
        let (program, since) = world.run_program(&lucy, &LUCY).await?;
        let waits = bill.hotseat("waits", &["run", POOL, "--wait", "--", "sleep", "600"])?;
        let waiting = world.children.start(waits)?;
        wait_for(
            "Bill waits",
            async || Ok((world.journal.pool()?.pool.waiting == 1).then_some(())),
        )
        .await?;
        let admin = world.pool.admin()?;
        Ok(Office { world, lucy, _bill: bill, _programs: [program, waiting], since, admin })
    }

    /// Lucy has her seat, as she and the server see it; Bill his place, or the seat it became.
    fn all_kept(&self, what: &str) -> Result<()> {
        for person in [LUCY, BILL] {
            self.world.is_kept(self.since, &person).context(what.to_owned())?;
        }
        let pool = self.world.journal.pool()?.pool;
        let holds = |name: &str| anyhow::Ok(!self.world.journal.held_by(name)?.is_empty());
        assert!(holds(LUCY.name)?, "{what}: Lucy's seat is gone");
        let waits = pool.waiting > 0 || pool.offered > 0;
        assert!(holds(BILL.name)? || waits, "{what}: Bill's place is gone");
        let status = self.lucy.run_hotseat(&["status"])?;
        assert_eq!(status.status.code(), Some(0), "{what}: {status:?}");
        Ok(())
    }

    fn definition(&self) -> Result<Value> {
        let mut answer = self.admin.get(&format!("/api/v1/pools/{POOL}"))?;
        Ok(answer.body["definition"].take())
    }

    /// Sets one key; says whether the server takes it.
    fn set(&self, at: &str, value: &Value) -> Result<bool> {
        let mut body = self.definition()?;
        let (parent, key) = at.rsplit_once('/').context("a path")?;
        body.pointer_mut(parent).context("there is such a table")?[key] = value.clone();
        let answer = self.admin.put(&format!("/api/v1/pools/{POOL}"), &body)?;
        assert!([200, 422].contains(&answer.status), "{at} = {value}: {answer:?}");
        Ok(answer.status == 200)
    }

    /// Finds the ends of a number's range by asking, the upper one first, and has everybody live at
    /// each of them.
    fn set_to_its_ends(&self, at: &str, least: u64) -> Result<()> {
        let inside = self.definition()?.pointer(at).and_then(Value::as_u64);
        // Where it has its default, there is a value that the description allows.
        let inside = inside.unwrap_or(least);
        assert!(self.set(at, &json!(inside))?, "{at} = {inside}");
        for beyond in [i128::from(NUMBER_MAX), -1] {
            let (mut taken, mut refused) = (i128::from(inside), beyond);
            while (taken - refused).abs() > 1 {
                let middle = taken + (refused - taken) / 2;
                let number = u64::try_from(middle)?;
                if self.set(at, &json!(number))? { taken = middle } else { refused = middle }
            }
            let end = u64::try_from(taken)?;
            assert!(self.set(at, &json!(end))?, "{at} = {end}");
            self.all_kept(&format!("{at} is {end}"))?;
        }
        Ok(())
    }
}

/// Lucy's broker has heard of a lease and outlives it: her seat is hers for less than that, and
/// then beyond.
async fn outlives_its_lease(office: &Office, lease_ms: u64) -> Result<()> {
    let deadline = || -> Result<Option<u64>> {
        let status = office.lucy.run_hotseat(&["status", "--json"])?;
        let view: View = serde_json::from_str(&status.stdout)?;
        let seats = view.pools.iter().flat_map(|pool| &pool.seats);
        Ok(seats.map(|seat| seat.deadline_boot_ms).next())
    };
    let first = wait_for("the deadline is one of the new lease", async || {
        let soon = now_ms().saturating_add(lease_ms);
        Ok(deadline()?.filter(|deadline| *deadline <= soon))
    })
    .await?;
    wait_for("that deadline has passed", async || Ok((now_ms() > first).then_some(()))).await?;
    office.all_kept(&format!("longer than a lease of {lease_ms} ms"))
}

/// A caller who signs on and off, as fast as it is served, until it is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    fn begin(olaf: Client) -> Load {
        let (stop, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&answers));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let request = json!({ "request_id": fresh_request(), "client": "network" });
                let path = format!("/api/v1/pools/{POOL}/seats");
                let Ok(answer) = olaf.post(&path, &request) else { continue };
                assert!(answer.status < 500, "{answer:?}");
                if let (Some(seat), Some(epoch)) =
                    (answer.body["id"].as_str(), answer.body["epoch"].as_str())
                {
                    let ended = olaf.delete(&format!("/api/v1/seats/{seat}?epoch={epoch}"));
                    assert!(ended.is_ok_and(|ended| ended.status < 500), "{seat}");
                }
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Load { stop, answers, thread: Some(thread) }
    }

    /// Ends it, and says how many answers came.
    fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it is ended once");
        thread.join().expect("every answer is one");
        self.answers.load(Ordering::Relaxed)
    }
}

/// The keys of the tables of a definition, by where they stand, with their schemas.
fn keys(document: &Value) -> Vec<(String, Value)> {
    let tables = [
        ("PoolBody", ""),
        ("IdleBody", "/idle"),
        ("OptionsBody", "/options"),
        ("ClientBody", "/clients/network"),
    ];
    let mut found = Vec::new();
    for (schema, at) in tables {
        let properties = &document["components"]["schemas"][schema]["properties"];
        let properties = properties.as_object().expect("the schema has properties");
        let keys = properties.iter().map(|(key, schema)| (format!("{at}/{key}"), schema.clone()));
        found.extend(keys);
    }
    found
}

/// The schema itself, where another one is referred to, or null allowed beside it.
fn resolved(document: &Value, schema: &Value) -> Value {
    let inner = ["oneOf", "anyOf", "allOf"].iter().find_map(|list| {
        let schemas = schema[*list].as_array()?;
        schemas.iter().find(|schema| schema["type"] != "null")
    });
    let schema = inner.unwrap_or(schema);
    match schema["$ref"].as_str() {
        Some(path) => {
            let path = path.trim_start_matches('#');
            resolved(document, document.pointer(path).expect("the schema is there"))
        }
        None => schema.clone(),
    }
}

fn is_of(schema: &Value, kind: &str) -> bool {
    let listed = schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!(kind)));
    listed || schema["type"] == kind
}

/// What a key is set to where no schema says it.
fn by_hand(at: &str) -> Vec<Value> {
    match at {
        "/name" => vec![json!("Another name"), json!("Infor CRM")],
        "/desktop_client" => vec![json!("web"), json!("network")],
        "/clients/network/operations" => {
            vec![json!({ "log-in": null, "nap": "Good night." }), json!({ "log-in": null })]
        }
        // A table whose keys are listed themselves.
        "/clients" | "/idle" | "/options" => vec![],
        other => panic!("{other} is new: say here what it is set to"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_of_a_pool_may_be_changed_while_people_work() {
    let office = Office::open().await.unwrap();
    let document = office.world.pool.client().get("/api/v1/openapi.json").unwrap().body;
    let load = Load::begin(office.world.pool.log_in(&OLAF).unwrap());
    let before = office.definition().unwrap();
    let put_back = || {
        let answer = office.admin.put(&format!("/api/v1/pools/{POOL}"), &before).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    for (at, schema) in keys(&document) {
        let schema = resolved(&document, &schema);
        if at == "/lease_ms" {
            // First of all: whoever was told of a longer lease is believed for that long.
            let shortest = LeaseMs::MIN.get();
            assert!(office.set(&at, &json!(shortest)).unwrap(), "{at} = {shortest}");
            outlives_its_lease(&office, shortest).await.unwrap();
        }
        if is_of(&schema, "integer") {
            let least = schema["minimum"].as_u64().expect("a number has a range");
            office.set_to_its_ends(&at, least).unwrap();
        } else {
            let words = schema["enum"].as_array().cloned();
            let values = match words {
                Some(words) => words,
                None if is_of(&schema, "boolean") => vec![json!(true), json!(false)],
                None => by_hand(&at),
            };
            let taken = values.iter().filter(|value| office.set(&at, value).unwrap()).count();
            assert!(values.is_empty() || taken > 0, "{at} takes none of {values:?}");
        }
        office.all_kept(&at).unwrap();
        put_back();
    }
    assert!(load.end() > 0, "Olaf was served all the while");
    office.all_kept("all is as before").unwrap();
}

/// What each key of the server's configuration is set to, one after the other.
fn configurations(key: &str, office: &Office) -> Vec<String> {
    let beside = |name: &str| office.world.folder().join(name).display().to_string();
    match key {
        "listen" => vec![office.world.pool.address().to_string()],
        // The store is moved there; see the test.
        "data_dir" => vec![beside("moved")],
        "admin_socket" => vec![beside("a.sock"), beside("b.sock")],
        "journal" => vec!["sqlite".to_owned()],
        "log" => ["off", "error", "trace", "hotseat_pool=debug"].map(str::to_owned).to_vec(),
        "log_format" => ["json", "text"].map(str::to_owned).to_vec(),
        "trusted_proxies" => ["127.0.0.1", "10.0.0.0/8, ::1"].map(str::to_owned).to_vec(),
        "hosts" => ["seats.example", "seats.example, pool.example"].map(str::to_owned).to_vec(),
        other => panic!("{other} is new: say here what it is set to"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_setting_of_the_server_may_be_changed_by_a_restart_while_people_work() {
    let mut office = Office::open().await.unwrap();
    for key in KEYS {
        for value in configurations(key, &office) {
            let variable = format!("HOTSEAT_POOL_{}", key.to_uppercase());
            let (usual, moved) =
                (office.world.pool.data_dir(), office.world.folder().join("moved"));
            if key == "data_dir" {
                // What the server has open must not move.
                office.world.pool.child.terminate();
                office.world.pool.child.wait().unwrap();
                std::fs::rename(&usual, &moved).unwrap();
            }
            office.world.pool.restart_with(&[(&variable, &value)]).unwrap();
            let what = format!("{key} = {value}");
            linked_again(&office, &what).await.unwrap();
            office.all_kept(&what).unwrap();
            if key == "data_dir" {
                office.world.pool.child.terminate();
                office.world.pool.child.wait().unwrap();
                std::fs::rename(&moved, &usual).unwrap();
                office.world.pool.restart().unwrap();
                linked_again(&office, "the store is back").await.unwrap();
                office.all_kept("the store is back").unwrap();
            }
        }
    }
}

async fn linked_again(office: &Office, what: &str) -> Result<()> {
    wait_for(&format!("Lucy's broker is linked again: {what}"), async || {
        let status = office.lucy.run_hotseat(&["status", "--json"])?;
        let view: Value = serde_json::from_str(&status.stdout)?;
        Ok((view["link"]["state"] == "up").then_some(()))
    })
    .await
}
