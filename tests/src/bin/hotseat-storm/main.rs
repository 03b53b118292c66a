//! Kills a pool server again and again under load, and checks that nothing that it acknowledged is
//! lost or doubled.

mod output;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use hotseat_tests::interruption;
use hotseat_tests::storm::history::History;
use hotseat_tests::storm::{HISTORY, Storm, linear};

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
    /// Only look for an order of what an earlier storm's clients heard.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kills", "seconds", "seed"])]
    check: Option<PathBuf>,
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
    if let Some(file) = &options.check {
        return check(&History::read(file)?);
    }
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
            let heard = kept.join(HISTORY);
            if heard.is_file() {
                let heard = heard.display();
                say(&format!("what the clients heard: hotseat-storm --check {heard}"));
            }
            return Err(error);
        }
    }
    Ok(())
}

fn check(history: &History) -> Result<()> {
    let found = linear::check(history).map_err(|broken| anyhow!("no order: {broken}"))?;
    say(&format!("one order fits {} answers", found.ops));
    Ok(())
}
