//! A storm over real processes: killed pool servers and brokers, a broken network. What every
//! client heard must fit one order, and the journal. `cargo xtask storm --kills N` storms longer.

use std::time::Duration;

use hotseat_tests::storm::Storm;
use tempfile::TempDir;

/// Kills of the pool server; `cargo xtask storm` does many more.
const KILLS: u32 = 6;
/// Answers that must have been heard: a storm in which nobody asks proves nothing.
const ANSWERS: usize = 1_000;

#[test]
fn a_pool_in_a_storm_is_a_counting_semaphore_with_fencing_and_a_line() {
    let folder = TempDir::new().unwrap();
    let storm = Storm { kills: KILLS, at_least: Duration::from_secs(20), seed: 1 };
    let report = storm.run(folder.path()).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{report}");
    assert_eq!(report.kills.0, KILLS);
    assert!(report.found.ops >= ANSWERS, "only {} answers were heard", report.found.ops);
    let kinds = report.history.kinds();
    let of_seats = ["granted", "refused", "signed off", "renewed", "gone", "check refused"];
    let of_the_line = ["waits", "in line", "offered", "offer taken", "declined", "left the line"];
    let refusals = ["refused: others wait", "check refused: others wait"];
    for kind in of_seats.iter().chain(&of_the_line).chain(&refusals) {
        assert!(kinds.contains_key(kind), "never {kind}: {kinds:?}");
    }
}
