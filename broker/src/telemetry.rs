//! The log: one line an event, on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Begins to log.
///
/// The service manager adds times and the program's name, so a line has neither when standard
/// error is not a terminal.
pub fn start(config: &Config) {
    // The filter was checked with the configuration; a broken one would log everything.
    let filter = EnvFilter::new(&config.log);
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal);
    // A second start, in a test, changes nothing.
    let _ = if terminal { lines.try_init() } else { lines.without_time().try_init() };
}
