//! `cargo xtask mutants`: breaks the rules on purpose, one at a time, and sees whether a test fails.
//!
//! The list is `tests/mutants`, a patch for each breakage that somebody thought of. `--generated` has
//! cargo-mutants make up small ones instead. Both work on a copy of the tracked files.

mod patch;
mod tree;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{command, run_with, target_dir};
use crate::stages::Stages;
use crate::tools::Tool;
use crate::{Consent, deps, output};
use patch::Patch;
use tree::Tree;

/// What nextest ends with when a test failed.
const TEST_FAILED: i32 = 100;
/// What cargo-mutants ends with when all is well, and when changes survived or hung.
const GENERATED: [i32; 3] = [0, 2, 3];
/// A test of a changed program that takes longer hangs, in seconds, however busy the machine is.
const HANGS_AFTER: &str = "120";

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
    /// Only part K (from 0) of N of the generated changes.
    #[arg(long, value_name = "K/N", requires = "generated")]
    shard: Option<String>,
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
        stages.run("generated", || generated(&tree, options.shard.as_deref()))?;
    } else {
        let chosen = Patch::choose(&options.only)?;
        stages.run("unbroken", || unbroken(&tree, &chosen))?;
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
}

/// Breaks one after the other; one that survives makes the command fail at the end.
fn list(tree: &Tree, chosen: &[Patch]) -> Result<()> {
    let mut survivors = Vec::new();
    for patch in chosen {
        let started = now();
        tree.apply(&patch.file)?;
        let fate = attempt(tree, patch);
        tree.revert(&patch.file)?;
        let fate = fate.with_context(|| format!("{} says nothing", patch.name))?;
        let told = match &fate {
            Fate::Caught(test) => format!("caught by {test}"),
            Fate::Survived => "SURVIVED".to_owned(),
        };
        let took = output::spoken(now().duration_since(started));
        output::line(&format!("{:<46} {took:>12}  {told}", patch.name));
        if matches!(fate, Fate::Survived) {
            survivors.push(patch.name.as_str());
        }
    }
    if survivors.is_empty() {
        output::line(&format!("All {} were caught.", chosen.len()));
        return Ok(());
    }
    bail!("no test noticed: {}; write one for each", survivors.join(", "))
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
        _ => bail!("{} of its tests, not a test that failed:\n{told}", ended.status),
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
    Ok(cargo)
}

/// Has cargo-mutants change rules and core, and says which share no unit test notices.
fn generated(tree: &Tree, shard: Option<&str>) -> Result<()> {
    let found = target_dir()?.join("mutants").join("generated");
    std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let mut cargo = command("cargo")?;
    cargo.current_dir(&tree.root).env("CARGO_TARGET_DIR", tree::build_dir()?);
    cargo.args(["mutants", "--in-place", "--test-tool", "nextest", "--colors", "never"]);
    cargo.args(["--file", "pool/src/rules/**", "--file", "broker/src/core/**"]);
    cargo.args(["--exclude", "**/tests/**", "--timeout", HANGS_AFTER]);
    cargo.arg("--output").arg(&found);
    if let Some(shard) = shard {
        cargo.args(["--sharding", "round-robin", "--shard", shard]);
    }
    cargo.args(["--", "--lib", "--max-fail", "1:immediate"]);
    let status = cargo.stdin(Stdio::null()).status().context("cannot start cargo mutants")?;
    if !status.code().is_some_and(|code| GENERATED.contains(&code)) {
        bail!("cargo mutants failed: {status}; {} says more", found.display());
    }
    tell_share(&found.join("mutants.out"))
}

/// Counts what cargo-mutants wrote down: one change a line, a file for each fate.
fn tell_share(found: &Path) -> Result<()> {
    let count = |name: &str| {
        let file = found.join(name);
        let text = std::fs::read_to_string(&file);
        let text = text.with_context(|| format!("cannot read {}", file.display()))?;
        Ok::<usize, anyhow::Error>(text.lines().count())
    };
    let (missed, hung) = (count("missed.txt")?, count("timeout.txt")?);
    let noticed = count("caught.txt")? + hung;
    let senseless = count("unviable.txt")?;
    output::line(&format!(
        "{missed} of {} generated changes survived: {}; {senseless} more did not compile",
        missed + noticed,
        share(missed, missed + noticed)
    ));
    Ok(())
}

/// A part of a whole in per cent: `8.3 %`.
fn share(part: usize, whole: usize) -> String {
    let tenths = (part * 1_000 + whole / 2).checked_div(whole).unwrap_or_default();
    format!("{}.{} %", tenths / 10, tenths % 10)
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
        let told = "   PASS [   0.011s] (1/3) hotseat-pool rules::tests::keys::one\n\
                    \x20  FAIL [   0.020s] (2/3) hotseat-pool rules::tests::keys::two\n\
                    \x20  FAIL [   0.020s] (3/3) hotseat-pool rules::tests::keys::three\n";
        assert_eq!(first_failure(told), "rules::tests::keys::two");
        assert_eq!(first_failure(""), "a test");
    }

    #[test]
    fn a_share_is_told_with_one_digit() {
        assert_eq!(share(5, 60), "8.3 %");
        assert_eq!(share(0, 0), "0.0 %");
        assert_eq!(share(2, 2), "100.0 %");
    }
}
