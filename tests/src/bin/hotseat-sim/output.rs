//! What the program prints.

use std::io::{self, Write as _};

/// One line. A reader that is gone wants no more.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}
