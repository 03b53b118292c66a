//! `cargo xtask fuzz`: bytes from outside, made up by a fuzzer, for as long as is asked.
//!
//! The fuzz targets are a workspace of their own, `tests/fuzz`, so that only who fuzzes needs the
//! fuzzer. What is worth keeping is added to `tests/fuzz/corpus`, which the tests take again.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{command, run_with, target_dir, workspace};
use crate::packages::FUZZ;
use crate::stages::Stages;
use crate::tools::Tool;
use crate::{Consent, deps, output};

/// Where the targets are, inside the workspace.
const HOME: &str = "tests/fuzz";

/// Every target, as `tests/fuzz/Cargo.toml` names it.
const TARGETS: [&str; 7] = [
    "ipc_frames",
    "link_frames",
    "rest_bodies",
    "journal_records",
    "configuration",
    "machine_conversations",
    "service_conversations",
];

/// No input is longer, in bytes: a fuzzer finds its way in short ones, and limits of length have tests.
const INPUT_BYTES_MAX: u32 = 16 * 1024;

/// What `fuzz` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// How long each target is fuzzed, in minutes.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    minutes: u32,
    /// Only these targets.
    #[arg(long = "target", value_parser = TARGETS)]
    targets: Vec<String>,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    let chosen: Vec<&str> = match options.targets.as_slice() {
        [] => TARGETS.to_vec(),
        targets => targets.iter().map(String::as_str).collect(),
    };
    let mut stages = Stages::default();
    stages.run("deps", || {
        deps::ensure(options.consent)?;
        deps::ensure_extra(Tool::Fuzz, FUZZ, options.consent)
    })?;
    let mut broken = Vec::new();
    for target in chosen {
        output::heading(target);
        if let Err(error) = fuzz(target, options.minutes) {
            output::error(&format!("{error:#}"));
            broken.push(target);
        }
    }
    stages.print_times();
    if broken.is_empty() {
        return Ok(());
    }
    bail!(
        "found bytes that break {}: they are under {HOME}/artifacts; \
         when it is mended, keep them under {HOME}/found/TARGET, which the tests take again",
        broken.join(", ")
    )
}

/// Fuzzes one target, then keeps the inputs that reach something new.
fn fuzz(target: &str, minutes: u32) -> Result<()> {
    let found = target_dir()?.join("fuzz").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let kept = workspace().join(HOME).join("corpus").join(target);
    let time = format!("-max_total_time={}", u64::from(minutes) * 60);
    let length = format!("-max_len={INPUT_BYTES_MAX}");
    libfuzzer(target, &[&found, &kept], &[&time, &length, "-timeout=30", "-print_final_stats=1"])?;
    // Counts of how often a place was passed are left out: they make the corpus ten times as large.
    libfuzzer(target, &[&kept, &found], &["-set_cover_merge=1", "-use_counters=0", &length])
}

/// Builds the target where it has changed, and runs it with these folders and flags.
fn libfuzzer(target: &str, folders: &[&PathBuf], flags: &[&str]) -> Result<()> {
    let mut cargo = command("cargo")?;
    // No sanitizer: there is no unsafe code to watch, and one would need another toolchain.
    cargo.args(["fuzz", "run", "--fuzz-dir", HOME, "--sanitizer", "none", "--target-dir"]);
    cargo.arg(target_dir()?.join("fuzz-build")).arg(target).args(folders).arg("--").args(flags);
    run_with(&mut cargo)
}
