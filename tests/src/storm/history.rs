//! What the clients of a storm asked and heard, each with the time on one clock.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{Epoch, SeatId, SeatRef};

/// A time on the boot-time clock, in microseconds: the clock on which brokers state deadlines too.
pub type Micros = u64;

/// One operation of one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// A check that passed: a seat was free.
    Passed,
    /// A check that was refused because all seats are in use.
    CheckedFull {
        /// How many the refusal says.
        in_use: u32,
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
            | Self::Gone { seat } => Some(*seat),
            Self::Full { .. }
            | Self::MayBeGranted { .. }
            | Self::Passed
            | Self::CheckedFull { .. } => None,
        }
    }
}

/// Everything that was asked of one pool.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Its counted seats.
    pub seats: u32,
    /// The operations, in any order.
    pub ops: Vec<Op>,
}

impl History {
    /// How often each kind was seen, for the report.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<&'static str, usize> {
        let mut kinds = BTreeMap::new();
        for op in &self.ops {
            let kind = match op.what {
                What::Granted { .. } => "granted",
                What::Full { .. } => "refused",
                What::MayBeGranted { .. } => "sign-on without an answer",
                What::SignedOff { .. } => "signed off",
                What::MayBeReleased { .. } => "may be released",
                What::Renewed { .. } => "renewed",
                What::Gone { .. } => "gone",
                What::Passed => "check passed",
                What::CheckedFull { .. } => "check refused",
            };
            *kinds.entry(kind).or_default() += 1;
        }
        kinds
    }

    /// The grants that were acknowledged.
    pub fn granted(&self) -> impl Iterator<Item = (SeatId, Epoch)> {
        self.ops.iter().filter_map(|op| match op.what {
            What::Granted { seat, .. } => Some((seat.id, seat.epoch)),
            What::Full { .. }
            | What::MayBeGranted { .. }
            | What::SignedOff { .. }
            | What::MayBeReleased { .. }
            | What::Renewed { .. }
            | What::Gone { .. }
            | What::Passed
            | What::CheckedFull { .. } => None,
        })
    }
}
