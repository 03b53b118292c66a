//! The copy of the tracked files in which things are broken: `target/mutants/tree`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::command::{command, read, target_dir, workspace};

/// A part that decides and does nothing else. It can be built without the rest of its crate: should
/// one come to need something else, this no longer compiles and says what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Part {
    /// Who gets a seat.
    Rules,
    /// Who believes in one, and when he signs off.
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
            Part::Rules => "pool/src/rules/",
            Part::Core => "broker/src/core/",
        }
    }

    /// Its crate's folder.
    fn package(self) -> &'static str {
        match self {
            Part::Rules => "pool",
            Part::Core => "broker",
        }
    }

    /// The root of its crate.
    fn root(self) -> String {
        format!("{}/src/lib.rs", self.package())
    }

    /// What its crate depends on.
    fn manifest(self) -> String {
        format!("{}/Cargo.toml", self.package())
    }

    /// What the root is when there is nothing else in the crate.
    fn alone(self) -> &'static str {
        match self {
            Part::Rules => "//! The rules alone.\npub mod presets;\npub mod rules;\n",
            Part::Core => "//! The core alone.\npub mod core;\n",
        }
    }
}

/// What rules and core depend on, and their tests. Cargo looks at each dependency before each build,
/// so that a hundred others would take longer than what there is to build.
const NEEDED: [&str; 6] =
    ["hotseat-protocol", "proptest", "serde_json", "sha2", "thiserror", "uuid"];

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
    Part::ALL.iter().any(|part| path.starts_with(part.folder()))
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
        for part in Part::ALL {
            match extent {
                Extent::Pure => {
                    self.write(&part.root(), part.alone())?;
                    let manifest = self.root.join(part.manifest());
                    let whole = fs::read_to_string(&manifest)
                        .with_context(|| format!("cannot read {}", manifest.display()))?;
                    self.write(&part.manifest(), &needed(&whole))?;
                }
                Extent::Whole => {
                    // Without the others cargo takes what only they need out of the lock.
                    for path in [part.root(), part.manifest(), "Cargo.lock".to_owned()] {
                        // A copy has the time of its writing, so cargo sees that it is another one.
                        copy_file(&workspace().join(&path), &self.root.join(&path))
                            .with_context(|| format!("cannot copy {path}"))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let there = self.root.join(path);
        fs::write(&there, text).with_context(|| format!("cannot write {}", there.display()))
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

/// A manifest with those dependencies only that rules and core need, without features of their own.
fn needed(manifest: &str) -> String {
    let mut kept = String::new();
    let mut dependencies = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            dependencies = line.contains("dependencies");
        } else if dependencies {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if NEEDED.contains(&name) {
                kept.push_str(&format!("{name}.workspace = true\n"));
            }
            continue;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_dependencies_of_rules_and_core_are_left() {
        let whole = "[package]\nname = \"hotseat-broker\"\n\n[dependencies]\n\
                     hotseat-protocol = { workspace = true, features = [\"ipc\"] }\n\
                     tokio.workspace = true\nuuid.workspace = true\n\
                     [target.'cfg(unix)'.dependencies]\nnix.workspace = true\n\
                     [lints]\nworkspace = true\n";
        let left = "[package]\nname = \"hotseat-broker\"\n\n[dependencies]\n\
                    hotseat-protocol.workspace = true\nuuid.workspace = true\n\
                    [target.'cfg(unix)'.dependencies]\n\
                    [lints]\nworkspace = true\n";
        assert_eq!(needed(whole), left);
    }
}
