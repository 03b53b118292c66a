//! Kills a pool server again and again under load, and checks that nothing that it acknowledged is
//! lost or doubled.

mod output;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use hotseat_tests::interruption;
use hotseat_tests::storm::Storm;

use crate::output::say;

/// Kills a pool server under load, again and again, and checks what its clients heard.
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Options {
    /// How often the pool server is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// It storms at least so many seconds.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// What everybody draws from; the operating system adds its own chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let outcome = run(&Options::parse());
    match (outcome, interruption::exit_code()) {
        (_, Some(code)) => {
            say("interrupted; everything that was started has ended");
            ExitCode::from(code)
        }
        (Ok(()), None) => ExitCode::SUCCESS,
        (Err(error), None) => {
            say(&format!("a promise was broken, or the storm failed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    interruption::listen()?;
    let folder = tempfile::Builder::new().prefix("storm").tempdir_in("/tmp");
    let folder = folder.context("no folder for the storm's files")?;
    let at_least = Duration::from_secs(options.seconds);
    let storm = Storm { kills: options.kills, at_least, seed: options.seed };
    match storm.run(folder.path()) {
        Ok(report) => say(&report.to_string()),
        Err(error) if interruption::exit_code().is_some() => return Err(error),
        Err(error) => {
            let kept: &Path = &folder.keep();
            say(&format!("what the programs said is in {}", kept.join("logs").display()));
            return Err(error);
        }
    }
    Ok(())
}
