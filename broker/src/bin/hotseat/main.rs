//! `hotseat`: the command line.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a client picks the answer that it asked for; whatever else comes is of a newer version"
)]

mod account;
mod args;
mod check;
mod doctor;
mod failure;
mod fresh;
mod line;
mod output;
mod platform;
mod resync;
mod run;
mod session;
mod sign_off;
mod sign_on;
mod status;
mod waiting;
mod watch;
mod words;

use std::process::ExitCode;

use clap::CommandFactory as _;

use args::{Arguments, Verb};
use failure::{Failure, exit};
use output::Output;
use session::Place;

fn main() -> ExitCode {
    hotseat_host::prepare_signals();
    let arguments: Arguments = match hotseat_output::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    // A program that keeps a seat must go on whoever reads its remarks. Without a thread for them
    // they are written at once.
    let _ = hotseat_output::remarks::never_wait();
    let output = Output { json: arguments.common.json };
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::other(format!("The operating system gives no event queue: {e}."), ""))
        .and_then(|runtime| {
            let done = runtime.block_on(perform(&arguments, output));
            // A thread may still wait for whoever reads the output.
            runtime.shutdown_background();
            done
        });
    hotseat_output::end(match result {
        Ok(code) => code,
        Err(failure) => {
            output.problem(&failure.problem);
            failure.code
        }
    })
}

async fn perform(arguments: &Arguments, output: Output) -> Result<u8, Failure> {
    let place = Place::new(&arguments.common);
    match &arguments.verb {
        Verb::Status => status::status(&place, output).await,
        Verb::Login { email, yes } => account::log_in(&place, output, email.as_deref(), *yes).await,
        Verb::Logout => account::log_out(&place, output).await,
        Verb::SignOn { pool, client, wait } => {
            sign_on::sign_on(&place, output, pool, client.clone(), *wait).await
        }
        Verb::SignOff { pool } => sign_off::sign_off(&place, output, pool.clone()).await,
        Verb::Run(run) => Ok(run::run(&place, output, run).await),
        Verb::Check { pool, client, operation } => {
            check::check(&place, output, pool, client, operation.clone()).await
        }
        Verb::Who { pool } => line::who(&place, output, pool).await,
        Verb::Leave { pool } => line::leave(&place, output, pool).await,
        Verb::Watch => watch::watch(&place, output).await,
        Verb::Doctor => doctor::doctor(&place, output).await,
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "hotseat", &mut script);
            Output::raw(&script);
            Ok(exit::DONE)
        }
    }
}
