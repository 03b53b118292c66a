//! What the example prints: its measurements.
#![expect(clippy::print_stdout, reason = "a measurement is printed")]

/// One line.
pub(crate) fn say(line: &str) {
    println!("{line}");
}
