//! `cargo xtask demo`: installs and builds what the demo needs, then starts it.

use anyhow::Result;
use clap::Args;

use crate::stages::Stages;
use crate::{Consent, deps, play, test};

/// The demo's program, built from the tests crate.
const PROGRAM: &str = "hotseat-demo";

/// What `demo` is asked to do.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    consent: Consent,
    /// End after the last step instead of staying up to be played with.
    #[arg(long)]
    once: bool,
    /// Put Lucy's tray on the desktop you are looking at.
    #[arg(long)]
    here: bool,
    /// Start what was built before; installs and builds nothing.
    #[arg(long)]
    no_build: bool,
}

/// Runs the verb.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_build {
        let mut stages = Stages::default();
        stages.run("deps", || deps::ensure(options.consent))?;
        stages.run("ui", test::build_window)?;
        stages.run("build", test::build_programs)?;
    }
    let mut flags = Vec::new();
    if options.once {
        flags.push("--once");
    }
    if options.here {
        flags.push("--here");
    }
    play(&flags)
}

/// Starts the built demo and waits for its end.
pub(crate) fn play(flags: &[&str]) -> Result<()> {
    let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
    play::start(PROGRAM, &flags)
}
