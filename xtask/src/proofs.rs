//! `cargo xtask model` and `cargo xtask storm`: the test command's own proofs, deeper and longer.

use anyhow::Result;
use clap::Args;

use crate::command;
use crate::play::start;
use crate::stages::Stages;
use crate::test;

/// Looks at every state of a small office.
const MODEL: &str = "hotseat-model";
/// Kills a pool server under load.
const STORM: &str = "hotseat-storm";

/// What `model` is asked to do.
#[derive(Args)]
pub(crate) struct Model {
    /// Look at every state that is at most so many steps from a beginning.
    #[arg(long, default_value_t = 5)]
    depth: usize,
}

/// What `storm` is asked to do.
#[derive(Args)]
pub(crate) struct Storm {
    /// How often the pool server is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Storm at least so many seconds.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// What clients and weather draw from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the verb `model`.
pub(crate) fn model(options: &Model) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("build", || {
        let package = ["-p", "hotseat-tests", "--bin", MODEL];
        command::run("cargo", &[&["build", "--locked"], package.as_slice()].concat())
    })?;
    let flags = ["--depth".to_owned(), options.depth.to_string()];
    stages.run("model", || start(MODEL, &flags))?;
    stages.print_times();
    Ok(())
}

/// Runs the verb `storm`.
pub(crate) fn storm(options: &Storm) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("ui", test::build_window)?;
    stages.run("build", test::build_programs)?;
    let mut flags = Vec::new();
    let numbers = [
        ("--kills", options.kills.to_string()),
        ("--seconds", options.seconds.to_string()),
        ("--seed", options.seed.to_string()),
    ];
    for (name, value) in numbers {
        flags.extend([name.to_owned(), value]);
    }
    stages.run("storm", || start(STORM, &flags))?;
    stages.print_times();
    Ok(())
}
