//! What a tray costs while nothing happens.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use hotseat_tests::processes;
use hotseat_tests::tray_states::{free, holding, view};

use super::office::Desk;

/// Processor time, in ticks of 10 ms, that a tray may use in a quiet minute: of the process with
/// all its threads. It has no children.
const TICKS_MAX: u64 = 2;

/// A timer that is faster than once a second wakes its thread more often in a minute.
const WAKES_MAX: u64 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_minute_costs_next_to_nothing_with_and_without_a_seat() {
    let (one, other) = (Desk::new().await.unwrap(), Desk::new().await.unwrap());
    let without = one.tray(view(vec![free()])).await.unwrap();
    let with = other.tray(view(vec![holding()])).await.unwrap();
    one.item(&without.child).await.unwrap();
    other.item(&with.child).await.unwrap();
    // The start itself may cost what it likes.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let trays = [without.child.id(), with.child.id()];
    let measure = || trays.map(|tray| (processes::ticks(tray).unwrap(), wakes(tray)));
    let before = measure();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let after = measure();
    for ((ticks_before, wakes_before), (ticks, wakes)) in before.into_iter().zip(after) {
        assert!(ticks - ticks_before <= TICKS_MAX, "{} ticks in a minute", ticks - ticks_before);
        for (thread, (name, woke)) in wakes {
            // A thread that is new has woken for the first time.
            let woke = woke - wakes_before.get(&thread).map_or(0, |(_, before)| *before);
            assert!(woke <= WAKES_MAX, "{name} woke {woke} times in a quiet minute");
        }
    }
    for tray in trays {
        assert_eq!(processes::descendants(tray), Vec::<u32>::new(), "the tray started something");
    }
}

/// How often each thread of a process has waited and gone on, by thread, with its name.
fn wakes(process: u32) -> BTreeMap<String, (String, u64)> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    tasks
        .filter_map(|task| {
            let task = task.ok()?;
            // A thread that has just ended has no file any more.
            let status = fs::read_to_string(task.path().join("status")).ok()?;
            let field = |name: &str| {
                status.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim())
            };
            let count = field("voluntary_ctxt_switches:")?.parse().ok()?;
            let thread = task.file_name().to_string_lossy().into_owned();
            Some((thread, (field("Name:")?.to_owned(), count)))
        })
        .collect()
}
