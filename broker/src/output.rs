//! The only place of this program that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the output module")]

/// Says what was done.
pub(crate) fn say(sentence: &str) {
    println!("{sentence}");
}

/// Says what went wrong, and what led to it.
pub(crate) fn fail(error: &anyhow::Error) {
    eprintln!("hotseat-broker: {error:#}");
}
