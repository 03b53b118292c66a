//! What the program prints: its report is what it is for.
#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

/// One line, or several.
pub(crate) fn say(line: &str) {
    println!("{line}");
}
