//! What the person at the terminal sees: the only place of this program that prints.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the output module of xtask"
)]

use std::io::{BufRead, IsTerminal, Write, stderr, stdin, stdout};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether standard output belongs to a program that prints for other programs.
static BESIDE: AtomicBool = AtomicBool::new(false);

/// From now on everything of ours goes to standard error: what is on standard output is for other programs.
pub(crate) fn leave_standard_output_alone() {
    BESIDE.store(true, Ordering::Relaxed);
}

/// Where the programs of a stage print.
pub(crate) fn of_programs() -> Stdio {
    if BESIDE.load(Ordering::Relaxed) { stderr().into() } else { Stdio::inherit() }
}

/// A line for the person who runs the command.
pub(crate) fn line(text: &str) {
    if BESIDE.load(Ordering::Relaxed) {
        eprintln!("{text}");
        return;
    }
    println!("{text}");
    // A closed pipe at the other end is no reason to stop the work.
    let _ = stdout().flush();
}

/// The beginning of a stage.
pub(crate) fn heading(text: &str) {
    line(&format!("\n== {text}"));
}

/// What went wrong, on standard error.
pub(crate) fn error(text: &str) {
    eprintln!("error: {text}");
}

/// Asks a yes-or-no question; `None` if nobody is there to answer.
pub(crate) fn ask(question: &str) -> Option<bool> {
    if !stdin().is_terminal() {
        return None;
    }
    print!("{question} [y/N] ");
    stdout().flush().ok()?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// A duration as people read it: `4.2 s`, `3 min 07 s`.
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_with_their_unit() {
        assert_eq!(spoken(Duration::from_millis(4_230)), "4.2 s");
        assert_eq!(spoken(Duration::from_secs(187)), "3 min 07 s");
    }
}
