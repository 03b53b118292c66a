//! What brokers want done in each seed, compared between two builds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result, bail};
use hotseat_tests::sim::{Script, fingerprint};

use super::output::say;

/// A seed, and the number of what its brokers want done; why, where the play failed.
type Prints = BTreeMap<u64, String>;

/// Writes down a line for each seed.
pub(super) fn record(file: &Path, seeds: Range<u64>, threads: u64) -> Result<()> {
    let mut text = String::new();
    for (seed, print) in play(seeds, threads)? {
        writeln!(text, "{seed} {print}")?;
    }
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

/// Says of which seeds another build has written down something else.
pub(super) fn compare(file: &Path, seeds: Range<u64>, threads: u64) -> Result<()> {
    let text = fs::read_to_string(file);
    let text = text.with_context(|| format!("{} cannot be read", file.display()))?;
    let mut others = Prints::new();
    for line in text.lines() {
        let (seed, print) = line
            .split_once(' ')
            .context("a malformed line: a seed and a fingerprint were expected")?;
        others.insert(
            seed.parse().context("a malformed line: it begins with no seed")?,
            print.to_owned(),
        );
    }
    let played = play(seeds, threads)?;
    let missing = played.keys().filter(|seed| !others.contains_key(seed)).count();
    if missing > 0 {
        bail!("{missing} of these seeds are not in {}", file.display());
    }
    let differ: Vec<u64> = played
        .iter()
        .filter(|(seed, print)| others[seed] != **print)
        .map(|(seed, _)| *seed)
        .collect();
    match differ.first() {
        None => {
            say(&format!("{} seeds: the same effects", played.len()));
            Ok(())
        }
        Some(first) => {
            bail!("{} of {} seeds differ, the first is {first}", differ.len(), played.len())
        }
    }
}

fn play(seeds: Range<u64>, threads: u64) -> Result<Prints> {
    let next = AtomicU64::new(seeds.start);
    let worker = || {
        let mut prints = Prints::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return prints;
            }
            let print = match fingerprint(&Script::of(seed)) {
                Ok(print) => format!("{print:016x}"),
                Err(failure) => failure.text,
            };
            prints.insert(seed, print);
        }
    };
    let played = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join()).collect::<Result<Vec<_>, _>>()
    });
    let Ok(played) = played else {
        bail!("a seed ended in a panic, which is told above");
    };
    Ok(played.into_iter().flatten().collect())
}
