//! Plays every end of a desktop on real processes, measures when the seat comes free, and prints the table.
//!
//! Several rows are played at once, each with a pool server and a desk of its own.

mod machine;
mod output;
mod play;
mod write;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use hotseat_tests::ends::{Measured, ROWS, Row, Setting, Table};
use hotseat_tests::{interruption, processes};

/// Measures how fast a seat comes free, whatever ends.
#[derive(Debug, Parser)]
#[command(name = "hotseat-ends", version)]
struct Options {
    /// Print JSON instead of Markdown
    #[arg(long)]
    json: bool,
    /// Play only rows whose name contains this
    #[arg(long, value_name = "NAME")]
    row: Option<String>,
    /// Put the table into the README
    #[arg(long, conflicts_with = "row")]
    readme: bool,
    /// Rows that are played at once
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    at_once: u8,
    /// T of the pool, in seconds, instead of the default
    #[arg(long, value_name = "SECONDS", conflicts_with = "readme")]
    lease: Option<u32>,
}

fn main() -> ExitCode {
    let outcome = run(&Options::parse());
    match (outcome, interruption::exit_code()) {
        (_, Some(code)) => {
            output::failed("interrupted; everything that was started has ended");
            ExitCode::from(code)
        }
        (Ok(()), None) => ExitCode::SUCCESS,
        (Err(error), None) => {
            output::failed(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    interruption::listen()?;
    let rows = chosen(options.row.as_deref())?;
    let setting =
        Setting { lease: options.lease.map(|seconds| Duration::from_secs(u64::from(seconds))) };
    let outcome = play::all(&rows, setting, options.at_once);
    let left = processes::descendants(std::process::id());
    let measured = outcome?;
    if !left.is_empty() {
        let names: Vec<_> = left.into_iter().filter_map(processes::name).collect();
        bail!("these processes were left behind: {names:?}");
    }
    let table = Table::new(machine::described(), setting.lease(), &measured);
    let json = serde_json::to_string_pretty(&table)?;
    let markdown = table.markdown();
    if rows.len() == ROWS.len() {
        write::into_target(&markdown, &json)?;
    }
    if options.readme {
        at_ease(&measured, setting)?;
        write::into_readme(&markdown)?;
    }
    output::line(if options.json { &json } else { &markdown });
    Ok(())
}

/// What the README shows was measured on a machine that had time for it.
fn at_ease(measured: &[Measured], setting: Setting) -> Result<()> {
    let late = measured.iter().filter(|one| one.stretched(setting.lease()).is_some());
    let late: Vec<_> = late.map(|one| one.row.name).collect();
    if !late.is_empty() {
        bail!(
            "this machine was too busy to be measured ({}): try again at another time",
            late.join(", ")
        );
    }
    Ok(())
}

/// The rows whose name contains a word, in any case.
fn chosen(word: Option<&str>) -> Result<Vec<Row>> {
    let word = word.unwrap_or_default().to_lowercase();
    let matches = |row: &&Row| row.name.to_lowercase().contains(&word);
    let rows: Vec<Row> = ROWS.iter().filter(matches).copied().collect();
    if rows.is_empty() {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        bail!("no row's name contains {word:?}; the rows are: {}", names.join(", "));
    }
    Ok(rows)
}
