//! What this program writes for people in front of a terminal: one sentence when it cannot start.

/// Says why the program ends.
#[expect(clippy::print_stderr, reason = "this is the program's one place to print")]
pub fn complain(message: &str) {
    eprintln!("hotseat-tray: {message}");
}
