//! The table of the ends that were played: how, after how long the seat was free, for which reason.

use std::time::Duration;

use anyhow::{Result, bail};
use hotseat_protocol::reason::ReleaseReason;

use crate::output::{Narrator, spoken};
use hotseat_tests::journal::Released;
use hotseat_tests::world::TOLERANCE;

/// Widths of the table's columns.
const COLUMNS: [usize; 4] = [35, 9, 9, 20];

/// How desktops ended so far.
#[derive(Debug, Default)]
pub(crate) struct EndsTable {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    how: &'static str,
    after: String,
    within: String,
    reason: String,
}

impl EndsTable {
    /// Notes how a seat came free, if it did so as it should.
    ///
    /// # Errors
    /// If the reason is another one, or it took far too long.
    pub(crate) fn note(
        &mut self,
        how: &'static str,
        released: &Released,
        within: Duration,
        reason: ReleaseReason,
    ) -> Result<()> {
        let words = words(&released.reason);
        if words != reason.words() {
            bail!("{how}: the journal says \"{words}\", not \"{}\"", reason.words());
        }
        if released.after > within * TOLERANCE {
            bail!("{how}: the seat came free only after {}", spoken(released.after));
        }
        self.rows.push(Row {
            how,
            after: spoken(released.after),
            within: spoken(within),
            reason: words,
        });
        Ok(())
    }

    /// Notes an end that took no seat.
    pub(crate) fn kept(&mut self, how: &'static str) {
        let (after, within) = ("kept".to_owned(), "kept".to_owned());
        self.rows.push(Row { how, after, within, reason: "–".to_owned() });
    }

    /// Tells the whole table.
    pub(crate) fn tell(&self, narrator: Narrator) {
        let [how, after, within, reason] = COLUMNS;
        narrator.head(&[
            ("how it ended", how),
            ("seat free", after),
            ("promised", within),
            ("the journal's reason", reason),
        ]);
        for row in &self.rows {
            narrator.row(&[
                (row.how, how),
                (&format!("{:>8}", row.after), after),
                (&format!("{:>8}", row.within), within),
                (&row.reason, reason),
            ]);
        }
    }
}

/// A reason's stable word as people read it.
pub(crate) fn words(word: &str) -> String {
    let parsed: Option<ReleaseReason> = serde_json::from_value(word.into()).ok();
    parsed.map_or_else(|| word.to_owned(), |reason| reason.words().to_owned())
}
