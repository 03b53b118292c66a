//! `cargo xtask fuzz`: bytes from outside, made up by a fuzzer, for as long as is asked.
//!
//! The fuzz targets are a workspace of their own, `tests/fuzz`, so that only who fuzzes needs the
//! fuzzer. What is worth keeping is added to the target's archive in `tests/fuzz/corpus`, which the
//! tests take again.

mod corpus;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
    let (mut broken, mut failed) = (Vec::new(), Vec::new());
    for target in chosen {
        output::heading(target);
        let artifacts = workspace().join(HOME).join("artifacts").join(target);
        let before = files(&artifacts);
        if let Err(error) = fuzz(target, options.minutes) {
            output::error(&format!("{error:#}"));
            let found = files(&artifacts).difference(&before).next().is_some();
            if found { broken.push(target) } else { failed.push(target) }
        }
    }
    stages.print_times();
    judge(&broken, &failed)
}

/// What was found, and what was not even looked at to its end.
fn judge(broken: &[&str], failed: &[&str]) -> Result<()> {
    let found = (!broken.is_empty()).then(|| {
        format!(
            "found bytes that break {}: they are under {HOME}/artifacts; when it is mended, keep \
             them under {HOME}/found/TARGET, which the tests take again",
            broken.join(", ")
        )
    });
    let undone = (!failed.is_empty())
        .then(|| format!("could not fuzz {} to the end: see above why", failed.join(", ")));
    let told: Vec<String> = found.into_iter().chain(undone).collect();
    if told.is_empty() { Ok(()) } else { bail!("{}", told.join("; ")) }
}

/// The files in a folder; none where there is no folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect()
}

/// Fuzzes one target, then keeps the inputs that reach something new.
fn fuzz(target: &str, minutes: u32) -> Result<()> {
    let found = target_dir()?.join("fuzz").join(target);
    std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
    let archive = workspace().join(HOME).join("corpus").join(format!("{target}.tar.gz"));
    let kept = target_dir()?.join("fuzz").join("kept").join(target);
    corpus::unpack(&archive, &kept)?;
    let time = format!("-max_total_time={}", u64::from(minutes) * 60);
    let length = format!("-max_len={INPUT_BYTES_MAX}");
    libfuzzer(target, &[&found, &kept], &[&time, &length, "-timeout=30", "-print_final_stats=1"])?;
    // Counts of how often a place was passed are left out: they make the corpus ten times as large.
    libfuzzer(target, &[&kept, &found], &["-set_cover_merge=1", "-use_counters=0", &length])?;
    corpus::pack(&kept, &archive)
}

/// Builds the target where it has changed, and runs it with these folders and flags.
fn libfuzzer(target: &str, folders: &[&PathBuf], flags: &[&str]) -> Result<()> {
    let mut cargo = command("cargo")?;
    // No sanitizer: there is no unsafe code to watch, and one would need another toolchain.
    cargo.args(["fuzz", "run", "--fuzz-dir", HOME, "--sanitizer", "none", "--target-dir"]);
    cargo.arg(target_dir()?.join("fuzz-build")).arg(target).args(folders).arg("--").args(flags);
    run_with(&mut cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fuzz_target_of_the_manifest_is_fuzzed() {
        let manifest = workspace().join(HOME).join("Cargo.toml");
        let manifest = std::fs::read_to_string(manifest).expect("the targets have a manifest");
        let bins = manifest.split("[[bin]]").skip(1);
        let name = |bin: &str| {
            let name = bin.lines().find_map(|line| line.strip_prefix("name = \""));
            name.and_then(|name| name.strip_suffix('"')).expect("a target has a name").to_owned()
        };
        let named: BTreeSet<String> = bins.map(name).collect();
        assert_eq!(named, TARGETS.map(str::to_owned).into());
    }

    #[test]
    fn what_was_found_and_what_could_not_be_done_are_told_apart_and_both_fail() {
        assert!(judge(&[], &[]).is_ok());
        let found = judge(&["a"], &[]).expect_err("bytes were found").to_string();
        assert!(found.starts_with("found bytes that break a"), "{found}");
        assert!(!found.contains("could not"), "{found}");
        let undone = judge(&[], &["b"]).expect_err("it was not done").to_string();
        assert_eq!(undone, "could not fuzz b to the end: see above why");
        let both = judge(&["a"], &["b"]).expect_err("both").to_string();
        assert!(both.contains("break a") && both.contains("fuzz b"), "{both}");
    }

    #[test]
    fn bytes_that_were_found_before_are_not_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(files(&folder.path().join("none")), BTreeSet::new());
        std::fs::write(folder.path().join("crash-1"), "x").expect("it can be written");
        let before = files(folder.path());
        std::fs::write(folder.path().join("crash-2"), "x").expect("it can be written");
        let new: Vec<_> = files(folder.path()).difference(&before).cloned().collect();
        assert_eq!(new, [folder.path().join("crash-2")]);
    }
}
