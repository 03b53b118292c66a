//! The command line: serving, making a store, and administration.
//!
//! Administration speaks REST with the administrator's token, to the running server or, when none
//! runs, to one that is started in this process for as long as the command takes: there is one
//! code path for both.

mod args;
mod ask;
mod client;
mod durations;
mod init;
mod machines;
mod pools;
mod serve;
mod services;
mod upkeep;
mod users;

use std::process::ExitCode;

use self::args::{Args, Verb};
use crate::config::{self, Config};
use crate::output;
use crate::platform;
use crate::upkeep::restore::Restore;

/// The exit code of success.
const DONE: u8 = 0;
/// The exit code of any failure.
const FAILED: u8 = 1;

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    // What is made here is nobody else's business: the store, its log, the token.
    platform::private_umask();
    let args: Args = match hotseat_output::arguments() {
        Ok(args) => args,
        Err(code) => return code,
    };
    hotseat_output::end(match run(args) {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error);
            FAILED
        }
    })
}

fn run(args: Args) -> anyhow::Result<u8> {
    let config: Config = config::load(&args.flags())?;
    match args.verb {
        Verb::Serve(_) => serve::serve(&config),
        Verb::Init(verb) => init::init(&config, verb),
        Verb::User { verb } => users::run(&config, verb),
        Verb::Pool { verb } => pools::run(&config, verb),
        Verb::Machine { verb } => machines::run(&config, verb),
        Verb::Service { verb } => services::run(&config, verb),
        Verb::Verify(json) => return upkeep::verify(&config, json.json),
        Verb::Backup { file, json } => upkeep::backup(&config, &file, json.json),
        Verb::Restore { file, replace, wait, json } => {
            let at_least = wait.longest_lease.unwrap_or_default();
            upkeep::restore(&config, &Restore { file, replace, at_least }, json.json)
        }
        Verb::Recover { yes, wait, json } => {
            upkeep::recover(&config, wait.longest_lease.unwrap_or_default(), yes, json.json)
        }
    }?;
    Ok(DONE)
}
