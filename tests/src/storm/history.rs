//! What the clients of a storm asked and heard, each with the time on one clock.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result};
use hotseat_protocol::ids::{Epoch, PlaceId, SeatId, SeatRef};
use serde::{Deserialize, Serialize};

/// A time on the boot-time clock, in microseconds: the clock on which brokers state deadlines too.
pub type Micros = u64;

/// One operation of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// Who.
    pub client: usize,
    /// When it was asked; for one that was repeated under the same request id, the first time.
    pub invoked: Micros,
    /// When its answer was there; none: it stays open, and may come true at any time or never.
    pub returned: Option<Micros>,
    /// What.
    pub what: What,
}

/// What was asked, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A sign-on that was granted; again under a newer epoch when the seat was held.
    Granted {
        /// The seat.
        seat: SeatRef,
        /// It ends by itself no sooner than this unless it is renewed.
        lives_until: Micros,
    },
    /// A sign-on that was refused because all seats are in use.
    Full {
        /// How many the refusal says; none for a repeat, which tells the number of later.
        in_use: Option<u32>,
    },
    /// A sign-on that was refused although a seat is free, because others wait for it.
    OthersWait {
        /// How many are in use, as the refusal says; none for a repeat.
        in_use: Option<u32>,
    },
    /// A sign-on without an answer: a seat that nobody knows may come of it.
    MayBeGranted {
        /// That seat ends by itself no sooner than this.
        lives_until: Micros,
    },
    /// A sign-off that the pool has answered: the seat is free, now or before.
    SignedOff {
        /// The seat.
        seat: SeatRef,
    },
    /// A sign-off that the pool has not answered, or the end of what the seat hangs on: it may be
    /// released at any time from now on.
    MayBeReleased {
        /// The seat.
        seat: SeatRef,
    },
    /// A renewal: the seat lives at this epoch.
    Renewed {
        /// The seat.
        seat: SeatRef,
        /// It ends by itself no sooner than this unless it is renewed again.
        lives_until: Micros,
    },
    /// A renewal: the seat does not live at this epoch.
    Gone {
        /// The seat.
        seat: SeatRef,
    },
    /// A check that passed: a seat was free, and nobody waited for it.
    Passed,
    /// A check that was refused because all seats are in use.
    CheckedFull {
        /// How many the refusal says.
        in_use: u32,
    },
    /// A check that was refused although a seat is free, because others wait for it.
    CheckedOthersWait {
        /// How many are in use, as the refusal says.
        in_use: u32,
    },
    /// A sign-on that took a place at the end of the line, because no seat could be granted.
    Waits {
        /// The place.
        place: PlaceId,
        /// It ends by itself no sooner than this unless it is asked for again.
        kept_until: Micros,
        /// What it is offered ends by itself no sooner than this.
        offer_until: Micros,
    },
    /// A question about a place: it is in the line, and no seat is set aside for it.
    InLine {
        /// The place.
        place: PlaceId,
        /// How many there are up to it; 1 is next.
        rank: u32,
        /// It ends by itself no sooner than this unless it is asked for again.
        kept_until: Micros,
    },
    /// A question about a place: a seat is set aside for it.
    Offered {
        /// The place.
        place: PlaceId,
        /// It ends by itself no sooner than this unless it is asked for again.
        kept_until: Micros,
        /// The offer ends by itself no sooner than this.
        offer_until: Micros,
    },
    /// An offer that was taken: the place has become a seat.
    Seated {
        /// The place.
        place: PlaceId,
        /// The seat.
        seat: SeatRef,
        /// It ends by itself no sooner than this unless it is renewed.
        lives_until: Micros,
    },
    /// An offer that was declined: the place is over.
    Declined {
        /// The place.
        place: PlaceId,
    },
    /// A place that was left, unless it was over before.
    Left {
        /// The place.
        place: PlaceId,
    },
    /// A question about a place: it is over, and nobody has given it up.
    Lapsed {
        /// The place.
        place: PlaceId,
    },
}

impl What {
    /// The seat that it speaks of.
    #[must_use]
    pub fn seat(&self) -> Option<SeatRef> {
        match self {
            Self::Granted { seat, .. }
            | Self::SignedOff { seat }
            | Self::MayBeReleased { seat }
            | Self::Renewed { seat, .. }
            | Self::Gone { seat }
            | Self::Seated { seat, .. } => Some(*seat),
            Self::Full { .. }
            | Self::OthersWait { .. }
            | Self::MayBeGranted { .. }
            | Self::Passed
            | Self::CheckedFull { .. }
            | Self::CheckedOthersWait { .. }
            | Self::Waits { .. }
            | Self::InLine { .. }
            | Self::Offered { .. }
            | Self::Declined { .. }
            | Self::Left { .. }
            | Self::Lapsed { .. } => None,
        }
    }

    /// The seat that was granted, to a newcomer or to whoever took an offer.
    #[must_use]
    pub fn granted(&self) -> Option<SeatRef> {
        if let Self::Granted { seat, .. } | Self::Seated { seat, .. } = self {
            Some(*seat)
        } else {
            None
        }
    }

    /// What it is, in the words of the report.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Granted { .. } => "granted",
            Self::Full { .. } => "refused",
            Self::OthersWait { .. } => "refused: others wait",
            Self::MayBeGranted { .. } => "sign-on without an answer",
            Self::SignedOff { .. } => "signed off",
            Self::MayBeReleased { .. } => "may be released",
            Self::Renewed { .. } => "renewed",
            Self::Gone { .. } => "gone",
            Self::Passed => "check passed",
            Self::CheckedFull { .. } => "check refused",
            Self::CheckedOthersWait { .. } => "check refused: others wait",
            Self::Waits { .. } => "waits",
            Self::InLine { .. } => "in line",
            Self::Offered { .. } => "offered",
            Self::Seated { .. } => "offer taken",
            Self::Declined { .. } => "declined",
            Self::Left { .. } => "left the line",
            Self::Lapsed { .. } => "lapsed",
        }
    }
}

/// Everything that was asked of one pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Its counted seats.
    pub seats: u32,
    /// The operations, in any order.
    pub ops: Vec<Op>,
}

impl History {
    /// Reads a history that [`History::save`] wrote.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(file: &Path) -> Result<Self> {
        let what = || format!("no history in {}", file.display());
        let open = File::open(file).with_context(what)?;
        serde_json::from_reader(BufReader::new(open)).with_context(what)
    }

    /// Writes it down, for whoever wants to look at it again.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, file: &Path) -> Result<()> {
        let what = || format!("cannot write {}", file.display());
        let mut open = BufWriter::new(File::create(file).with_context(what)?);
        serde_json::to_writer(&mut open, self).with_context(what)?;
        open.flush().with_context(what)
    }

    /// How often each kind was seen, for the report.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for op in &self.ops {
            *kinds.entry(op.what.kind()).or_default() += 1;
        }
        kinds
    }

    /// The grants that were acknowledged.
    pub fn granted(&self) -> impl Iterator<Item = (SeatId, Epoch)> {
        self.ops.iter().filter_map(|op| op.what.granted()).map(|seat| (seat.id, seat.epoch))
    }

    /// How many operations are of this kind.
    #[must_use]
    pub fn count(&self, is_it: impl Fn(&What) -> bool) -> usize {
        self.ops.iter().filter(|op| is_it(&op.what)).count()
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::{Generation, Seq};

    use super::*;

    #[test]
    fn a_history_that_was_saved_is_read_again() {
        let epoch = Epoch { generation: Generation(u32::MAX), seq: Seq(7) };
        let seat = SeatRef { id: SeatId::from_random(u128::MAX), epoch };
        let granted = What::Granted { seat, lives_until: Micros::MAX };
        let ops =
            [(Some(2), granted), (None, What::MayBeReleased { seat }), (Some(4), What::Passed)];
        let ops = ops.map(|(returned, what)| Op { client: 3, invoked: 1, returned, what });
        let history = History { seats: 6, ops: ops.to_vec() };
        let folder = tempfile::TempDir::new().expect("a folder for temporary files");
        let file = folder.path().join("history.json");
        history.save(&file).expect("a small file can be written");
        assert_eq!(History::read(&file).expect("it is there"), history);
    }
}
