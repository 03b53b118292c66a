//! What the program says: results to standard output, everything else to standard error. Nothing here
//! fails but what must be heard: see [`hotseat_output`].

use anyhow::{Context as _, bail};
use hotseat_output::{remarks, results};

use hotseat_host::columns;

/// A line of the result.
pub(crate) fn line(text: impl AsRef<str>) {
    results::line(text.as_ref());
}

/// Notes that something was changed for good: it is said even where the result cannot be written.
pub(crate) fn acted() {
    results::acted();
}

/// Sees that a secret which is shown only once would be shown. Call it before it is made.
pub(crate) fn can_tell_once() -> anyhow::Result<()> {
    results::can_tell_once().context("nothing was made")
}

/// Shows a secret that is shown only once, or has what it belongs to undone.
pub(crate) fn tell_once(
    text: &str,
    what: &str,
    undo: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Err(lost) = results::tell_once(text) else { return Ok(()) };
    match undo() {
        Ok(()) => Err(lost).with_context(|| {
            format!("{what} could not be shown and was withdrawn again, so nothing has changed")
        }),
        Err(error) => bail!("{what} could not be shown ({lost}) nor withdrawn ({error:#})"),
    }
}

/// A remark for a person, beside the result.
pub(crate) fn note(text: impl AsRef<str>) {
    remarks::remark(text.as_ref());
}

/// A question, on the line on which it is answered.
pub(crate) fn question(text: impl AsRef<str>) {
    remarks::question(text.as_ref());
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
