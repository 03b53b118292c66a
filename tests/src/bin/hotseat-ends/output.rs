//! The only place of this program that prints: the table on standard output, all else beside it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the output module of the program"
)]

/// A part of the answer.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// What happens meanwhile.
pub(crate) fn progress(text: &str) {
    eprintln!("{text}");
}

/// What went wrong.
pub(crate) fn failed(text: &str) {
    eprintln!("hotseat-ends: {text}");
}
