//! Where log lines go: standard error, which a desktop keeps with the session's journal; see
//! [`hotseat_output::log`].

use anyhow::Context;
use hotseat_output::log::{self, Form};
use tracing_subscriber::EnvFilter;

/// Starts logging.
///
/// # Errors
/// If `filter` is not a filter, with its text, or the operating system gives no thread.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("--log {filter:?} is not a filter: {error}"))?;
    log::start(filter, Form::Timed).context("the operating system gives no thread")
}
