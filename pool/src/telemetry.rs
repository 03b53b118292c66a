//! The log: see [`hotseat_output::log`]. It never contains a password, a token, a name or an e-mail
//! address: people and machines appear by their ids.

use std::io;

pub(crate) use hotseat_output::log::warnings;
use hotseat_output::log::{self, Form};

use crate::config::{Config, LogFormat};

/// Begins to log. A second start, in a test, changes nothing.
///
/// # Errors
///
/// When the operating system gives no thread to write from.
pub fn start(config: &Config) -> io::Result<()> {
    let form = match config.log_format {
        LogFormat::Json => Form::Json,
        LogFormat::Text => Form::Text,
    };
    log::start(&config.log, form)
}
