//! The log: one line an event, on standard error.
//!
//! It has no secret at any level. Our own lines name people and machines by their ids and hide
//! secrets by type. Dependencies know nothing of secrets and log at their finer levels whatever they
//! carry, frames and headers included: so they are heard with warnings and errors only, whatever
//! the filter says.

use std::io;
use std::str::FromStr;

use thiserror::Error;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::{platform, remarks};

/// The finest level of what is not ours.
const DEPENDENCIES: Level = Level::WARN;

/// What can be said of a module, and of all.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Which lines are logged: those from a level on, or from a level of each module on.
///
/// A word that is no level is refused: it would be taken for a module, and nothing else be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

/// A text says in no known way what is to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "expected error, warn, info, debug, trace or off, or a list of these and MODULE=LEVEL with commas"
)]
pub struct NotAFilter;

impl FromStr for Filter {
    type Err = NotAFilter;

    fn from_str(text: &str) -> Result<Self, NotAFilter> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let text = parts.join(",");
        let is_one = parts.iter().all(|part| is_directive(part));
        if is_one && EnvFilter::builder().parse(&text).is_ok() {
            Ok(Self(text))
        } else {
            Err(NotAFilter)
        }
    }
}

impl Default for Filter {
    /// Everything but what helps to find a mistake.
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl Filter {
    /// Returns its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_directive(text: &str) -> bool {
    let is_level = |text: &str| LEVELS.iter().any(|level| text.eq_ignore_ascii_case(level));
    let is_module = |text: &str| {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        text.split("::").all(is_name)
    };
    match text.split_once('=') {
        Some((module, level)) => is_module(module) && is_level(level),
        None => is_level(text),
    }
}

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
pub fn start(filter: &Filter, form: Form) -> io::Result<()> {
    let filter = EnvFilter::new(filter.as_str());
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
    fn a_filter_is_of_levels_and_a_word_that_is_none_is_refused() {
        for good in ["info", "OFF", "warn,hotseat_pool::http=debug", "hotseat=trace, hyper=off"] {
            assert!(good.parse::<Filter>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "inof",
            "info,",
            "debg,hotseat=debug",
            "hotseat=5",
            "5",
            "hotseat",
            "a=b=c",
            "a b=info",
        ] {
            assert_eq!(bad.parse::<Filter>(), Err(NotAFilter), "{bad}");
        }
    }

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
