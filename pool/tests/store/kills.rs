//! SIGKILL under load: what was acknowledged is written down here, outside, and asked for again
//! after each start.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::world::{Client, Program, Running, SEATS, fresh, request, seat_path, until};

/// How often the server is killed, unless `HOTSEAT_TEST_KILLS` says otherwise; 200 take minutes.
const KILLS: u32 = 6;
/// Acknowledgements, in one life of the server, after which it is killed.
const HEARD: usize = 60;
/// Callers at once, each for a person of its own.
const PEOPLE: [&str; 8] = ["Ada", "Ben", "Cem", "Dora", "Eva", "Fay", "Gus", "Hal"];
/// Seats that each caller keeps; the rest is signed off again.
const KEPT: usize = 4;

/// One seat as its caller knows it.
#[derive(Debug, Clone)]
struct Seat {
    request: String,
    /// None: the sign-on was not answered.
    granted: Option<Value>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Kept,
    /// Its sign-off was not answered.
    Asked,
    Released,
}

/// What one caller knows of all its seats, the oldest first.
type Ledger = Vec<Seat>;

/// Signs on and off until the server is gone.
fn work(client: &Client, name: &str, ledger: &mut Ledger, heard: &AtomicUsize) {
    loop {
        let id = fresh();
        ledger.push(Seat { request: id.clone(), granted: None, end: End::Kept });
        let body = request(&id, name, "network").to_string();
        let Some(answer) = client.ask("POST", SEATS, &body) else { return };
        if let Some(last) = ledger.last_mut() {
            last.granted = Some(answer.expect(201));
        }
        heard.fetch_add(1, Ordering::SeqCst);
        while ledger.iter().filter(|seat| seat.end == End::Kept).count() > KEPT {
            let oldest = ledger.iter_mut().find(|seat| seat.end == End::Kept).unwrap();
            oldest.end = End::Asked;
            let path = seat_path(oldest.granted.as_ref().unwrap());
            let Some(answer) = client.ask("DELETE", &path, "") else { return };
            answer.expect(204);
            oldest.end = End::Released;
            heard.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// One life of the server: everybody works until it has acknowledged enough, and is killed.
fn life(server: Running, client: &Client, ledgers: &mut [Ledger]) {
    let heard = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (name, ledger) in PEOPLE.iter().zip(ledgers) {
            let heard = &heard;
            scope.spawn(move || work(client, name, ledger, heard));
        }
        until("enough was acknowledged", || heard.load(Ordering::SeqCst) >= HEARD);
        server.kill();
    });
}

/// What was acknowledged is so, and what was not answered is asked again and then is so too.
fn check(client: &Client, name: &str, ledger: &mut Ledger) {
    for seat in ledger.iter_mut() {
        if seat.granted.is_none() {
            let again = client.post(SEATS, &request(&seat.request, name, "network"));
            seat.granted = Some(again.expect(201));
        }
        let granted = seat.granted.as_ref().unwrap();
        match seat.end {
            End::Kept => assert!(client.holds(granted), "a grant was lost: {seat:?}"),
            End::Asked => {
                client.sign_off(granted).expect(204);
                assert!(!client.holds(granted), "{seat:?}");
                seat.end = End::Released;
            }
            End::Released => assert!(!client.holds(granted), "a sign-off was lost: {seat:?}"),
        }
    }
}

/// How often the journal says that each request was granted and each seat released.
fn doubled(admin: &Client) -> usize {
    let mut count: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = admin.get(&format!("/api/v1/history?limit=1000&after={after}")).expect(200);
        for record in page["records"].as_array().unwrap() {
            let kind = record["what"].as_str().unwrap();
            if matches!(kind, "seat_granted" | "seat_released") {
                let seat = record["seat"].as_str().unwrap();
                *count.entry((kind.to_owned(), seat.to_owned())).or_default() += 1;
            }
        }
        let Some(next) = page["next"].as_u64() else { break };
        after = next;
    }
    count.values().filter(|times| **times > 1).count()
}

#[expect(clippy::disallowed_methods, reason = "a test may be asked for more than usual")]
fn kills() -> u32 {
    let asked = std::env::var("HOTSEAT_TEST_KILLS").ok();
    asked.map_or(KILLS, |asked| asked.parse().expect("HOTSEAT_TEST_KILLS is a number"))
}

#[test]
fn killed_under_load_nothing_acknowledged_is_lost_and_nothing_doubled() {
    let program = Program::with_store();
    let server = program.serve();
    program.ok(&["pool", "set", "infor-crm", "--seats", "64"]);
    let client = program.application_server(&PEOPLE);
    server.kill();
    let mut ledgers = vec![Ledger::new(); PEOPLE.len()];
    let kills = kills();
    for round in 1..=kills {
        life(program.serve(), &client, &mut ledgers);
        let (sound, told) = program.verify();
        assert!(sound, "after kill {round}: {told}");
        let server = program.serve();
        for (name, ledger) in PEOPLE.iter().zip(&mut ledgers) {
            check(&client, name, ledger);
            // Those that are over were looked at once more; the journal has them all.
            ledger.retain(|seat| seat.end == End::Kept || round == kills);
        }
        let held = ledgers.iter().flatten().filter(|seat| seat.end == End::Kept).count();
        assert_eq!(client.in_use(), held as u64, "after kill {round}");
        drop(server);
    }
    let server = program.serve();
    assert_eq!(doubled(&program.admin()), 0);
    drop(server);
    let (_, told) = program.verify();
    println!("{kills} kills, {} records: nothing lost, nothing doubled", told["records"]);
}
