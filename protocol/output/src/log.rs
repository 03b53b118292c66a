//! The log: one line an event, on standard error.
//!
//! It has no secret at any level. Our own lines name people and machines by their ids and hide
//! secrets by type. Dependencies know nothing of secrets and log at their finer levels whatever they
//! carry, frames and headers included: so they are heard with warnings and errors only, whatever
//! the filter says.

use std::io;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::{platform, remarks};

/// The finest level of what is not ours.
const DEPENDENCIES: Level = Level::WARN;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people, with the time.
    Timed,
    /// For people, with the time only at a terminal: a service manager adds it.
    Text,
    /// For programs.
    Json,
}

/// Begins to log what `filter` lets through. A second start changes nothing.
///
/// # Errors
///
/// When the operating system gives no thread to write from.
pub fn start(filter: EnvFilter, form: Form) -> io::Result<()> {
    remarks::never_wait()?;
    let terminal = platform::stderr_is_terminal();
    let lines = fmt::layer().with_writer(|| Lines).with_ansi(terminal).log_internal_errors(false);
    let lines = match form {
        Form::Json => lines.json().boxed(),
        Form::Text if !terminal => lines.without_time().boxed(),
        Form::Text | Form::Timed => lines.boxed(),
    };
    let log = tracing_subscriber::registry().with(filter).with(filter_fn(may_be_heard)).with(lines);
    // A second start, in a test.
    let _ = log.try_init();
    Ok(())
}

/// Begins to tell our own warnings to whoever has called a program that serves nobody. It waits for
/// who reads them.
pub fn warnings() {
    let terminal = platform::stderr_is_terminal();
    let lines = fmt::layer().with_writer(|| Lines).with_ansi(terminal).log_internal_errors(false);
    let lines = lines.without_time().with_target(false);
    let is_one = |line: &Metadata<'_>| is_ours(line.target()) && *line.level() <= Level::WARN;
    // A second start, in a test.
    let _ = tracing_subscriber::registry().with(filter_fn(is_one)).with(lines).try_init();
}

/// Whether a line may be logged at all.
fn may_be_heard(line: &Metadata<'_>) -> bool {
    is_ours(line.target()) || *line.level() <= DEPENDENCIES
}

fn is_ours(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or(target);
    root == "hotseat" || root.starts_with("hotseat_")
}

/// Takes whole lines: the formatter writes each at once.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        remarks::write(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_what_is_named_after_hotseat() {
        for ours in ["hotseat", "hotseat_pool", "hotseat_pool::http", "hotseat_broker::hub"] {
            assert!(is_ours(ours), "{ours}");
        }
        for theirs in ["", "hotseats", "tungstenite::protocol", "hyper", "log", "tower::hotseat"] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }
}
