//! Where log lines go: standard error, which a desktop keeps with the session's journal; see
//! [`hotseat_output::log`].

use anyhow::Context;
use hotseat_output::log::{self, Filter, Form};

/// Starts logging.
///
/// # Errors
/// If `filter` is not a filter, with its text, or the operating system gives no thread.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter: Filter = filter.parse().with_context(|| format!("--log {filter:?}"))?;
    log::start(&filter, Form::Timed).context("the operating system gives no thread")
}
