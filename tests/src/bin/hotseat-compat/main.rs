//! Plays this release and the one before it together, in every mix that an upgrade passes through,
//! and prints what held.

mod output;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use hotseat_tests::compat::{Mix, Step, play};
use hotseat_tests::paths::Programs;

use crate::output::say;

/// Plays this release and the one before it together.
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Options {
    /// The folder with the programs of the release before.
    older: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let older = Programs::at(Options::parse().older);
    let ours = match Programs::built() {
        Ok(ours) => ours,
        Err(error) => {
            say(&format!("{error:#}"));
            return ExitCode::FAILURE;
        }
    };
    let mut code = ExitCode::SUCCESS;
    say("| server · broker · command line | step | seconds |\n|---|---|---|");
    for mix in mixes(&older, &ours) {
        let row = |step: &Step| {
            say(&format!("| {} | {} | {:.1} |", mix.name, step.name, step.took.as_secs_f64()));
        };
        if let Err(error) = play(&mix, row).await {
            say(&format!("| {} | **failed: {error:#}** | |", mix.name));
            code = ExitCode::FAILURE;
        }
    }
    code
}

fn mixes(older: &Programs, ours: &Programs) -> [Mix; 4] {
    let mix = |name, server: &Programs, broker: &Programs, command_line: &Programs| Mix {
        name,
        server: server.clone(),
        broker: broker.clone(),
        command_line: command_line.clone(),
    };
    [
        mix("new · old · old", ours, older, older),
        mix("new · old · new", ours, older, ours),
        mix("old · new · new", older, ours, ours),
        mix("old · new · old", older, ours, older),
    ]
}
