//! The project's own commands, `cargo xtask VERB`: check, test, demo, ends, sim, model, storm, compat,
//! fuzz, mutants, check-elsewhere, nightly, commits, deps.
//!
//! Each installs what it needs (after asking), prints how long every stage took, and ends by making sure
//! that no process it started is left.

mod check;
mod command;
mod commits;
mod compat;
mod counts;
mod demo;
mod deps;
mod elsewhere;
mod fuzz;
mod mutants;
mod need;
mod nightly;
mod output;
mod packages;
mod platform;
mod play;
mod proofs;
mod stages;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Check what has changed, in a minute or two: format, lints, unit tests.
    Check(check::Options),
    /// Check everything: format, licences, window, lints, docs, tests, demo.
    Test(test::Options),
    /// Watch Hotseat do its job: three colleagues, three desktops, two seats.
    Demo(demo::Options),
    /// Play every end of a desktop and measure when the seat comes free: the table of the README.
    Ends(play::Ends),
    /// Play an office of pool and brokers in virtual time, with every misfortune, seed by seed.
    Sim(play::Sim),
    /// Look at every state that a small office can be in, up to a depth.
    Model(proofs::Model),
    /// Kill a pool server under load, again and again, and check what its clients heard.
    Storm(proofs::Storm),
    /// Build the previous release and play it together with this one, while seats are held.
    Compat(compat::Options),
    /// Try bytes from outside that a fuzzer makes up, and keep those that reach something new.
    Fuzz(fuzz::Options),
    /// Break the rules on purpose, one at a time, and see whether a test fails.
    Mutants(mutants::Options),
    /// Compile and lint every crate for Windows and macOS.
    CheckElsewhere(elsewhere::Options),
    /// Do all that takes longer than a test may, and write down what came of it.
    Nightly(nightly::Options),
    /// See whether the messages of commits have their form.
    Commits(commits::Options),
    /// See which tools and libraries are missing, or install them.
    Deps(deps::Options),
}

/// Whether questions are answered with yes.
#[derive(Args, Clone, Copy)]
struct Consent {
    /// Answer yes to every question.
    #[arg(long)]
    yes: bool,
    /// Set where nobody can answer; means --yes.
    #[arg(long, env = "CI", hide = true, value_parser = FalseyValueParser::new())]
    ci: bool,
}

impl Consent {
    /// True if installing needs no question.
    fn given(self) -> bool {
        self.yes || self.ci
    }
}

fn main() -> ExitCode {
    let verb = Cli::parse().verb;
    let watched = platform::adopt_descendants();
    let outcome = perform(verb);
    let cleanliness = match watched {
        Ok(()) => platform::no_descendant_left(),
        Err(error) => Err(error),
    };
    let mut code = ExitCode::SUCCESS;
    for error in [outcome.err(), cleanliness.err()].into_iter().flatten() {
        output::error(&format!("{error:#}"));
        code = ExitCode::FAILURE;
    }
    code
}

fn perform(verb: Verb) -> Result<()> {
    match verb {
        Verb::Check(options) => check::run(&options),
        Verb::Test(options) => test::run(&options),
        Verb::Demo(options) => demo::run(&options),
        Verb::Ends(options) => play::ends(&options),
        Verb::Sim(options) => play::sim(&options),
        Verb::Model(options) => proofs::model(&options),
        Verb::Storm(options) => proofs::storm(&options),
        Verb::Compat(options) => compat::run(&options),
        Verb::Fuzz(options) => fuzz::run(&options),
        Verb::Mutants(options) => mutants::run(&options),
        Verb::CheckElsewhere(options) => elsewhere::run(&options),
        Verb::Nightly(options) => nightly::run(&options),
        Verb::Commits(options) => commits::run(&options),
        Verb::Deps(options) => deps::run(&options),
    }
}
