//! `hotseat-broker`: the service of one computer.

mod args;
mod output;
mod verbs;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Verb};

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Run(run) => verbs::run(run),
        Verb::Enroll(enroll) => verbs::enroll(enroll),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            output::fail(&error);
            ExitCode::FAILURE
        }
    }
}
