//! The table as people and programs read it.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::{Busy, LEASE, Measured, Outcome, Row, Seen};

/// Before the table in the README.
pub const BEGIN: &str = "<!-- ends: begin; `cargo xtask ends --readme` writes what is between -->";
/// After the table in the README.
pub const END: &str = "<!-- ends: end -->";

/// The head of the table, and the line below it.
const HEAD: [&str; 2] = [
    "| how a desktop ends | the seat is free after | promised | reason in the journal |",
    "|---|---|---|---|",
];

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
        let mut text = HEAD.join("\n") + "\n";
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

/// Complains, a line each, about what the README's table says otherwise than the list does, or in another form than
/// it is printed in. Its times may be any that keep the promise.
pub fn in_readme(readme: &str) -> Vec<String> {
    let Some(table) = readme.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END)) else {
        return vec![format!("the README has no table between {BEGIN} and {END}")];
    };
    let lines: Vec<&str> = table.0.lines().filter(|line| line.starts_with('|')).collect();
    let (head, found) = lines.split_at(HEAD.len().min(lines.len()));
    let mut wrong = Vec::new();
    if head != HEAD {
        wrong.push(format!("the table begins with {head:?}, and is printed with {HEAD:?}"));
    }
    for (place, row) in super::ROWS.iter().enumerate() {
        let line = found.get(place).copied().unwrap_or_default();
        if let Err(why) = is_of(row, line) {
            wrong.push(format!("row {}, {:?}, {why}: {line:?}", place + 1, row.name));
        }
    }
    wrong.extend(found.iter().skip(super::ROWS.len()).map(|row| format!("one too many: {row:?}")));
    wrong
}

/// Whether a line of the README's table is one that could be printed for a row.
fn is_of(row: &Row, line: &str) -> Result<(), &'static str> {
    let (promised, reason) = promised(row);
    let after = line.strip_prefix(&format!("| {} | ", row.name));
    let after = after.and_then(|rest| rest.strip_suffix(&format!(" | {promised} | {reason} |")));
    let after = after.ok_or("is another one")?;
    match row.outcome {
        Outcome::Free(within, _) => {
            let seconds = after.strip_suffix(" s").and_then(|number| number.parse::<f64>().ok());
            let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let time = time.filter(|time| spoken(*time) == after).ok_or("has no time")?;
            let kept = time <= within.latest(LEASE, Busy::NOT_AT_ALL);
            kept.then_some(()).ok_or("breaks its promise")
        }
        Outcome::Kept => (after == "kept").then_some(()).ok_or("is to be kept"),
        Outcome::NotYet => (after == "not yet").then_some(()).ok_or("cannot be measured yet"),
    }
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
    use super::super::ROWS;
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
    fn the_readme_shows_only_times_that_keep_their_promise_in_the_form_that_is_printed() {
        let readme = format!("{BEGIN}\n{}\n{END}", table().markdown());
        let with = |before: &str, after: &str| {
            assert!(readme.contains(before), "{before}");
            in_readme(&readme.replace(before, after)).join("\n")
        };
        let quit =
            |after: &str| with("| tray: Quit | 0.04 s |", &format!("| tray: Quit | {after} |"));
        assert_eq!(quit("0.99 s"), "");
        assert!(quit("1.1 s").contains("breaks its promise"));
        assert!(quit("40 ms").contains("has no time"));
        assert!(quit("kept").contains("has no time"));
        let closed = "| window closed | kept |";
        assert!(with(closed, "| window closed | 0.04 s |").contains("is to be kept"));
        assert!(with("| promised |", "| at most |").contains("begins with"));
        assert!(with("| pool: restart |", "| pool:  restart |").contains("is another one"));
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
