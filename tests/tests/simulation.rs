//! The simulation over fixed seeds. `SEED=n cargo test -p hotseat-tests --test simulation` replays
//! one with a printed trace; `SEEDS=n` plays so many.

use std::thread;

use hotseat_tests::sim::{Report, play};

/// Seeds of an ordinary run.
const SEEDS: u64 = 600;

/// Threads that share them.
const THREADS: u64 = 2;

#[expect(clippy::disallowed_methods, reason = "a test's own switch, read where it is used")]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is {text:?}: give a number")))
}

#[test]
fn no_seed_breaks_a_promise() {
    if let Some(seed) = number("SEED") {
        let report = play(seed, Some(Box::new(|line| println!("{line}"))))
            .unwrap_or_else(|broken| panic!("{broken}"));
        println!("{report:?}");
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let threads: Vec<_> = (0..THREADS)
        .map(|part| thread::spawn(move || play_all((part..seeds).step_by(2))))
        .collect();
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().expect("a thread that plays seeds"));
    }
    let broken: Vec<&String> = all.iter().filter_map(|played| played.as_ref().err()).collect();
    let shown: Vec<&str> = broken.iter().take(10).map(|broken| broken.as_str()).collect();
    assert!(broken.is_empty(), "{} of {seeds} seeds:\n{}", broken.len(), shown.join("\n"));
    let sum = |what: fn(&Report) -> u64| -> u64 { all.iter().flatten().map(what).sum() };
    println!(
        "{seeds} seeds: {} steps, {} grants, {} offers, {} sign-offs acknowledged",
        sum(|report| report.steps),
        sum(|report| report.grants),
        sum(|report| report.offers),
        sum(|report| report.sign_offs),
    );
    // A simulation in which nothing happens proves nothing.
    assert!(sum(|report| report.grants) > seeds * 5);
    assert!(sum(|report| report.offers) > seeds);
    assert!(sum(|report| report.held) > seeds * 100);
    assert!(sum(|report| report.sign_offs) > seeds / 2);
}

fn play_all(seeds: impl Iterator<Item = u64>) -> Vec<Result<Report, String>> {
    seeds.map(|seed| play(seed, None)).collect()
}
