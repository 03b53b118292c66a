//! The changes that cargo-mutants makes up, in the pure parts alone.
//!
//! Two looks at each: first all unit tests but the slow ones, then the slow ones at the survivors.
//! What became of each change is kept under `target/mutants/generated`, for rules and core apart,
//! so that shards add up, and a change of the core forgets nothing that is known of the rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

use super::fates::Fates;
use super::tree::{self, Part, Tree};
use crate::command::{command, target_dir};
use crate::output;

/// What cargo-mutants ends with when all is well, and when changes survived or hung.
const GOOD_ENDS: [i32; 3] = [0, 2, 3];
/// Tests of a changed program that take longer hang, in seconds, however busy the machine is. The
/// first look takes some seconds, the second a minute.
const HANGS_AFTER: [&str; 2] = ["60", "600"];
/// Unit tests that take seconds where all the others together take few: random walks, and as many
/// unanswered questions as a user may have.
const SLOW: [&str; 5] = [
    "tests::properties",
    "tests::holds_properties",
    "tests::salvage::a_history_without_any_one_record",
    "tests::salvage::nobody_is_given_what_somebody_else_believes_in",
    "whoever_asks_without_waiting_for_answers",
];
/// The slow ones spend most of their time in making up walks.
const QUICKER_WALKS: &str = "--config=profile.dev.package.proptest.opt-level=2";

/// Shard `number` (from 0) of `of`: each change whose number leaves that rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Everything.
    pub(super) const ALL: Shard = Shard { number: 0, of: 1 };
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(k, n)| Some(Shard { number: k.parse().ok()?, of: n.parse().ok()? }));
        numbers
            .filter(|shard| shard.number < shard.of)
            .ok_or_else(|| "a shard is K/N with K from 0 to N - 1, for example 0/8".to_owned())
    }
}

/// Which changes of a part are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// Those of a shard.
    Of(Shard),
    /// Those that are known to have survived: there may be new tests.
    Survivors,
}

/// Has cargo-mutants change these parts, and says which share no unit test notices.
pub(super) fn run(tree: &Tree, parts: &[Part], chosen: Chosen) -> Result<()> {
    let found = target_dir()?.join("mutants").join("generated");
    for &part in parts {
        let known = Known::of(&found, part);
        known.forget_older_code(&listed(tree, part)?)?;
        known.learn(change(tree, &known, chosen)?)?;
    }
    tell(&found, parts)
}

/// Makes the chosen changes, and says what became of them.
fn change(tree: &Tree, known: &Known, chosen: Chosen) -> Result<Fates> {
    let survivors = known.fates()?.survived;
    if chosen == Chosen::Survivors && survivors.is_empty() {
        return Ok(Fates::default());
    }
    let mut fates = look(tree, known, HANGS_AFTER[0], |cargo| {
        match chosen {
            Chosen::Of(Shard { number, of }) => {
                let shard = format!("{number}/{of}");
                cargo.args(["--sharding", "round-robin", "--shard", &shard]);
            }
            Chosen::Survivors => only(cargo, &survivors),
        }
        cargo.args(["--", "--"]).args(SLOW.iter().flat_map(|test| ["--skip", test]));
    })?;
    if !fates.survived.is_empty() {
        output::line(&format!("{} survived so far; a second look", fates.survived.len()));
        let second = look(tree, known, HANGS_AFTER[1], |cargo| {
            only(cargo, &fates.survived);
            cargo.args(["--", "--"]).args(SLOW);
        })?;
        fates.look_again(&second);
    }
    Ok(fates)
}

/// Makes these changes and no other, except that cargo-mutants always makes those that leave out a
/// field: one look more at each of them, and nothing wrong is learnt.
fn only(cargo: &mut std::process::Command, changes: &BTreeSet<String>) {
    for change in changes {
        cargo.arg("--re").arg(format!("^{}$", literally(change)));
    }
}

/// One run of cargo-mutants over a part, with more arguments.
fn look(
    tree: &Tree,
    known: &Known,
    hangs_after: &str,
    arguments: impl FnOnce(&mut std::process::Command),
) -> Result<Fates> {
    let mut cargo = cargo_mutants(tree, known.part)?;
    cargo.args(["--in-place", "--timeout", hangs_after]);
    cargo.args(["--cargo-arg=--lib", &format!("--cargo-arg={QUICKER_WALKS}")]);
    // No tables for debuggers, and a walk that failed is not made shorter: nobody reads it.
    cargo.env("CARGO_TARGET_DIR", tree::build_dir()?).env("CARGO_PROFILE_DEV_DEBUG", "0");
    cargo.env("PROPTEST_MAX_SHRINK_ITERS", "0");
    cargo.arg("--output").arg(&known.folder);
    arguments(&mut cargo);
    let status = cargo.stdin(Stdio::null()).status().context("cannot start cargo mutants")?;
    if !status.code().is_some_and(|code| GOOD_ENDS.contains(&code)) {
        bail!("cargo mutants failed: {status}; {} says more", known.folder.display());
    }
    Fates::read(&known.folder.join("mutants.out"))
}

/// cargo-mutants in the copy, told what to change.
fn cargo_mutants(tree: &Tree, part: Part) -> Result<std::process::Command> {
    let mut cargo = command("cargo")?;
    cargo.current_dir(&tree.root).args(["mutants", "--colors", "never"]);
    cargo.args(["--file", &format!("{}**", part.folder()), "--exclude", "**/tests/**"]);
    Ok(cargo)
}

/// All changes that can be made in a part, one a line.
fn listed(tree: &Tree, part: Part) -> Result<String> {
    let mut cargo = cargo_mutants(tree, part)?;
    let listed = cargo.arg("--list").stdin(Stdio::null()).output();
    let listed = listed.context("cannot start cargo mutants")?;
    if !listed.status.success() {
        bail!("cargo mutants cannot list changes: {}", String::from_utf8_lossy(&listed.stderr));
    }
    String::from_utf8(listed.stdout).context("cargo mutants lists changes in UTF-8")
}

/// What is known of the changes of one part.
struct Known {
    part: Part,
    folder: PathBuf,
}

impl Known {
    fn of(found: &Path, part: Part) -> Known {
        Known { part, folder: found.join(part.name()) }
    }

    fn list(&self) -> PathBuf {
        self.folder.join("changes.txt")
    }

    fn kept(&self) -> PathBuf {
        self.folder.join("fates")
    }

    /// Shards add up only while they are shards of the same: where other changes can be made than
    /// before, what is known of this part goes.
    fn forget_older_code(&self, listed: &str) -> Result<()> {
        let folder = &self.folder;
        if fs::read(self.list()).is_ok_and(|known| known == listed.as_bytes()) {
            return Ok(());
        }
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot clear {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(self.list(), listed)
            .with_context(|| format!("cannot write {}", self.list().display()))
    }

    /// What became of the changes so far; nothing where none was made.
    fn fates(&self) -> Result<Fates> {
        let kept = self.kept();
        if kept.exists() { Fates::read(&kept) } else { Ok(Fates::default()) }
    }

    fn learn(&self, newer: Fates) -> Result<()> {
        let mut fates = self.fates()?;
        fates.learn(newer);
        fates.write(&self.kept())
    }

    /// How many changes can be made.
    fn all(&self) -> usize {
        fs::read_to_string(self.list()).map_or(0, |list| list.lines().count())
    }

    /// How much is known, in words.
    fn extent(&self, fates: &Fates) -> String {
        let (name, all) = (self.part.name(), self.all());
        if fates.known() < all {
            format!("{name}, a sample, {} of {all} changes", fates.known())
        } else {
            format!("{name}, all {all} changes")
        }
    }
}

/// Tells the share of each of these parts, and of both together where something is known of both.
fn tell(found: &Path, parts: &[Part]) -> Result<()> {
    let mut judged = Vec::new();
    for &part in parts {
        let known = Known::of(found, part);
        let fates = known.fates()?;
        output::line(&format!("{}:", known.extent(&fates)));
        fates.tell();
        judged.push(fates);
    }
    if let Some((extent, sum)) = sum(found)? {
        output::line(&format!("Together ({extent}): {}", sum.counts()));
    }
    judged.iter().try_for_each(Fates::judge)
}

/// What is known of all parts together, and how much that is; `None` while one is unknown.
fn sum(found: &Path) -> Result<Option<(String, Fates)>> {
    let (mut extents, mut sum) = (Vec::new(), Fates::default());
    for part in Part::ALL {
        let known = Known::of(found, part);
        let fates = known.fates()?;
        if fates.known() == 0 {
            return Ok(None);
        }
        extents.push(known.extent(&fates));
        sum.add(fates);
    }
    Ok(Some((extents.join("; "), sum)))
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
    fn a_shard_is_counted_from_zero() {
        assert_eq!("2/8".parse(), Ok(Shard { number: 2, of: 8 }));
        for wrong in ["8/8", "1", "a/b", "0/0", "-1/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_is_looked_for_literally() {
        assert_eq!(literally("a.rs:1: replace < with ||"), r"a\.rs\:1\: replace < with \|\|");
    }

    #[test]
    fn shards_of_a_part_add_up_and_other_code_is_forgotten_for_its_part_alone() {
        let found = tempfile::tempdir().expect("a folder");
        let [rules, core] = Part::ALL.map(|part| Known::of(found.path(), part));
        let caught =
            |change: &str| Fates { caught: [change.to_owned()].into(), ..Fates::default() };
        rules.forget_older_code("a\nb\n").expect("a list");
        core.forget_older_code("c\nd\n").expect("a list");
        rules.learn(caught("a")).expect("kept");
        assert!(sum(found.path()).expect("readable").is_none(), "nothing is known of the core");

        rules.learn(caught("b")).expect("kept");
        core.learn(caught("d")).expect("kept");
        core.forget_older_code("c\nd\n").expect("the same list");
        let (extent, both) = sum(found.path()).expect("readable").expect("both");
        assert_eq!(extent, "rules, all 2 changes; core, a sample, 1 of 2 changes");
        assert_eq!(both.known(), 3);

        core.forget_older_code("d\ne\n").expect("another list");
        assert_eq!(core.fates().expect("readable"), Fates::default());
        assert_eq!(rules.fates().expect("readable").known(), 2);
    }
}
