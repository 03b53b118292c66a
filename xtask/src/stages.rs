//! The stages of a long command: each is announced, timed, and listed at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::output::{self, spoken};

/// Runs stages one after the other and remembers how long each took.
#[derive(Default)]
pub(crate) struct Stages {
    done: Vec<(&'static str, Duration)>,
}

impl Stages {
    /// Runs one stage; the first that fails ends the command.
    pub(crate) fn run<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        output::heading(name);
        let started = now();
        let outcome = work().with_context(|| format!("stage `{name}` failed"));
        let took = now().duration_since(started);
        output::line(&format!("-- {name}: {}", spoken(took)));
        self.done.push((name, took));
        outcome
    }

    /// The times of all stages so far.
    pub(crate) fn print_times(&self) {
        output::heading("times");
        for (name, took) in &self.done {
            output::line(&format!("{name:<10} {:>14}", spoken(*took)));
        }
        let total = self.done.iter().map(|(_, took)| *took).sum();
        output::line(&format!("{:<10} {:>14}", "all", spoken(total)));
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a stage took is for people; nothing depends on it"
)]
fn now() -> Instant {
    Instant::now()
}
