//! `cargo xtask nightly`: all that takes longer than a test may, one after the other, and one page
//! of what came of it.
//!
//! A stage is a verb of xtask, in a process of its own: it cannot take the next one down, and what
//! it prints is kept in a file. To add one, add a line to [`STAGES`].

mod page;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::command::{self, command, target_dir, workspace};
use crate::output::{self, spoken};
use crate::platform;
use page::Page;

/// Where the page is written, inside the workspace.
const RESULTS: &str = "docs/results";

/// One stage: its name, and the verb with its flags that it starts.
struct Stage {
    name: &'static str,
    arguments: fn(&Amounts) -> Vec<String>,
}

/// Everything that is done in a night, in this order: what is most likely to find something first.
const STAGES: &[Stage] = &[
    Stage { name: "sim", arguments: |how| words(&["sim", "--seeds", &how.seeds.to_string()]) },
    Stage { name: "compat", arguments: |_| words(&["compat"]) },
    Stage { name: "elsewhere", arguments: |_| words(&["check-elsewhere", "--yes"]) },
    Stage { name: "mutants", arguments: |_| words(&["mutants", "--yes"]) },
    Stage {
        name: "fuzz",
        arguments: |how| {
            words(&["fuzz", "--yes", "--minutes", &how.minutes_per_target.to_string()])
        },
    },
    Stage { name: "storm", arguments: |how| words(&["storm", "--kills", &how.kills.to_string()]) },
    Stage { name: "model", arguments: |how| words(&["model", "--depth", &how.depth.to_string()]) },
    Stage {
        name: "generated",
        arguments: |how| {
            // Every night another part, so that all have been made after some nights.
            let shard = format!("{}/{}", how.day % how.shards, how.shards);
            words(&["mutants", "--generated", "--yes", "--shard", &shard])
        },
    },
];

/// What `nightly` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these stages, with commas between.
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(names()))]
    only: Vec<String>,
    #[command(flatten)]
    amounts: Amounts,
}

/// How much is done.
#[derive(Args, Clone, Debug)]
struct Amounts {
    /// Seeds of the simulation.
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// Minutes for each fuzz target.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    minutes_per_target: u32,
    /// How often the storm kills the pool server.
    #[arg(long, default_value_t = 1_000)]
    kills: u32,
    /// How deep the model is looked through.
    #[arg(long, default_value_t = 6)]
    depth: usize,
    /// Of how many parts of the generated changes one is made.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    shards: u32,
    /// Which of these parts; another one each day when absent.
    #[arg(long, value_name = "N", default_value_t = day(), hide_default_value = true)]
    day: u32,
}

/// What became of a stage.
#[derive(Debug)]
struct Outcome {
    name: &'static str,
    /// What was started, as a person would type it.
    line: String,
    took: Duration,
    /// None: all is well.
    error: Option<String>,
    /// Where everything that it printed is.
    log: PathBuf,
}

/// Runs the verb: a stage that fails does not stop the next, but the command fails in the end.
pub(crate) fn run(options: &Options) -> Result<()> {
    let date = date()?;
    let results = workspace().join(RESULTS);
    fs::create_dir_all(&results).with_context(|| format!("cannot make {}", results.display()))?;
    let file = unused(&results, &date);
    let logs = file.file_stem().context("a page has a name")?;
    let logs = target_dir()?.join("nightly").join(logs);
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let stages: Vec<&Stage> = chosen(&options.only).collect();
    let skipped = names().into_iter().filter(|name| stages.iter().all(|stage| stage.name != *name));
    let page = Page::begin(&date, &commit(), &skipped.collect::<Vec<_>>());
    night(&stages, page, &file, |stage| perform(stage, &options.amounts, &logs))
        .with_context(|| format!("what the stages printed is below {}", logs.display()))
}

/// The page of this day that is not there yet: a part that is done once more must not take the
/// place of what the whole night found.
fn unused(results: &Path, date: &str) -> PathBuf {
    let first = results.join(format!("nightly-{date}.md"));
    let more = (2_u32..).map(|n| results.join(format!("nightly-{date}-{n}.md")));
    std::iter::once(first).chain(more).find(|file| !file.exists()).unwrap_or_default()
}

/// Performs the stages and writes the page; fails when one of them did.
fn night(
    stages: &[&Stage],
    mut page: Page,
    file: &Path,
    mut perform: impl FnMut(&Stage) -> Result<Outcome>,
) -> Result<()> {
    for stage in stages {
        page.add(&perform(stage)?);
        // Also after each one: a night that is broken off leaves what it found.
        fs::write(file, page.text()).with_context(|| format!("cannot write {}", file.display()))?;
    }
    output::line(&format!("\nWritten to {}.", file.display()));
    let failed = page.failed();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("failed: {}", failed.join(", "))
}

fn chosen(only: &[String]) -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().filter(move |stage| only.is_empty() || only.iter().any(|name| name == stage.name))
}

fn names() -> Vec<&'static str> {
    STAGES.iter().map(|stage| stage.name).collect()
}

/// Starts this program again with the stage's verb.
fn perform(stage: &Stage, amounts: &Amounts, logs: &Path) -> Result<Outcome> {
    let arguments = (stage.arguments)(amounts);
    let line = format!("cargo xtask {}", arguments.join(" "));
    output::heading(stage.name);
    output::line(&format!("$ {line}"));
    let log = logs.join(format!("{}.log", stage.name));
    let own = std::env::current_exe().context("cannot tell where xtask itself is")?;
    let started = now();
    let error = started_and_ended(command(own)?.args(&arguments), &log)
        .map_err(|error| format!("{error:#}"))
        .err();
    let took = now().duration_since(started);
    let told = error.as_deref().unwrap_or("well");
    output::line(&format!("-- {}: {} ({told})", stage.name, spoken(took)));
    Ok(Outcome { name: stage.name, line, took, error, log })
}

fn started_and_ended(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let beside = file.try_clone().context("cannot write a log twice")?;
    command.stdin(Stdio::null()).stdout(file).stderr(beside);
    let mut child = command.spawn().context("xtask cannot start itself")?;
    platform::pass_signals_to(child.id())?;
    let status = child.wait().context("the stage was lost")?;
    if status.success() {
        return Ok(());
    }
    bail!("{status}")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Today, as `2026-11-30`.
fn date() -> Result<String> {
    let said = command::read("date", &["+%F"]).context("the program `date` says no day")?;
    Ok(said.trim().to_owned())
}

/// A number that is another one each day.
fn day() -> u32 {
    let said = command::read("date", &["+%s"]).unwrap_or_default();
    let seconds: u64 = said.trim().parse().unwrap_or(0);
    u32::try_from(seconds / (24 * 3600)).unwrap_or(0)
}

/// What is tried: the newest commit, and whether there is more in the work tree.
fn commit() -> String {
    let read = |arguments: &[&str]| command::read("git", arguments).unwrap_or_default();
    let (newest, more) = (read(&["rev-parse", "--short", "HEAD"]), read(&["status", "--short"]));
    let changed = if more.trim().is_empty() { "" } else { " and changes that are not committed" };
    if newest.trim().is_empty() {
        return "a commit that git does not tell".to_owned();
    }
    format!("{}{changed}", newest.trim())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a stage took is for people; nothing depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{Cli, Verb};

    fn options(line: &[&str]) -> Options {
        let words = ["xtask", "nightly"].iter().chain(line);
        let Verb::Nightly(options) = Cli::try_parse_from(words).expect("a good line").verb else {
            panic!("another verb");
        };
        options
    }

    #[test]
    fn stages_are_chosen_by_name_in_their_own_order() {
        let all: Vec<&str> = chosen(&options(&[]).only).map(|stage| stage.name).collect();
        assert_eq!(all, names());
        let some = options(&["--only", "fuzz,sim"]).only;
        assert_eq!(chosen(&some).map(|stage| stage.name).collect::<Vec<_>>(), ["sim", "fuzz"]);
        assert!(Cli::try_parse_from(["xtask", "nightly", "--only", "naps"]).is_err());
    }

    #[test]
    fn every_stage_names_a_verb_that_takes_its_flags() {
        let amounts = options(&["--seeds", "7", "--minutes-per-target", "3", "--day", "9"]).amounts;
        for stage in STAGES {
            let line = ["xtask".to_owned()].into_iter().chain((stage.arguments)(&amounts));
            if let Err(error) = Cli::try_parse_from(line) {
                panic!("{}: {error}", stage.name);
            }
        }
        let said = |name: &str| {
            let stage = STAGES.iter().find(|stage| stage.name == name).expect("a stage");
            (stage.arguments)(&amounts).join(" ")
        };
        assert_eq!(said("sim"), "sim --seeds 7");
        assert_eq!(said("fuzz"), "fuzz --yes --minutes 3");
        assert_eq!(said("generated"), "mutants --generated --yes --shard 1/8");
    }

    #[test]
    fn a_stage_that_fails_stops_no_other_and_makes_the_night_fail() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = unused(folder.path(), "2026-11-30");
        let stages: Vec<&Stage> = chosen(&options(&["--only", "sim,fuzz,model"]).only).collect();
        let (log, mut done) = (folder.path().join("stage.log"), Vec::new());
        let ended = night(&stages, Page::begin("2026-11-30", "abc", &["storm"]), &page, |stage| {
            done.push(stage.name);
            let program = if stage.name == "fuzz" { "exit 1" } else { "exit 0" };
            let mut command = Command::new("sh");
            let ended = started_and_ended(command.args(["-c", program]), &log);
            let (line, took, log) = (String::new(), Duration::ZERO, log.clone());
            let error = ended.err().map(|error| error.to_string());
            Ok(Outcome { name: stage.name, line, took, error, log })
        });
        assert_eq!(done, ["sim", "fuzz", "model"]);
        assert_eq!(ended.expect_err("one has failed").to_string(), "failed: fuzz");
        let told = fs::read_to_string(&page).expect("the page is written");
        assert!(told.contains("| fuzz | **FAILED**") && told.contains("| model | well"), "{told}");
        assert!(told.contains("Left out: storm."), "{told}");
        let next = unused(folder.path(), "2026-11-30");
        assert_eq!(next, folder.path().join("nightly-2026-11-30-2.md"));
    }

    #[test]
    fn what_a_stage_prints_is_kept_and_its_end_is_judged() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("stage.log");
        let ended = |program: &str| {
            let mut command = Command::new("sh");
            started_and_ended(command.args(["-c", program]), &log)
        };
        ended("echo well; echo beside >&2").expect("it succeeds");
        let kept = fs::read_to_string(&log).expect("the log is there");
        assert!(kept.contains("well\n") && kept.contains("beside\n"), "{kept}");
        let error = ended("exit 3").expect_err("it fails").to_string();
        assert!(error.contains('3'), "{error}");
    }
}
