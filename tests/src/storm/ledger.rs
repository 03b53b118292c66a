//! What the journal says of a storm, held against what the clients heard.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Result, bail, ensure};
use hotseat_protocol::api::HistoryRecord;
use hotseat_protocol::ids::{SeatId, SeatRef};

use super::SEATS;
use super::history::{History, What};
use crate::journal::{Bookmark, Journal};

/// The life of one seat, by the numbers of its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Life {
    /// The grant, and every time when it was signed on to again.
    epochs: Vec<u64>,
    released: Option<(u64, String)>,
}

/// The lives of all seats.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    lives: BTreeMap<SeatId, Life>,
    /// The most seats that were in use at once.
    most: usize,
    /// Places that were taken in the line, and that ended.
    places: (usize, usize),
    /// Seats that were granted to those who had waited for them.
    by_offer: usize,
}

/// Reads the whole journal after a bookmark.
pub(super) fn read(journal: &Journal, mark: Bookmark) -> Result<Ledger> {
    let mut ledger = Ledger::default();
    let mut at = mark;
    let mut in_use = 0;
    loop {
        let records = journal.after(at)?;
        let Some(last) = records.last() else {
            return Ok(ledger);
        };
        at = Bookmark::at(last);
        for record in &records {
            in_use = ledger.take(record, in_use)?;
        }
    }
}

impl Ledger {
    /// One more record; says how many seats are in use after it.
    fn take(&mut self, record: &HistoryRecord, in_use: usize) -> Result<usize> {
        match record.what.as_str() {
            "place_taken" => self.places.0 += 1,
            "place_ended" => self.places.1 += 1,
            "seat_granted" => self.by_offer += usize::from(record.reason.is_some()),
            _ => {}
        }
        let Some(seat) = record.seat else {
            return Ok(in_use);
        };
        let number = record.seq.0;
        let life = self.lives.entry(seat).or_default();
        let lives = !life.epochs.is_empty() && life.released.is_none();
        match record.what.as_str() {
            "seat_granted" => {
                ensure!(life.epochs.is_empty(), "seat {seat} was granted twice: record {number}");
                life.epochs.push(number);
                ensure!(in_use < SEATS as usize, "one seat too many: record {number}");
                self.most = self.most.max(in_use + 1);
                Ok(in_use + 1)
            }
            "seat_reacquired" => {
                ensure!(lives, "seat {seat} was not there to be signed on to: record {number}");
                life.epochs.push(number);
                Ok(in_use)
            }
            "seat_released" => {
                ensure!(lives, "seat {seat} was released twice: record {number}");
                life.released =
                    Some((number, record.reason.as_deref().unwrap_or_default().to_owned()));
                Ok(in_use - 1)
            }
            "seat_leaving" | "seat_warned" | "warning_answered" | "idle_spell" => Ok(in_use),
            other => bail!("record {number} is a {other} of seat {seat}: is it of a seat?"),
        }
    }

    /// Nothing that was acknowledged is lost, and nothing is doubled.
    pub(super) fn agrees(&self, history: &History, promised: &[SeatRef]) -> Result<()> {
        for (seat, epoch) in history.granted() {
            let life = self.lives.get(&seat);
            let there = life.is_some_and(|life| life.epochs.contains(&epoch.seq.0));
            ensure!(there, "the grant of {seat}@{epoch} was acknowledged, and is lost: {life:?}");
        }
        for op in &history.ops {
            if let What::SignedOff { seat } = op.what {
                let released = self.lives.get(&seat.id).and_then(|life| life.released.as_ref());
                ensure!(released.is_some(), "the sign-off of {seat} was acknowledged, and is lost");
            }
        }
        for seat in promised {
            let life = self.lives.get(&seat.id);
            let released = life.and_then(|life| life.released.as_ref());
            ensure!(released.is_some(), "a broker acknowledged the sign-off of {seat}: {life:?}");
        }
        let open = |op: &&super::history::Op| matches!(op.what, What::MayBeGranted { .. });
        let open = history.ops.iter().filter(open).count();
        let known: BTreeSet<SeatId> = history.granted().map(|(seat, _)| seat).collect();
        let (all, known) = (self.lives.len(), known.len());
        ensure!(
            all <= known + open,
            "{all} seats were granted, {known} of them acknowledged, {open} sign-ons are open"
        );
        self.line_agrees(history)?;
        let alive = self.lives.iter().find(|(_, life)| life.released.is_none());
        ensure!(alive.is_none(), "all are gone, and one seat was not released: {alive:?}");
        Ok(())
    }

    /// Whoever waits repeats the question until it is answered, so every place and every offer that
    /// was taken is known.
    fn line_agrees(&self, history: &History) -> Result<()> {
        let waited = history.count(|what| matches!(what, What::Waits { .. }));
        let (taken, ended) = self.places;
        ensure!(taken == waited, "{taken} places were taken, and {waited} acknowledged");
        ensure!(taken == ended, "all have left, but {taken} places were taken and {ended} ended");
        let seated = history.count(|what| matches!(what, What::Seated { .. }));
        let by_offer = self.by_offer;
        ensure!(by_offer == seated, "{by_offer} offers were taken, and {seated} acknowledged");
        Ok(())
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, reason) in self.lives.values().filter_map(|life| life.released.as_ref()) {
            *reasons.entry(reason).or_default() += 1;
        }
        let (lives, most) = (self.lives.len(), self.most);
        writeln!(f, "the journal agrees: {lives} seats, at most {most} of {SEATS} at once")?;
        writeln!(
            f,
            "{} places in the line, {} of them became seats",
            self.places.0, self.by_offer
        )?;
        let reasons: Vec<String> =
            reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        write!(f, "released: {}", reasons.join(", "))
    }
}
