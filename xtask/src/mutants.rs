//! `cargo xtask mutants`: breaks the rules on purpose, one at a time, and sees whether a test fails.
//!
//! The list is `tests/mutants`, a patch for each breakage that somebody thought of. `--generated` has
//! cargo-mutants make up small ones instead. Both work on a copy of the tracked files. The pure parts
//! are crates of their own, so a change of theirs costs seconds instead of a minute.

mod fates;
mod generated;
mod patch;
mod tree;

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{command, run_with};
use crate::stages::Stages;
use crate::tools::Tool;
use crate::{Consent, deps, output};
use generated::{Chosen, Shard};
use patch::Patch;
use tree::{Part, Tree};

/// What nextest ends with when a test failed.
const TEST_FAILED: i32 = 100;

/// What `mutants` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// Only these of the list.
    #[arg(long, value_name = "NAME", conflicts_with = "generated")]
    only: Vec<String>,
    /// Have cargo-mutants change the rules and the core, instead of the list; takes hours.
    #[arg(long)]
    generated: bool,
    /// Only the generated changes of rules or core.
    #[arg(long, value_enum, requires = "generated")]
    part: Option<Part>,
    /// Only shard K (from 0) of N of the generated changes: each Nth, so that no file is left out.
    #[arg(long, value_name = "K/N", requires = "generated")]
    shard: Option<Shard>,
    /// Only the generated changes that survived before: there may be new tests.
    #[arg(long, requires = "generated", conflicts_with = "shard")]
    again: bool,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("deps", || {
        deps::ensure(options.consent)?;
        if options.generated {
            deps::ensure_extra(Tool::Mutants, &[], options.consent)?;
        }
        Ok(())
    })?;
    let tree = stages.run("copy", Tree::copy)?;
    if options.generated {
        let shard = options.shard.unwrap_or(Shard::ALL);
        let chosen = if options.again { Chosen::Survivors } else { Chosen::Of(shard) };
        let parts: &[Part] = options.part.as_ref().map_or(&Part::ALL, std::slice::from_ref);
        stages.run("generated", || generated::run(&tree, parts, chosen))?;
    } else {
        let chosen = Patch::choose(&options.only)?;
        stages.run("list", || list(&tree, &chosen))?;
    }
    stages.print_times();
    Ok(())
}

/// Every test that is to catch something must pass before anything is broken.
fn unbroken(tree: &Tree, chosen: &[Patch]) -> Result<()> {
    for package in patch::PACKAGES {
        let patches = chosen.iter().filter(|patch| patch.package == package);
        let filters: Vec<&str> = patches.flat_map(|patch| patch.filters()).collect();
        if !filters.is_empty() {
            run_with(nextest(tree, package)?.args(filters))?;
        }
    }
    Ok(())
}

/// What became of a breakage.
enum Fate {
    /// By this test, the first that failed.
    Caught(String),
    Survived,
    /// The broken code does not build, so that nothing was tried; with what was told of it.
    NotTried(String),
}

/// Breaks one after the other, package by package; one that survives, or says nothing, makes the
/// command fail at the end.
fn list(tree: &Tree, chosen: &[Patch]) -> Result<()> {
    let (mut survivors, mut not_tried) = (Vec::new(), Vec::new());
    unbroken(tree, chosen)?;
    for package in patch::PACKAGES {
        for patch in chosen.iter().filter(|patch| patch.package == package) {
            match fate(tree, patch)? {
                Fate::Caught(_) => {}
                Fate::Survived => survivors.push(patch.name.as_str()),
                Fate::NotTried(_) => not_tried.push(patch.name.as_str()),
            }
        }
    }
    let mut wrong = Vec::new();
    if !survivors.is_empty() {
        wrong.push(format!("no test noticed: {}; write one for each", survivors.join(", ")));
    }
    if !not_tried.is_empty() {
        wrong.push(format!("these do not build: {}; mend the patches", not_tried.join(", ")));
    }
    if !wrong.is_empty() {
        bail!(wrong.join("; "));
    }
    output::line(&format!("All {} were caught.", chosen.len()));
    Ok(())
}

/// Breaks, looks, mends, and tells what came of it.
fn fate(tree: &Tree, patch: &Patch) -> Result<Fate> {
    let started = now();
    tree.apply(&patch.file)?;
    let fate = attempt(tree, patch);
    tree.revert(&patch.file)?;
    let fate = fate.with_context(|| format!("{} cannot be tried", patch.name))?;
    let told = match &fate {
        Fate::Caught(test) => format!("caught by {test}"),
        Fate::Survived => "SURVIVED".to_owned(),
        Fate::NotTried(why) => format!("NOT TRIED: {why}"),
    };
    let took = output::spoken(now().duration_since(started));
    output::line(&format!("{:<46} {took:>12}  {told}", patch.name));
    Ok(fate)
}

/// Runs the tests that are to catch a breakage, up to the first that fails.
fn attempt(tree: &Tree, patch: &Patch) -> Result<Fate> {
    let mut nextest = nextest(tree, &patch.package)?;
    nextest.args(["--max-fail", "1:immediate", "--color", "never"]).args(patch.filters());
    let ended = nextest.stdin(Stdio::null()).output().context("cannot start cargo nextest")?;
    let told = String::from_utf8_lossy(&ended.stderr);
    match ended.status.code() {
        Some(0) => Ok(Fate::Survived),
        Some(TEST_FAILED) => Ok(Fate::Caught(first_failure(&told).to_owned())),
        _ => Ok(Fate::NotTried(format!("{} of its tests, no failed test:\n{told}", ended.status))),
    }
}

/// The name of the test that failed first, as nextest tells it: `FAIL [ 0.1s] (1/9) crate path::name`.
fn first_failure(told: &str) -> &str {
    let failed = ["FAIL [", "SIGABRT [", "TIMEOUT ["];
    let mut lines = told.lines().map(str::trim_start);
    let line = lines.find(|line| failed.iter().any(|word| line.starts_with(word)));
    line.and_then(|line| line.rsplit(' ').next()).unwrap_or("a test")
}

/// The unit tests of a package, in the copy, with a target directory of its own.
fn nextest(tree: &Tree, package: &str) -> Result<Command> {
    let mut cargo = command("cargo")?;
    cargo.current_dir(&tree.root).args(["nextest", "run", "--package", package, "--lib"]);
    cargo.arg("--target-dir").arg(tree::build_dir()?);
    // Nobody looks at these programs with a debugger, and without its tables they link sooner.
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
    Ok(cargo)
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a breakage took is for people; nothing depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_test_that_failed_is_found() {
        let told = "   PASS [   0.011s] (1/3) hotseat-rules tests::keys::one\n\
                    \x20  FAIL [   0.020s] (2/3) hotseat-rules tests::keys::two\n\
                    \x20  FAIL [   0.020s] (3/3) hotseat-rules tests::keys::three\n";
        assert_eq!(first_failure(told), "tests::keys::two");
        assert_eq!(first_failure(""), "a test");
    }
}
