//! The twelve drawings of the tray and how they become pixels.
//!
//! The shape alone tells the state: nothing here has a colour but the ink of the panel.
//! Self-contained on purpose: it knows no broker, no pool and no desktop.

mod halo;
mod masters;
mod paint;
mod size;

pub use paint::{Ink, Rgba, SIZE_MAX, paint};
pub use size::side_for;

/// What the tray icon says, one drawing each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Icon {
    /// Hotseat's service is not running on this machine.
    NoBroker,
    /// The service speaks another version than this program.
    AnotherVersion,
    /// This computer knows no pool server yet.
    NotEnrolled,
    /// The pool does not answer.
    PoolUnreachable,
    /// It is not known whether the seat is still held.
    Unconfirmed,
    /// Nobody is logged in.
    SignedOut,
    /// Logged in, no seat held.
    NoSeat,
    /// In line for a seat.
    Waiting,
    /// A seat is set aside and waits to be taken.
    YourTurn,
    /// A seat is held.
    Holding,
    /// A seat is held, and a countdown runs because of idleness.
    IdleWarning,
    /// A seat was held and is gone.
    Lost,
}

impl Icon {
    /// Every drawing, in the order of the design's table.
    pub const ALL: [Self; 12] = [
        Self::NoBroker,
        Self::AnotherVersion,
        Self::NotEnrolled,
        Self::PoolUnreachable,
        Self::Unconfirmed,
        Self::SignedOut,
        Self::NoSeat,
        Self::Waiting,
        Self::YourTurn,
        Self::Holding,
        Self::IdleWarning,
        Self::Lost,
    ];

    /// The name of the drawing's files, without folder and ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoBroker => "no-broker",
            Self::AnotherVersion => "another-version",
            Self::NotEnrolled => "not-enrolled",
            Self::PoolUnreachable => "pool-unreachable",
            Self::Unconfirmed => "unconfirmed",
            Self::SignedOut => "signed-out",
            Self::NoSeat => "no-seat",
            Self::Waiting => "waiting",
            Self::YourTurn => "your-turn",
            Self::Holding => "holding",
            Self::IdleWarning => "idle-warning",
            Self::Lost => "lost",
        }
    }
}

#[cfg(test)]
mod tests;
