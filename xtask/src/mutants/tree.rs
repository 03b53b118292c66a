//! The copy of the tracked files in which things are broken: `target/mutants/tree`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::command::{command, read, target_dir, workspace};

/// A part that decides and does nothing else.
struct Part {
    /// Its sources.
    folder: &'static str,
    /// The root of its crate.
    root: &'static str,
    /// What the root is when there is nothing else in the crate.
    alone: &'static str,
}

/// The parts that can be built without the rest of their crates. Should one come to need something
/// else, this no longer compiles and says what.
const PURE: [Part; 2] = [
    Part {
        folder: "pool/src/rules/",
        root: "pool/src/lib.rs",
        alone: "//! The rules alone.\npub mod presets;\npub mod rules;\n",
    },
    Part {
        folder: "broker/src/core/",
        root: "broker/src/lib.rs",
        alone: "//! The core alone.\npub mod core;\n",
    },
];

/// How much of the two crates is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Rules and core.
    Pure,
    /// Everything.
    Whole,
}

/// Whether a file, by its path in the workspace, is one of the rules or the core.
pub(super) fn is_pure(path: &str) -> bool {
    PURE.iter().any(|part| path.starts_with(part.folder))
}

/// What cargo-mutants is to change: the pure parts.
pub(super) fn pure_files() -> impl Iterator<Item = String> {
    PURE.iter().map(|part| format!("{}**", part.folder))
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

    /// Leaves in the two crates what is to be built.
    pub(super) fn limit_to(&self, extent: Extent) -> Result<()> {
        for Part { root, alone, .. } in &PURE {
            let there = self.root.join(root);
            let written = match extent {
                Extent::Pure => fs::write(&there, alone),
                // A copy has the time of its writing, so cargo sees that it is another one.
                Extent::Whole => copy_file(&workspace().join(root), &there),
            };
            written.with_context(|| format!("cannot write {}", there.display()))?;
        }
        Ok(())
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
