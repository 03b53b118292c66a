//! The table as people and programs read it.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::{Measured, Outcome, Row, Seen};

/// Before the table in the README.
pub const BEGIN: &str = "<!-- ends: begin; `cargo xtask ends --readme` writes what is between -->";
/// After the table in the README.
pub const END: &str = "<!-- ends: end -->";

/// What stands where there is nothing to say.
const NOTHING: &str = "–";

/// The measured table.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// The version of the programs.
    pub version: &'static str,
    /// What it was measured on.
    pub machine: String,
    /// T of the pool, in ms.
    pub lease_ms: u64,
    /// The rows, in the order of the list.
    pub rows: Vec<TableRow>,
}

/// A row as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct TableRow {
    /// What ended.
    pub end: &'static str,
    /// How it was caused.
    pub how: &'static str,
    /// How long the seat outlived it, in ms; null when it was kept or cannot be measured yet.
    pub free_after_ms: Option<u64>,
    /// `free`, `kept` or `not yet`.
    pub seat: &'static str,
    /// The most that is promised, in ms.
    pub promised_ms: Option<u64>,
    /// The journal's reason, in its stable word.
    pub reason: Option<String>,
    #[serde(skip)]
    shown: Shown,
}

/// A row in words.
#[derive(Clone, Debug, Default)]
struct Shown {
    free_after: String,
    promised: String,
    reason: &'static str,
}

impl Table {
    /// The table of what was measured with this lease.
    pub fn new(machine: String, lease: Duration, measured: &[Measured]) -> Table {
        let rows = measured.iter().map(|measured| TableRow::new(measured, lease)).collect();
        Table { version: env!("CARGO_PKG_VERSION"), machine, lease_ms: millis(lease), rows }
    }

    /// In Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| how a desktop ends | the seat is free after | promised | reason in the journal |\n\
             |---|---|---|---|\n",
        );
        for row in &self.rows {
            let Shown { free_after, promised, reason } = &row.shown;
            let _ = writeln!(text, "| {} | {free_after} | {promised} | {reason} |", row.end);
        }
        let _ = write!(text, "\nMeasured with version {} on {}.", self.version, self.machine);
        text
    }
}

impl TableRow {
    fn new(measured: &Measured, lease: Duration) -> TableRow {
        let row = &measured.row;
        let (promised, reason) = promised(row);
        let released = match &measured.seen {
            Some(Seen::Freed(released, _)) => Some(released),
            Some(Seen::Kept) | None => None,
        };
        let seat = match row.outcome {
            Outcome::Free(..) => "free",
            Outcome::Kept => "kept",
            Outcome::NotYet => "not yet",
        };
        let within = match row.outcome {
            Outcome::Free(within, _) => Some(millis(within.promised(lease))),
            Outcome::Kept | Outcome::NotYet => None,
        };
        let free_after = released.map_or_else(|| seat.to_owned(), |end| spoken(end.after));
        TableRow {
            end: row.name,
            how: row.how,
            free_after_ms: released.map(|released| millis(released.after)),
            seat,
            promised_ms: within,
            reason: released.map(|released| released.reason.clone()),
            shown: Shown { free_after, promised: promised.to_owned(), reason },
        }
    }
}

/// What is promised of a row, and the reason that it must have, in words.
fn promised(row: &Row) -> (&'static str, &'static str) {
    match row.outcome {
        Outcome::Free(within, reason) => (within.words(), reason.words()),
        Outcome::Kept => ("kept", NOTHING),
        Outcome::NotYet => (NOTHING, NOTHING),
    }
}

/// Complains, a line each, about rows of the README's table that differ from the list; seconds may.
pub fn in_readme(readme: &str) -> Vec<String> {
    let Some(table) = readme.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)) else {
        return vec![format!("the README has no table between {BEGIN} and {END}")];
    };
    let mut found: Vec<Vec<&str>> = table.0.lines().filter_map(cells).collect();
    // The head, and the line below it.
    found.drain(..2.min(found.len()));
    let mut wrong = Vec::new();
    for (place, row) in super::ROWS.iter().enumerate() {
        let (promised, reason) = promised(row);
        match found.get(place).map(Vec::as_slice) {
            Some([name, _, says, why]) if (*name, *says, *why) == (row.name, promised, reason) => {}
            other => wrong.push(format!("{:?} is not row {}: {other:?}", row.name, place + 1)),
        }
    }
    wrong.extend(found.iter().skip(super::ROWS.len()).map(|row| format!("one too many: {row:?}")));
    wrong
}

fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

fn spoken(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::{Busy, ROWS};
    use super::*;
    use crate::journal::Released;

    fn freed(after_ms: u64, reason: String) -> Seen {
        let after = Duration::from_millis(after_ms);
        Seen::Freed(Released { after, reason }, Busy::NOT_AT_ALL)
    }

    fn table() -> Table {
        let measured = ROWS.iter().map(|row| {
            let seen = match row.outcome {
                Outcome::Free(_, reason) => {
                    let word = serde_json::to_value(reason).expect("a word");
                    let reason = word.as_str().expect("a word").to_owned();
                    Some(freed(42, reason))
                }
                Outcome::Kept => Some(Seen::Kept),
                Outcome::NotYet => None,
            };
            Measured { row: *row, seen }
        });
        let lease = Duration::from_secs(90);
        Table::new("a computer".to_owned(), lease, &measured.collect::<Vec<_>>())
    }

    #[test]
    fn what_is_printed_is_what_the_readme_must_show() {
        let text = table().markdown();
        assert!(text.contains("| tray: Quit | 0.04 s | 1 s | tray closed |"), "{text}");
        assert!(text.contains("| window closed | kept | kept | – |"), "{text}");
        let readme = format!("before\n{BEGIN}\n{text}\n{END}\nafter");
        assert_eq!(in_readme(&readme), Vec::<String>::new());
        let wrong = readme.replace("| logged out |", "| idle |");
        assert_eq!(in_readme(&wrong).len(), 1);
        let short = readme.replace("| pool: restart | kept | kept | – |\n", "");
        assert_eq!(in_readme(&short).len(), 2, "the row that is gone, and the one in its place");
        assert_eq!(in_readme("no table").len(), 1);
    }

    #[test]
    fn programs_read_milliseconds_and_stable_words() {
        let json = serde_json::to_value(table()).expect("JSON");
        assert_eq!(json["rows"][0]["free_after_ms"], 42);
        assert_eq!(json["rows"][0]["promised_ms"], 1_000);
        assert_eq!(json["rows"][0]["reason"], "tray_closed");
        assert_eq!(json["rows"][6]["seat"], "kept");
        assert_eq!(json["lease_ms"], 90_000);
    }
}
