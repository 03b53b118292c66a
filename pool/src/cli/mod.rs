//! The command line: serving, making a store, and administration.
//!
//! Administration speaks REST, by the administration socket of the running server or, when none
//! runs, with the same handlers in this process for as long as the command takes: there is one code
//! path for both. Only to a server elsewhere it shows the administrator's token, over TLS.

mod args;
mod ask;
mod client;
mod durations;
mod init;
mod machines;
mod pools;
mod quarantine;
mod serve;
mod services;
mod shown;
mod upkeep;
mod users;

use std::process::ExitCode;

use anyhow::bail;

use self::args::{Args, Verb};
use self::client::Client;
use crate::config::{self, Config};
use crate::upkeep::restore::Restore;
use crate::{output, platform, telemetry};

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
    let server = args.server.as_deref();
    if server.is_some() && !args.verb.asks_a_server() {
        bail!("--server is for user, pool, machine and service; this verb works on this computer");
    }
    if !matches!(args.verb, Verb::Serve(_)) {
        telemetry::warnings();
    }
    // Whether there is a server is found before anybody types a password.
    let client = || Client::connect(&config, server);
    match args.verb {
        Verb::Serve(_) => serve::serve(&config),
        Verb::Init(verb) => init::init(&config, verb),
        Verb::User { verb } => users::run(&client()?, verb),
        Verb::Pool { verb } => pools::run(&client()?, verb),
        Verb::Machine { verb } => machines::run(&client()?, verb),
        Verb::Service { verb } => services::run(&client()?, verb),
        Verb::Verify(json) => return upkeep::verify(&config, json.json),
        Verb::Backup { file, json } => upkeep::backup(&config, &file, json.json),
        Verb::Restore { file, replace, wait, json } => {
            let longest_lease = wait.longest_lease;
            upkeep::restore(&config, &Restore { file, replace, longest_lease }, json.json)
        }
        Verb::Recover { yes, quarantine: record, rows, all, wait, json }
            if rows || record.is_some() =>
        {
            let longest_lease = wait.longest_lease;
            let asked = quarantine::Request { record, longest_lease, yes, all };
            quarantine::run(&config, &asked, json.json)
        }
        Verb::Recover { yes, wait, json, .. } => {
            upkeep::recover(&config, wait.longest_lease, yes, json.json)
        }
    }?;
    Ok(DONE)
}
