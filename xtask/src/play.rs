//! `cargo xtask ends` and `cargo xtask sim`: programs of the tests crate that measure, built first and then started.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command::{self, command, target_dir};
use crate::stages::Stages;
use crate::{Consent, deps, output, platform, test};

/// Measures how fast a seat comes free.
const ENDS: &str = "hotseat-ends";
/// Plays an office of pool and brokers in virtual time.
const SIM: &str = "hotseat-sim";
/// The profile of `Cargo.toml` that the simulation is built with.
const SIM_PROFILE: &str = "sim";

/// What `ends` is asked to do.
#[derive(Args)]
pub(crate) struct Ends {
    #[command(flatten)]
    consent: Consent,
    /// Print JSON instead of Markdown, and nothing else on standard output.
    #[arg(long)]
    json: bool,
    /// Play only rows whose name contains this.
    #[arg(long, value_name = "NAME")]
    row: Option<String>,
    /// Put the table into the README.
    #[arg(long, conflicts_with = "row")]
    readme: bool,
    /// Start what was built before; installs and builds nothing.
    #[arg(long)]
    no_build: bool,
}

/// What `sim` is asked to do.
#[derive(Args)]
pub(crate) struct Sim {
    /// How many seeds to run.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed, or the only one with `--seeds 1`.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the verb `ends`.
pub(crate) fn ends(options: &Ends) -> Result<()> {
    if options.json {
        output::leave_standard_output_alone();
    }
    let mut stages = Stages::default();
    if !options.no_build {
        stages.run("deps", || deps::ensure(options.consent))?;
        stages.run("ui", test::build_window)?;
        stages.run("build", test::build_programs)?;
    }
    let mut flags = Vec::new();
    flags.extend(options.json.then_some("--json".to_owned()));
    flags.extend(options.readme.then_some("--readme".to_owned()));
    if let Some(row) = &options.row {
        flags.extend(["--row".to_owned(), row.clone()]);
    }
    stages.run("ends", || start(ENDS, &flags))?;
    stages.print_times();
    Ok(())
}

/// Runs the verb `sim`.
pub(crate) fn sim(options: &Sim) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("build", || {
        let package = ["--profile", SIM_PROFILE, "-p", "hotseat-tests", "--bin", SIM];
        command::run("cargo", &[&["build", "--locked"], package.as_slice()].concat())
    })?;
    let mut flags = vec!["--seeds".to_owned(), options.seeds.to_string()];
    if let Some(seed) = options.seed {
        flags.extend(["--seed".to_owned(), seed.to_string()]);
    }
    stages.run("sim", || start_of(SIM_PROFILE, SIM, &flags))?;
    stages.print_times();
    Ok(())
}

/// Starts a built program of ours and waits for its end; it prints where we would, and Ctrl-C is its own to answer.
pub(crate) fn start(name: &str, flags: &[String]) -> Result<()> {
    start_of("debug", name, flags)
}

/// Like [`start`], for a program whose profile's folder below the target directory is `folder`.
fn start_of(folder: &str, name: &str, flags: &[String]) -> Result<()> {
    let program = target_dir()?.join(folder).join(name);
    if !program.is_file() {
        bail!("{} was not built: try again without --no-build", program.display());
    }
    output::line(&format!("$ {name} {}", flags.join(" ")));
    let started = command(&program)?.args(flags).spawn();
    let mut child = started.with_context(|| format!("{name} cannot be started"))?;
    platform::pass_signals_to(child.id())?;
    let status = child.wait().with_context(|| format!("{name} was lost"))?;
    if status.success() {
        return Ok(());
    }
    bail!("{name} failed: {status}")
}
