//! Looks at every state that a small office can be in, from each beginning, up to a depth.

mod output;

use std::process::ExitCode;
use std::thread;

use clap::Parser;
use hotseat_tests::model::{Report, Scenario, check};

use crate::output::say;

/// Looks at every state of a small office of pool and brokers, up to a depth.
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Options {
    /// How many steps from each beginning.
    #[arg(long, default_value_t = 5)]
    depth: usize,
    /// Only from this beginning.
    #[arg(long)]
    from: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let wanted = |scenario: &Scenario| {
        let name = format!("{scenario:?}");
        options.from.as_ref().is_none_or(|from| name.eq_ignore_ascii_case(from))
    };
    let scenarios: Vec<Scenario> = Scenario::ALL.into_iter().filter(wanted).collect();
    let depth = options.depth;
    // Each in a thread of its own; within one, only one thread keeps depths exact.
    let reports: Vec<Result<Report, String>> = thread::scope(|scope| {
        let checks: Vec<_> = scenarios
            .iter()
            .map(|scenario| {
                scope.spawn(move || check(*scenario, depth, None).inspect(|r| say(&r.to_string())))
            })
            .collect();
        let results = checks.into_iter().map(|check| check.join());
        results.map(|result| result.unwrap_or_else(|_| Err("a check panicked".into()))).collect()
    });
    let mut code = if reports.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    for broken in reports.iter().filter_map(|report| report.as_ref().err()) {
        say(broken);
        code = ExitCode::FAILURE;
    }
    let states: usize = reports.iter().flatten().map(|report| report.states).sum();
    say(&format!("{states} states in all"));
    code
}
