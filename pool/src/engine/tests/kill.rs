//! SIGKILL in a storm of sign-ons over SQLite: a child process works and says what was
//! acknowledged, its parent keeps the ledger, kills it, and reads the store.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use hotseat_protocol::ids::{SeatId, SeatRef};

use super::office::{Office, sign_off, sign_on};
use super::task::{engine, open, seat};
use crate::engine::replay;
use crate::journal::store::{Open, Store};
use crate::rules::check_invariants;

const ROUNDS: u128 = 6;
/// Acknowledgements after which a child is killed.
const HEARD: usize = 120;
const OFFICE: Office = Office { seats: 8, people: 24 };

/// What the child does; run by the test below, and harmless without it.
#[tokio::test]
#[ignore = "a part of killed_in_a_storm_nothing_acknowledged_is_lost"]
async fn child() {
    let mut orders = String::new();
    std::io::stdin().read_line(&mut orders).unwrap();
    let Some((round, path)) = orders.trim_end().split_once(' ') else { return };
    let round: u128 = round.parse().unwrap();
    let (journal, _tables) = Store::open(Path::new(path), Open::OrCreate).unwrap().split();
    let handle = engine(Box::new(journal));
    if round == 0 {
        open(&handle, OFFICE).await;
    }
    let people = (1..=OFFICE.people).map(|n| {
        let handle = handle.clone();
        async move {
            for turn in 0_u128.. {
                let request = round * 1_000_000 + n * 10_000 + turn;
                let Ok(answer) = handle.submit(sign_on(n, request)).await else { return };
                let Some(held) = seat(&answer) else {
                    tokio::task::yield_now().await;
                    continue;
                };
                say(&format!("granted {n} {} {}", held.id, held.epoch));
                if turn % 3 == 0 {
                    say(&format!("asked {n} {}", held.id));
                    handle.submit(sign_off(n, held)).await.unwrap();
                    say(&format!("released {n} {}", held.id));
                }
            }
        }
    });
    futures_util::future::join_all(people).await;
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // The parent kills this process, it never closes the pipe first.
    writeln!(out, "ledger {line}").and_then(|()| out.flush()).unwrap();
}

/// What the parent heard of a seat.
#[derive(Debug, Default)]
struct Heard {
    granted: Option<String>,
    end_asked: bool,
    released: bool,
}

fn storm(path: &Path, round: u128, ledger: &mut BTreeMap<SeatId, Heard>) {
    let this = std::env::current_exe().unwrap();
    let mut child = Process::new(this)
        .args(["--exact", "engine::tests::kill::child", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{round} {}", path.display()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = 0;
    let mut hear = |line: String| {
        // The test runner's own words may stand before the first one.
        let Some((_, words)) = line.split_once("ledger ") else { return false };
        let words: Vec<&str> = words.split(' ').collect();
        let seat = ledger.entry(words[2].parse().unwrap()).or_default();
        match words[0] {
            "granted" => seat.granted = Some(words[3].to_owned()),
            "asked" => seat.end_asked = true,
            _ => seat.released = true,
        }
        true
    };
    while heard < HEARD {
        let line = lines.next().expect("the child works until it is killed").unwrap();
        heard += usize::from(hear(line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had said before it died was acknowledged too; a line cut short was not.
    for line in lines.map_while(Result::ok) {
        if line.split(' ').count() >= 4 {
            hear(line);
        }
    }
}

#[test]
fn killed_in_a_storm_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.db");
    let mut ledger = BTreeMap::new();
    for round in 0..ROUNDS {
        storm(&path, round, &mut ledger);
        let (mut journal, _tables) = Store::open(&path, Open::Existing).unwrap().split();
        let state = replay(&mut journal).unwrap().state;
        check_invariants(&state).unwrap();
        assert!(state.counts(&super::office::pool()).in_use <= OFFICE.seats);
        for (id, heard) in &ledger {
            let now = state.seat(*id).map(crate::rules::Seat::seat_ref);
            if heard.released {
                assert_eq!(now, None, "round {round}: a sign-off was lost");
            } else if let (Some(epoch), false) = (&heard.granted, heard.end_asked) {
                let SeatRef { epoch: now, .. } =
                    now.unwrap_or_else(|| panic!("round {round}: the grant of {id} was lost"));
                assert!(now.covers(epoch.parse().unwrap()), "round {round}: an older epoch");
            }
        }
    }
    let released = ledger.values().filter(|heard| heard.released).count();
    assert!(released > 0 && ledger.len() > released, "the storm tests nothing: {ledger:?}");
}
