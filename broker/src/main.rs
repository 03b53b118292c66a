//! `hotseat-broker`: the service of one computer.

mod args;
mod output;
mod verbs;

use std::process::ExitCode;

use args::{Arguments, Verb};

/// The exit code of any failure.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    hotseat_host::prepare_signals();
    hotseat_host::hide_memory();
    let arguments: Arguments = match hotseat_output::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let done = match arguments.verb {
        Verb::Run(run) => verbs::run(run),
        Verb::Enroll(enroll) => verbs::enroll(enroll),
    };
    hotseat_output::end(match done {
        Ok(code) => code,
        Err(error) => {
            output::fail(&error);
            FAILED
        }
    })
}
