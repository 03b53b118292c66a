//! Plays an office of one pool and several brokers in virtual time, seed by seed, and says how fast.
//!
//! A seed that breaks a promise is made as short as can be and written down as JSON, to be replayed.

mod fingerprints;
mod output;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use hotseat_tests::sim::{Failure, Met, Report, Script, Trace, play, shrink};
use hotseat_tests::waiting::Stopwatch;

use self::output::say;

/// So many failing seeds are told one by one.
const TOLD: usize = 10;
/// How often a long run says how far it is.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// Plays one pool and several brokers in virtual time.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// How many seeds to play.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, alias = "seed", value_name = "SEED", default_value_t = 0)]
    from: u64,
    /// How many are played at once; as many as there are processors when absent.
    #[arg(long)]
    threads: Option<u64>,
    /// Play a script that was written down instead of seeds.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Tell all that happens; for one seed or one script.
    #[arg(long)]
    trace: bool,
    /// Where the script of the first failing seed is written.
    #[arg(long, value_name = "FILE", default_value = "target/hotseat-sim-failed.json")]
    save: PathBuf,
    /// Write down what the brokers of each seed want done, as one number.
    #[arg(long, value_name = "FILE", conflicts_with = "trace")]
    record: Option<PathBuf>,
    /// Compare with the record of another build: a refactored core must have the same effects.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "trace"])]
    compare: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if let Some(file) = &options.replay {
        let json = fs::read_to_string(file);
        let json = json.with_context(|| format!("{} cannot be read", file.display()))?;
        let script = Script::from_json(&json);
        let script = script.with_context(|| format!("{} is no script", file.display()))?;
        return one(&script, options.trace);
    }
    if options.trace {
        return one(&Script::of(options.from), true);
    }
    let seeds = options.from..options.from + options.seeds;
    if let Some(file) = &options.record {
        return fingerprints::record(file, seeds, threads(options));
    }
    if let Some(file) = &options.compare {
        return fingerprints::compare(file, seeds, threads(options));
    }
    many(options)
}

fn threads(options: &Options) -> u64 {
    let processors = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    options.threads.unwrap_or(processors).max(1)
}

/// Plays one script.
fn one(script: &Script, trace: bool) -> Result<()> {
    let tell = trace.then(|| -> Trace { Box::new(|line| say(&line)) });
    match play(script, tell) {
        Ok(report) => {
            say(&format!("no promise was broken: {report:?}"));
            Ok(())
        }
        Err(failure) => bail!("{}", failure.text),
    }
}

/// Plays many seeds, on some threads.
fn many(options: &Options) -> Result<()> {
    let threads = threads(options);
    let (first, end) = (options.from, options.from + options.seeds);
    let began = Stopwatch::start();
    let (next, failed) = (AtomicU64::new(first), AtomicUsize::new(0));
    let played = thread::scope(|scope| {
        let worker = || work(&next, end, &failed);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let mut told = Stopwatch::start();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            if told.elapsed() >= SAID_EVERY {
                told = Stopwatch::start();
                let done = next.load(Ordering::Relaxed).min(end) - first;
                say(&format!("{done} of {} seeds", options.seeds));
            }
        }
        let worked = workers.into_iter().map(|worker| worker.join());
        worked.collect::<Result<Vec<_>, _>>()
    });
    let Ok(played) = played else {
        bail!("a seed ended in a panic, which is told above");
    };
    let mut played: Vec<_> = played.into_iter().flatten().collect();
    played.sort_by_key(|(seed, _)| *seed);
    tell(&played, began.elapsed());
    judge(&played, &options.save)
}

type Played = (u64, Result<Report, Failure>);

/// Plays the next seed until there is none, and tells at once of the first [`TOLD`] that fail.
fn work(next: &AtomicU64, end: u64, failed: &AtomicUsize) -> Vec<Played> {
    let mut played = Vec::new();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return played;
        }
        let result = play(&Script::of(seed), None);
        if let Err(failure) = &result
            && failed.fetch_add(1, Ordering::Relaxed) < TOLD
        {
            say(&format!("seed {seed}, {}", failure.text));
        }
        played.push((seed, result));
    }
}

/// Says how much happened, and how fast.
fn tell(played: &[Played], took: Duration) {
    let reports = || played.iter().filter_map(|(_, result)| result.as_ref().ok());
    let sum = |what: fn(&Report) -> u64| reports().map(what).sum::<u64>();
    let steps = sum(|report| report.steps);
    let seconds = took.as_secs_f64().max(0.001);
    say(&format!(
        "{} seeds, {steps} steps in {seconds:.1} s: {:.1} seeds and {:.0} steps per second",
        played.len(),
        played.len() as f64 / seconds,
        steps as f64 / seconds,
    ));
    say(&format!(
        "{} grants, {} offers, {} sign-offs acknowledged, {} beliefs checked",
        sum(|report| report.grants),
        sum(|report| report.offers),
        sum(|report| report.sign_offs),
        sum(|report| report.held),
    ));
    let met = reports().fold(Met::default(), |met, report| met.and(report.met));
    say(&format!(
        "{} clones: {} greetings refused ({} by a ping), {} older copies taken, {} taken for one out of reach",
        met.clones, met.refused, met.refused_by_ping, met.void, met.overtook,
    ));
    say(&format!(
        "{} backups put back, {} stores rolled back ({} told of, {} recovered), {} beliefs in lost seats",
        met.restored, met.rolled_back, met.behind, met.recovered, met.orphans,
    ));
}

/// Makes the first failing seed short.
fn judge(played: &[Played], save: &Path) -> Result<()> {
    let failed = || played.iter().filter_map(|(seed, result)| Some((seed, result.as_ref().err()?)));
    let Some((seed, failure)) = failed().next() else {
        return Ok(());
    };
    let (script, short) = shrink(&Script::of(*seed), failure);
    if let Some(folder) = save.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    fs::write(save, script.to_json())
        .with_context(|| format!("{} cannot be written", save.display()))?;
    let (count, file) = (failed().count(), save.display());
    bail!(
        "{count} of {} seeds broke a promise. Seed {seed} needs only {} actions: {}\n\
         hotseat-sim --replay {file} --trace tells it",
        played.len(),
        script.len(),
        short.text
    )
}
