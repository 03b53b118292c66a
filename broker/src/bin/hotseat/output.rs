//! The only place of this program that prints: sentences for people, JSON for programs. What was
//! asked for goes to standard output, problems to standard error.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the output module")]

use hotseat_protocol::problem::Problem;
use serde::Serialize;

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// JSON instead of sentences.
    pub json: bool,
}

impl Output {
    /// Prints a result: the value as JSON, or the sentence.
    pub(crate) fn result(self, value: &impl Serialize, sentence: impl FnOnce() -> String) {
        if self.json {
            println!("{}", to_json(value));
        } else {
            println!("{}", sentence());
        }
    }

    /// Says something beside the result, to people only.
    pub(crate) fn say(self, sentence: &str) {
        if !self.json {
            eprintln!("{sentence}");
        }
    }

    /// Warns: people and programs alike should see it, whatever else is printed.
    pub(crate) fn warn(self, sentence: &str) {
        eprintln!("hotseat: {sentence}");
    }

    /// Prints why something was not done.
    pub(crate) fn problem(self, problem: &Problem) {
        if self.json {
            eprintln!("{}", to_json(problem));
            return;
        }
        eprintln!("hotseat: {}", problem.detail);
        if let Some(legacy) = problem.facts.as_ref().and_then(|f| f.legacy_message.as_ref()) {
            eprintln!("  Your application may say “{legacy}”: it means that the pool is full.");
        }
        if !problem.next.is_empty() {
            eprintln!("  {}", problem.next);
        }
    }

    /// Prints a script as it is.
    pub(crate) fn raw(bytes: &[u8]) {
        use std::io::Write as _;
        // A closed pipe (`| head`) is the reader's decision, not a failure.
        let _ = std::io::stdout().write_all(bytes);
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these types have only text keys")
}
