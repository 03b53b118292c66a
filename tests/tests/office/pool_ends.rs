//! The pool server stands still, or is killed in a storm: nothing that it acknowledged is lost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use hotseat_protocol::ids::{ClientName, RequestId};
use hotseat_protocol::quantity::SeatCount;
use hotseat_tests::http::{Answer, Client};
use hotseat_tests::people::{BILL, OLAF};
use hotseat_tests::pool_server::POOL;
use hotseat_tests::waiting::{Stopwatch, wait_until};
use hotseat_tests::world::{World, lease_ms, says_held};
use serde_json::{Value, json};

/// The shortest lease that a pool takes; the default is 90 s.
const LEASE: Duration = Duration::from_secs(10);
/// Longer than a lease, shorter than what the link calls dead.
const STANDSTILL: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_stood_still_for_longer_than_a_lease_expires_nobody_who_renews() {
    let world = World::new().unwrap();
    world.define(|pool| pool.lease_ms = lease_ms(LEASE)).unwrap();
    let bill = world.machine(BILL).unwrap();
    let (mut program, mark) = world.run_program(&bill, &BILL).await.unwrap();
    says_held(&bill, true).await.unwrap();
    world.pool.child.freeze();
    // Past its deadline the seat is not held, whatever the pool would say.
    says_held(&bill, false).await.unwrap();
    let still = Stopwatch::start();
    wait_until("the pool stood still for longer than a lease", || {
        Ok((still.elapsed() > STANDSTILL).then_some(()))
    })
    .unwrap();
    world.pool.child.thaw();
    says_held(&bill, true).await.unwrap();
    world.is_kept(mark, &BILL).unwrap();
    program.expect_running().unwrap();
}

/// Seats of the storm's pool: one for each caller to keep, and too few for all to have another, so that some are
/// refused and there are always grants to come.
const SEATS: u32 = 12;
/// Callers of the storm, each with sign-ons and sign-offs of its own.
const CALLERS: u32 = 8;
/// Grants after which the pool server is killed.
const GRANTS: usize = 60;
/// How often it is killed.
const KILLS: u32 = 3;

/// What a caller knows of a request.
#[derive(Clone, Debug, PartialEq)]
enum Known {
    /// Sent, and no answer came.
    Open,
    /// Granted, and nothing else was asked since.
    Granted { id: String, epoch: String },
    /// A sign-off was sent, and no answer came.
    Leaving,
    /// Signed off, and that was acknowledged.
    Left,
    /// Refused.
    Refused,
}

type Book = BTreeMap<String, Known>;

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_killed_in_a_storm_of_sign_ons_loses_and_doubles_nothing() {
    let mut world = World::new().unwrap();
    world.define(|pool| pool.seats = SeatCount::clamped(SEATS.into())).unwrap();
    let body = json!({"name": "storm", "act_for": true});
    let service = world.pool.admin().unwrap().post("/api/v1/services", &body).unwrap();
    let token = service.body["token"].as_str().unwrap().to_owned();
    let mut book = Book::new();
    for round in 0..KILLS {
        let client = world.pool.client().with_token(token.as_str());
        book.extend(storm(&mut world, &client, round));
        world.pool.restart().unwrap();
        let held = compare(&client, &mut book);
        let in_use = world.journal.pool().unwrap().pool.in_use;
        assert_eq!(usize::try_from(in_use).unwrap(), held, "{book:?}");
        assert!(in_use <= SEATS, "{in_use} of {SEATS} are in use");
        renew_all(&client, &book);
        give_all_back(&client, &mut book);
    }
}

/// Callers sign on and off until so many grants were acknowledged, then the server is killed.
fn storm(world: &mut World, client: &Client, round: u32) -> Book {
    let granted = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (granted, over) = (&granted, &over);
                scope.spawn(move || call(client, round * CALLERS + caller, granted, over))
            })
            .collect();
        let height = wait_until("the storm is at its height", || {
            Ok((granted.load(Ordering::Relaxed) >= GRANTS).then_some(()))
        });
        world.pool.child.kill().expect("the server is killed");
        over.store(true, Ordering::Relaxed);
        height.expect("there are grants");
        callers.into_iter().flat_map(|caller| caller.join().expect("no caller panics")).collect()
    })
}

/// One caller: signs on and off again, keeping the first seat, until nobody answers.
fn call(client: &Client, caller: u32, granted: &AtomicUsize, over: &AtomicBool) -> Book {
    let mut book = Book::new();
    let mut keeps = false;
    for number in 0u32.. {
        let request = RequestId::from_random(u128::from(caller) << 64 | u128::from(number));
        let request = request.to_string();
        book.insert(request.clone(), Known::Open);
        let Ok(answer) = sign_on(client, &request) else { break };
        let known = known(&answer);
        if let Known::Granted { id, epoch } = &known {
            granted.fetch_add(1, Ordering::Relaxed);
            if keeps {
                book.insert(request.clone(), Known::Leaving);
                let path = format!("/api/v1/seats/{id}?epoch={epoch}");
                let Ok(answer) = client.delete(&path) else { break };
                assert_eq!(answer.status, 204, "{answer:?}");
                book.insert(request, Known::Left);
                continue;
            }
            keeps = true;
        }
        book.insert(request, known);
        if over.load(Ordering::Relaxed) {
            break;
        }
    }
    book
}

fn sign_on(client: &Client, request: &str) -> anyhow::Result<Answer> {
    let body = json!({
        "request_id": request, "client": ClientName::new("web")?, "user": OLAF.email,
    });
    client.post(&format!("/api/v1/pools/{POOL}/seats"), &body)
}

fn known(answer: &Answer) -> Known {
    match answer.status {
        200 | 201 if answer.body["became"] == "ended" => Known::Left,
        200 | 201 => Known::Granted { id: text(answer, "id"), epoch: text(answer, "epoch") },
        409 => Known::Refused,
        410 => Known::Left,
        _ => panic!("{answer:?}"),
    }
}

fn text(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {answer:?}")).to_owned()
}

/// Asks what became of every request, by repeating it. What was acknowledged must be so; what was not may be
/// either. Returns how many seats are held.
fn compare(client: &Client, book: &mut Book) -> usize {
    for (request, before) in book.iter_mut() {
        let now = known(&sign_on(client, request).expect("the server is up again"));
        match before {
            Known::Granted { .. } | Known::Left | Known::Refused => {
                assert_eq!(&now, before, "{request}");
            }
            Known::Leaving => assert_ne!(now, Known::Refused, "{request}"),
            Known::Open => {}
        }
        *before = now;
    }
    let mut ids: Vec<&String> = book.values().filter_map(seat).collect();
    let held = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), held, "two requests have one seat");
    held
}

fn seat(known: &Known) -> Option<&String> {
    match known {
        Known::Granted { id, .. } => Some(id),
        Known::Open | Known::Leaving | Known::Left | Known::Refused => None,
    }
}

/// Renews all that is held: nobody was expired.
fn renew_all(client: &Client, book: &Book) {
    let seats = book.values().filter_map(|known| match known {
        Known::Granted { id, epoch } => Some(json!({"id": id, "epoch": epoch})),
        Known::Open | Known::Leaving | Known::Left | Known::Refused => None,
    });
    let answer = client.post("/api/v1/seats/renew", &Value::Array(seats.collect()));
    let answer = answer.expect("the server is up again");
    assert_eq!(answer.status, 200, "{answer:?}");
    for renewed in answer.body.as_array().expect("a list") {
        assert!(renewed["lease_ms"].is_u64(), "{renewed}");
    }
}

/// Everybody goes, so that the next storm finds an empty pool.
fn give_all_back(client: &Client, book: &mut Book) {
    for known in book.values_mut() {
        if let Known::Granted { id, epoch } = known {
            let answer = client.delete(&format!("/api/v1/seats/{id}?epoch={epoch}"));
            let answer = answer.expect("the server is up again");
            assert_eq!(answer.status, 204, "{answer:?}");
            *known = Known::Left;
        }
    }
}
