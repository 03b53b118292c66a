//! What the program says: results to standard output, everything else to standard error. Nothing here
//! fails but what must be heard: see [`hotseat_output`].

use std::sync::OnceLock;

use anyhow::{Context as _, bail};
use hotseat_host::{Endings, columns};
use hotseat_output::{remarks, results};

/// A line of the result.
pub(crate) fn line(text: impl AsRef<str>) {
    results::line(text.as_ref());
}

/// Notes that something was changed for good: it is said even where the result cannot be written.
pub(crate) fn acted() {
    results::acted();
}

/// Set once a secret is about to be made that is shown only once: until it was shown, or what it
/// belongs to undone, the wish to end this program waits.
static ENDINGS: OnceLock<Endings> = OnceLock::new();

/// Sees that a secret which is shown only once would be shown. Call it before it is made.
pub(crate) fn can_tell_once() -> anyhow::Result<()> {
    results::can_tell_once().context("nothing was made")?;
    let endings = Endings::deferred().context("nothing was made: signals cannot be received")?;
    ENDINGS.get_or_init(|| endings);
    Ok(())
}

/// Shows a secret that is shown only once, or has what it belongs to undone.
pub(crate) fn tell_once(
    text: &str,
    what: &str,
    undo: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let ending = || ENDINGS.get().is_some_and(Endings::asked);
    let Err(lost) = results::tell_once(text, ending) else { return Ok(()) };
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
