//! The tray and its window: thin programs that show what the broker says and pass on intent.
//!
//! One binary, two processes: `hotseat-tray` sits in the panel and has no web view;
//! `hotseat-tray --window` is the window and ends when it is closed. Both speak to the broker
//! by themselves ([`broker_link`]), and in both the [`controller`] owns what is known.

pub mod action;
pub mod aftermath;
pub mod app_state;
pub mod broker_link;
pub mod clock;
pub mod commands;
pub mod config;
pub mod controller;
pub mod desktop;
pub mod details;
pub mod event_loop;
pub mod idle;
pub mod lifecycle;
pub mod output;
pub mod platform;
#[cfg(test)]
mod samples;
pub mod subject;
pub mod telemetry;
pub mod texts;
pub mod tray;
pub mod tray_program;
pub mod views;
pub mod window_program;
pub mod window_view;

use std::process::ExitCode;

use config::{Options, Session};
use controller::Part;
use lifecycle::Tasks;

/// Threads for what waits: sockets, timers, notifications.
const WORKERS: usize = 2;

/// The exit code of any failure.
const FAILED: u8 = 1;

/// Runs the program.
pub fn run() -> ExitCode {
    hotseat_host::prepare_signals();
    let options: Options = match hotseat_output::arguments() {
        Ok(options) => options,
        Err(code) => return code,
    };
    let part = if options.window { Part::Window } else { Part::Tray };
    platform::prepare(part);
    hotseat_output::end(match try_run(options, part) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            FAILED
        }
    })
}

fn try_run(options: Options, part: Part) -> anyhow::Result<u8> {
    telemetry::start(&options.log)?;
    let session = Session::from_env();
    if let Some(why) = platform::missing_display(&session) {
        anyhow::bail!(why);
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    tauri::async_runtime::set(runtime.handle().clone());
    let tasks = Tasks::new(runtime.handle().clone());
    let ended = match part {
        Part::Tray => tray_program::run(options, session, tasks),
        Part::Window => window_program::run(&options, &session, tasks),
    };
    // Whatever had to be waited for was waited for; a thread that reads a pipe is not.
    runtime.shutdown_background();
    ended
}
