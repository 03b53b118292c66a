//! `cargo xtask compat`: the previous release is built and played together with this one.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use crate::command::{self, command, target_dir};
use crate::play::start;
use crate::stages::Stages;
use crate::test;

/// The commit of the previous release, as CHANGELOG.md names it.
const PREVIOUS: &str = "75611a0223fc";
/// Plays the two releases together.
const COMPAT: &str = "hotseat-compat";

/// What `compat` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    /// Start what was built before; builds nothing.
    #[arg(long)]
    no_build: bool,
}

/// Runs the verb `compat`.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = target_dir()?.join("compat");
    let (tree, built) = (folder.join("tree"), folder.join("build"));
    let mut stages = Stages::default();
    if !options.no_build {
        stages.run("previous", || build_previous(&tree, &built))?;
        stages.run("ui", test::build_window)?;
        stages.run("build", test::build_programs)?;
    }
    let programs = built.join("debug").display().to_string();
    stages.run("compat", || start(COMPAT, &[programs]))?;
    stages.print_times();
    Ok(())
}

/// Builds the previous release in a work tree and a target directory of its own, so that neither
/// touches what is being worked on.
fn build_previous(tree: &Path, built: &Path) -> Result<()> {
    if !tree.join("Cargo.toml").is_file() {
        let at = tree.to_str().context("the target directory is no text")?;
        command::run("git", &["worktree", "prune"])?;
        command::run("git", &["worktree", "add", "--detach", at, PREVIOUS])?;
    } else {
        // It may be of the release before that.
        let at = tree.to_str().context("the target directory is no text")?;
        command::run("git", &["-C", at, "checkout", "--detach", PREVIOUS])?;
    }
    let mut cargo = command("cargo")?;
    cargo.current_dir(tree).env("CARGO_TARGET_DIR", built);
    cargo.args(["build", "--locked", "-p", "hotseat-pool", "-p", "hotseat-broker", "--bins"]);
    command::run_with(&mut cargo)
}
