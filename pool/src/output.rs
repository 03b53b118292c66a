//! What the program prints: results to standard output, everything else to standard error.

use std::io::Write as _;

use hotseat_host::columns;

/// A line of the result.
pub(crate) fn line(text: impl AsRef<str>) {
    // Whoever closed the pipe has read enough.
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// A remark for a person, beside the result.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
}

/// A question, on the line on which it is answered.
pub(crate) fn question(text: impl AsRef<str>) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "{} ", text.as_ref());
    let _ = stderr.flush();
}

/// Why the program failed.
pub(crate) fn failure(error: &anyhow::Error) {
    note(format!("hotseat-pool: {error:#}"));
}

/// Rows under a heading, in columns as wide as they need to be.
pub(crate) fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) {
    let mut widths = heading.map(columns::width);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns::width(cell));
        }
    }
    let show = |cells: [&str; N]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| columns::padded(cell, width));
        line(cells.collect::<Vec<_>>().join("  ").trim_end());
    };
    show(heading);
    for row in rows {
        show(row.each_ref().map(String::as_str));
    }
}
