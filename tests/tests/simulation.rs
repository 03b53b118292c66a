//! The simulation over fixed seeds. `SEED=n cargo test -p hotseat-tests --test simulation` replays
//! one with a printed trace; `SEEDS=n` plays so many. `cargo xtask sim` plays more, and faster to
//! start.

use std::thread;

use hotseat_tests::sim::{Failure, Met, Report, Script, play, play_without_wall_jumps, shrink};

/// Seeds of an ordinary run.
const SEEDS: u64 = 2_000;

/// Threads that share them.
const THREADS: usize = 2;

/// Seeds that are played twice, the second time with a wall clock of the pool that never jumps.
const SEEDS_TWICE: u64 = 100;

#[expect(clippy::disallowed_methods, reason = "a test's own switch, read where it is used")]
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is {text:?}: give a number")))
}

#[test]
fn no_seed_breaks_a_promise() {
    if let Some(seed) = number("SEED") {
        let report = play(&Script::of(seed), Some(Box::new(|line| println!("{line}"))));
        println!("{:?}", report.unwrap_or_else(|broken| panic!("{}", broken.text)));
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let all = play_all(seeds, |script| play(script, None));
    let broken = || all.iter().filter_map(|(seed, played)| Some((*seed, played.as_ref().err()?)));
    if let Some((seed, failure)) = broken().next() {
        let (script, short) = shrink(&Script::of(seed), failure);
        panic!(
            "{} of {seeds} seeds break a promise; the first is {seed}: {}\nas short as can be: {}\n{}",
            broken().count(),
            failure.text,
            short.text,
            script.to_json()
        );
    }
    let reports = || all.iter().filter_map(|(_, played)| played.as_ref().ok());
    let sum = |what: fn(&Report) -> u64| -> u64 { reports().map(what).sum() };
    println!(
        "{seeds} seeds: {} steps, {} grants, {} offers, {} sign-offs acknowledged, {} beliefs",
        sum(|report| report.steps),
        sum(|report| report.grants),
        sum(|report| report.offers),
        sum(|report| report.sign_offs),
        sum(|report| report.held),
    );
    let met = reports().fold(Met::default(), |met, report| met.and(report.met));
    println!("{met:?}");
    // A simulation in which nothing happens proves nothing.
    assert!(sum(|report| report.grants) > seeds * 5);
    assert!(sum(|report| report.offers) > seeds);
    assert!(sum(|report| report.held) > seeds * 100);
    assert!(sum(|report| report.sign_offs) > seeds / 2);
    if seeds >= SEEDS {
        assert_eq!(met.missing(), Vec::<&str>::new(), "never came about");
    }
}

/// Promise 9: what the pool's wall clock says is for people. A play in which it jumps by days writes
/// the same journal, but for the times in it.
#[test]
fn a_jump_of_the_pools_wall_clock_changes_nothing() {
    let jumping = play_all(SEEDS_TWICE, |script| play(script, None));
    let standing = play_all(SEEDS_TWICE, play_without_wall_jumps);
    assert_eq!(jumping, standing);
}

#[test]
fn a_script_survives_being_written_down() {
    let script = Script::of(7);
    let read = Script::from_json(&script.to_json());
    assert_eq!(read.expect("what was written can be read"), script);
}

type Played = Vec<(u64, Result<Report, Failure>)>;

fn play_all(seeds: u64, how: fn(&Script) -> Result<Report, Failure>) -> Played {
    let one = move |seed| (seed, how(&Script::of(seed)));
    let part = move |thread| (thread..seeds).step_by(THREADS).map(one).collect::<Played>();
    let threads: Vec<_> = (0..THREADS as u64).map(|n| thread::spawn(move || part(n))).collect();
    let parts = threads.into_iter().map(|thread| thread.join());
    let mut all: Played = parts.flat_map(|part| part.expect("a thread that plays")).collect();
    all.sort_by_key(|(seed, _)| *seed);
    all
}
