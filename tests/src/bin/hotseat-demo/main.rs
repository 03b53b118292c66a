//! The demo: Hotseat at its main job, on real processes, told as it happens.
//!
//! A pool server and three desktops are started; the acts change something as a person or an accident would, and
//! count it as done only when pool, command line and tray agree. What is printed was measured or read.

mod args;
mod clients;
mod ends_table;
mod hand;
mod office;
mod open_house;
mod output;
mod pictures;
mod scene;
mod steps;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use hotseat_tests::desk::ThisDesktop;
use hotseat_tests::processes;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Options;
use crate::ends_table::EndsTable;
use crate::office::Office;
use crate::output::Narrator;
use crate::pictures::Pictures;
use crate::steps::Play;

/// Status of a program that was interrupted from the keyboard.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let options = Options::parse();
    let narrator = Narrator::new();
    match run(&options, narrator) {
        Ok(code) => code,
        Err(error) => {
            narrator.failed(&format!("this did not happen: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, narrator: Narrator) -> Result<ExitCode> {
    let here = if options.here { Some(args::this_desktop()?) } else { None };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let outcome = runtime.block_on(demo(options, here, narrator));
    // Whatever still watches the office has nothing to see any more.
    runtime.shutdown_background();
    let left = processes::descendants(std::process::id());
    if left.is_empty() {
        return outcome;
    }
    let names: Vec<_> = left.into_iter().filter_map(processes::name).collect();
    outcome.and_then(|_| bail!("these processes were left behind: {names:?}"))
}

async fn demo(
    options: &Options,
    here: Option<ThisDesktop>,
    narrator: Narrator,
) -> Result<ExitCode> {
    let mut stop = Stop::listen()?;
    let pictures = Pictures::new()?;
    let office = tokio::select! {
        office = Office::open(here) => office?,
        () = stop.asked() => return Ok(ExitCode::from(INTERRUPTED)),
    };
    let mut play = Play { office, narrator, pictures, ends: EndsTable::default() };
    let performed = tokio::select! {
        performed = play.perform() => Some(performed),
        () = stop.asked() => None,
    };
    let code = match performed {
        Some(performed) => {
            if let Err(error) = performed {
                let logs = play.pictures.folder().join("logs");
                play.office.keep_logs(&logs)?;
                return Err(error.context(format!("see {}", logs.display())));
            }
            if !options.once {
                open_house::open(&mut play).await?;
                stop.asked().await;
            }
            ExitCode::SUCCESS
        }
        None => ExitCode::from(INTERRUPTED),
    };
    narrator.says("Everybody signs off.");
    play.office.close().await?;
    narrator.says("Every seat is free, and every program has ended.");
    Ok(code)
}

/// The person, or whoever started the demo, has seen enough.
struct Stop {
    signals: [tokio::signal::unix::Signal; 3],
}

impl Stop {
    fn listen() -> Result<Stop> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Stop {
            signals: [
                listen(SignalKind::interrupt())?,
                listen(SignalKind::terminate())?,
                listen(SignalKind::hangup())?,
            ],
        })
    }

    async fn asked(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
