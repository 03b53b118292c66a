//! The copy of the tracked files in which things are broken: `target/mutants/tree`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::command::{command, read, target_dir, workspace};

/// A part that decides and does nothing else: a crate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Who gets a seat.
    Rules,
    /// Who believes in one, and when it is signed off.
    Core,
}

impl Part {
    /// Both.
    pub(super) const ALL: [Part; 2] = [Part::Rules, Part::Core];

    /// What it is called in the command and in its folder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Rules => "rules",
            Part::Core => "core",
        }
    }

    /// Its sources.
    pub(super) fn folder(self) -> &'static str {
        match self {
            Part::Rules => "pool/rules/src/",
            Part::Core => "broker/core/src/",
        }
    }
}

/// The copy.
pub(super) struct Tree {
    /// Where it is.
    pub(super) root: PathBuf,
}

/// Where broken programs are built, so that no other build ever sees them.
pub(super) fn build_dir() -> Result<PathBuf> {
    Ok(target_dir()?.join("mutants").join("target"))
}

impl Tree {
    /// Copies every tracked file as it is now; an earlier copy goes.
    pub(super) fn copy() -> Result<Tree> {
        let root = target_dir()?.join("mutants").join("tree");
        if root.exists() {
            fs::remove_dir_all(&root)
                .with_context(|| format!("cannot remove {}", root.display()))?;
        }
        let tracked = read("git", &["ls-files", "-z"]).context("`git ls-files` failed")?;
        for path in tracked.split_terminator('\0') {
            let (from, to) = (workspace().join(path), root.join(path));
            // One that was deleted and not yet committed is gone.
            if from.is_file() {
                copy_file(&from, &to).with_context(|| format!("cannot copy {path}"))?;
            }
        }
        Ok(Tree { root })
    }

    /// Breaks the copy.
    pub(super) fn apply(&self, patch: &Path) -> Result<()> {
        self.git_apply(patch, &[])
    }

    /// Mends it again.
    pub(super) fn revert(&self, patch: &Path) -> Result<()> {
        self.git_apply(patch, &["--reverse"])
    }

    fn git_apply(&self, patch: &Path, flags: &[&str]) -> Result<()> {
        let mut git = command("git")?;
        // Inside a repository git would look for the files at its top.
        let above = self.root.parent().context("the copy is in a folder")?;
        git.current_dir(&self.root).env("GIT_CEILING_DIRECTORIES", above);
        git.arg("apply").args(flags).arg(patch);
        let ended = git.stdin(Stdio::null()).output().context("cannot start git")?;
        if ended.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&ended.stderr);
        bail!("{} does not fit: {}", patch.display(), told.trim())
    }
}

fn copy_file(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).map(|_| ())
}
