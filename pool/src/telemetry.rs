//! The log: one line an event, on standard error. It never contains a password, a token, a name
//! or an e-mail address: people and machines appear by their ids.

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Begins to log.
///
/// The service manager adds times, so a line has none when standard error is not a terminal.
pub fn start(config: &Config) {
    // The filter was checked with the configuration.
    let filter = EnvFilter::new(&config.log);
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal);
    // A second start, in a test, changes nothing.
    let _ = match (config.log_format, terminal) {
        (LogFormat::Json, _) => lines.json().try_init(),
        (LogFormat::Text, true) => lines.try_init(),
        (LogFormat::Text, false) => lines.without_time().try_init(),
    };
}
