//! `cargo xtask test`: the one test command, cheap stages first.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{self, command, run_with, target_dir, workspace};
use crate::counts::Counts;
use crate::stages::Stages;
use crate::{Consent, commits, demo, deps, output};

/// What `test` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// Run only the tests whose name contains this, and no other stage but what they need.
    filter: Option<String>,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    for report in reports()? {
        if report.exists() {
            fs::remove_file(&report).context("cannot remove the report of the run before")?;
        }
    }
    let mut stages = Stages::default();
    let outcome = match &options.filter {
        None => everything(&mut stages, options.consent),
        Some(filter) => some_tests(&mut stages, options.consent, filter),
    };
    stages.print_times();
    let mut counts = Counts::default();
    for report in reports()?.iter().filter(|report| report.exists()) {
        counts = counts + Counts::read(report)?;
    }
    output::line(&format!("\ntests: {} passed, {} failed", counts.passed, counts.failed));
    outcome
}

fn everything(stages: &mut Stages, consent: Consent) -> Result<()> {
    stages.run("deps", || deps::ensure(consent))?;
    stages.run("fmt", || command::run("cargo", &["fmt", "--all", "--check"]))?;
    stages.run("commits", commits::look)?;
    stages.run("deny", check_dependencies)?;
    stages.run("shear", check_use)?;
    stages.run("ui", test_window)?;
    stages.run("clippy", lint)?;
    stages.run("doc", document)?;
    stages.run("build", build_programs)?;
    stages.run("tests", || run_tests(None))?;
    stages.run("demo", || demo::play(&["--once"]))
}

fn some_tests(stages: &mut Stages, consent: Consent, filter: &str) -> Result<()> {
    stages.run("deps", || deps::ensure(consent))?;
    stages.run("ui", build_window)?;
    stages.run("build", build_programs)?;
    stages.run("tests", || run_tests(Some(filter)))
}

/// Where the two test runners leave their counts: the window's, and everything else's.
fn reports() -> Result<[PathBuf; 2]> {
    let target = target_dir()?;
    Ok([target.join("ui-tests.xml"), target.join("nextest/default/junit.xml")])
}

/// Installs the window's packages exactly as locked and builds its pages into `ui/dist`.
pub(crate) fn build_window() -> Result<()> {
    npm(&["ci", "--no-audit", "--no-fund"])?;
    npm(&["run", "build"])
}

fn test_window() -> Result<()> {
    npm(&["ci", "--no-audit", "--no-fund"])?;
    npm(&["run", "check"])?;
    let [report, _] = reports()?;
    let file = format!("--outputFile.junit={}", report.display());
    npm(&["test", "--", "--reporter=default", "--reporter=junit", &file])?;
    npm(&["run", "build"])
}

/// What no crate uses is compiled by everybody all the same.
fn check_use() -> Result<()> {
    command::run("cargo", &["shear"])
}

/// Licences, sources and bans; advisories change without us, so only the GitHub workflow checks them.
fn check_dependencies() -> Result<()> {
    command::run("cargo", &["deny", "--locked", "check", "bans", "licenses", "sources"])
}

fn npm(arguments: &[&str]) -> Result<()> {
    run_with(command("npm")?.args(arguments).current_dir(workspace().join("ui")))
}

fn lint() -> Result<()> {
    command::run(
        "cargo",
        &["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"],
    )
}

fn document() -> Result<()> {
    let arguments = ["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"];
    run_with(command("cargo")?.args(arguments).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Builds every program that the tests and the demo start.
pub(crate) fn build_programs() -> Result<()> {
    command::run("cargo", &["build", "--locked", "--workspace", "--bins"])
}

fn run_tests(filter: Option<&str>) -> Result<()> {
    let mut arguments = vec!["nextest", "run", "--locked", "--workspace"];
    arguments.extend(filter);
    command::run("cargo", &arguments)
}
