//! The changes that cargo-mutants makes up, in the pure parts alone.
//!
//! Two looks at each: first all unit tests but the slow ones, then the slow ones at the survivors.
//! What became of a part of the changes is kept under `target/mutants/generated`, so that parts add up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use super::fates::Fates;
use super::tree::{self, Extent, Tree};
use crate::command::{command, target_dir};
use crate::output;

/// What cargo-mutants ends with when all is well, and when changes survived or hung.
const GOOD_ENDS: [i32; 3] = [0, 2, 3];
/// Tests of a changed program that take longer hang, in seconds, however busy the machine is. The
/// first look takes a second.
const HANGS_AFTER: [&str; 2] = ["30", "300"];
/// Unit tests that take seconds where all the others together take less than one: random walks, and
/// as many unanswered questions as a user may have.
const SLOW: [&str; 2] = ["rules::tests::properties", "whoever_asks_without_waiting_for_answers"];
/// The slow ones spend most of their time in making up walks.
const QUICKER_WALKS: &str = "--config=profile.dev.package.proptest.opt-level=2";

/// Part `part` (from 0) of `of`: each change whose number leaves that rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    part: usize,
    of: usize,
}

impl Shard {
    /// Everything.
    pub(super) const ALL: Shard = Shard { part: 0, of: 1 };

    fn folder(self, found: &Path) -> PathBuf {
        found.join(format!("part-{}-of-{}", self.part, self.of))
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(part, of)| Some(Shard { part: part.parse().ok()?, of: of.parse().ok()? }));
        numbers
            .filter(|shard| shard.part < shard.of)
            .ok_or_else(|| "a part is K/N with K from 0 to N - 1, for example 0/8".to_owned())
    }
}

/// Has cargo-mutants change rules and core, and says which share no unit test notices.
pub(super) fn run(tree: &Tree, shard: Shard) -> Result<()> {
    let found = target_dir()?.join("mutants").join("generated");
    forget_older_code(tree, &found)?;
    tree.limit_to(Extent::Pure)?;
    let mut fates = look(tree, &found, HANGS_AFTER[0], |cargo| {
        let part = format!("{}/{}", shard.part, shard.of);
        cargo.args(["--sharding", "round-robin", "--shard", &part]);
        cargo.args(["--", "--"]).args(SLOW.iter().flat_map(|test| ["--skip", test]));
    })?;
    if !fates.survived.is_empty() {
        output::line(&format!("{} survived so far; a second look", fates.survived.len()));
        let second = look(tree, &found, HANGS_AFTER[1], |cargo| {
            for change in &fates.survived {
                cargo.arg("--re").arg(format!("^{}$", literally(change)));
            }
            cargo.args(["--", "--"]).args(SLOW);
        })?;
        fates.look_again(&second);
    }
    fates.write(&shard.folder(&found))?;
    tell(&found, shard.of)
}

/// One run of cargo-mutants over rules and core, with more arguments.
fn look(
    tree: &Tree,
    found: &Path,
    hangs_after: &str,
    arguments: impl FnOnce(&mut std::process::Command),
) -> Result<Fates> {
    let mut cargo = cargo_mutants(tree)?;
    cargo.args(["--in-place", "--timeout", hangs_after]);
    cargo.args(["--cargo-arg=--lib", &format!("--cargo-arg={QUICKER_WALKS}")]);
    // No tables for debuggers, and a walk that failed is not made shorter: nobody reads it.
    cargo.env("CARGO_TARGET_DIR", tree::build_dir()?).env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo.env("PROPTEST_MAX_SHRINK_ITERS", "0");
    cargo.arg("--output").arg(found);
    arguments(&mut cargo);
    let status = cargo.stdin(Stdio::null()).status().context("cannot start cargo mutants")?;
    if !status.code().is_some_and(|code| GOOD_ENDS.contains(&code)) {
        bail!("cargo mutants failed: {status}; {} says more", found.display());
    }
    Fates::read(&found.join("mutants.out"))
}

/// cargo-mutants in the copy, told what to change.
fn cargo_mutants(tree: &Tree) -> Result<std::process::Command> {
    let mut cargo = command("cargo")?;
    cargo.current_dir(&tree.root).args(["mutants", "--colors", "never"]);
    for files in tree::pure_files() {
        cargo.args(["--file", &files]);
    }
    cargo.args(["--exclude", "**/tests/**"]);
    Ok(cargo)
}

/// Parts add up only while they are parts of the same: where other changes can be made than before,
/// what is known of them goes.
fn forget_older_code(tree: &Tree, found: &Path) -> Result<()> {
    let mut cargo = cargo_mutants(tree)?;
    let listed = cargo.arg("--list").stdin(Stdio::null()).output();
    let listed = listed.context("cannot start cargo mutants")?;
    if !listed.status.success() {
        bail!("cargo mutants cannot list changes: {}", String::from_utf8_lossy(&listed.stderr));
    }
    let list = found.join("changes.txt");
    if fs::read(&list).is_ok_and(|known| known == listed.stdout) {
        return Ok(());
    }
    if found.exists() {
        fs::remove_dir_all(found).with_context(|| format!("cannot clear {}", found.display()))?;
    }
    fs::create_dir_all(found).with_context(|| format!("cannot make {}", found.display()))?;
    fs::write(&list, listed.stdout).with_context(|| format!("cannot write {}", list.display()))
}

/// Adds up the parts that are known and tells their share.
fn tell(found: &Path, of: usize) -> Result<()> {
    let mut all = Fates::default();
    let mut known = Vec::new();
    for part in 0..of {
        let folder = Shard { part, of }.folder(found);
        if folder.exists() {
            all.add(Fates::read(&folder)?);
            known.push(part.to_string());
        }
    }
    if known.len() < of {
        output::line(&format!("Only part {} of {of}: a sample.", known.join(", ")));
    }
    all.tell()
}

/// A pattern that fits this text only.
fn literally(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        // With a backslash these two would be the edges of a word.
        if letter.is_ascii_punctuation() && !matches!(letter, '<' | '>') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_counted_from_zero() {
        assert_eq!("2/8".parse(), Ok(Shard { part: 2, of: 8 }));
        for wrong in ["8/8", "1", "a/b", "0/0", "-1/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_is_looked_for_literally() {
        assert_eq!(literally("a.rs:1: replace < with ||"), r"a\.rs\:1\: replace < with \|\|");
    }
}
