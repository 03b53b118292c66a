//! The log: see [`hotseat_output::log`].

use std::io;

pub use hotseat_output::log::warnings;
use hotseat_output::log::{self, Form};

use crate::config::Config;

/// Begins to log. A second start, in a test, changes nothing.
///
/// # Errors
///
/// When the operating system gives no thread to write from.
pub fn start(config: &Config) -> io::Result<()> {
    log::start(&config.log, Form::Text)
}
