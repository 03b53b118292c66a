//! What the program says: results to standard output, everything else to standard error. Nothing here
//! fails but what must be heard: see [`hotseat_output`].

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

/// The way to show a secret that is shown only once: until it was shown, or what it belongs to was
/// undone, the wish to end this program waits.
pub(crate) struct TellOnce {
    endings: Endings,
}

impl TellOnce {
    /// Sees that the secret would be shown. Call it before it is made.
    pub(crate) fn ready() -> anyhow::Result<Self> {
        results::can_tell_once().context("nothing was made")?;
        let endings =
            Endings::deferred().context("nothing was made: signals cannot be received")?;
        Ok(Self { endings })
    }

    /// Shows it, or has what it belongs to undone.
    pub(crate) fn tell(
        self,
        text: &str,
        what: &str,
        undo: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let told = results::tell_once(text, || self.endings.asked());
        let Err(lost) = told else { return Ok(()) };
        match undo() {
            Ok(()) => Err(lost).with_context(|| {
                format!("{what} could not be shown and was withdrawn again, so nothing has changed")
            }),
            Err(error) => bail!("{what} could not be shown ({lost}) nor withdrawn ({error:#})"),
        }
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
