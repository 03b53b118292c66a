//! What this program says. Nothing here fails: see [`hotseat_output`].

use hotseat_output::{remarks, results};

/// Says what was done, on standard error if need be.
pub(crate) fn done(sentence: &str) {
    results::acted();
    results::line(sentence);
}

/// Says what went wrong, and what led to it.
pub(crate) fn fail(error: &anyhow::Error) {
    remarks::remark(&format!("hotseat-broker: {error:#}"));
}
