//! The states that a pool can be in for a person, each with its drawing and its rank. Pure.

use hotseat_protocol::ids::WallTime;
use hotseat_protocol::problem::{Code, Problem};

use crate::tray::icon::Icon;

/// The twelve states, in the order in which one of them is shown for all pools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The service does not answer.
    NoBroker,
    /// The service speaks another version.
    AnotherVersion {
        /// Its version.
        theirs: String,
    },
    /// The machine was never enrolled.
    NotEnrolled,
    /// A seat ended against the person's will and that was not seen yet.
    Lost {
        /// When.
        at: WallTime,
    },
    /// A seat is set aside.
    YourTurn {
        /// Until when.
        until: WallTime,
    },
    /// A warning runs.
    IdleWarning {
        /// Until when.
        until: WallTime,
    },
    /// The pool does not answer.
    Unreachable {
        /// Since when; absent when it never answered.
        since: Option<WallTime>,
        /// Until when the seat is held all the same; absent when none is.
        safe_until: Option<WallTime>,
        /// What more there is to say.
        silence: Silence,
    },
    /// It is not known whether the seat is still held.
    Unconfirmed,
    /// Nobody is logged in.
    SignedOut,
    /// In the line.
    Waiting {
        /// 1 is next.
        rank: u32,
    },
    /// A seat is held.
    Holding,
    /// No seat.
    NoSeat,
}

/// What more there is to say about a pool that does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing.
    Plain,
    /// It refuses this computer, which is a clone of another one.
    Cloned,
    /// It answers, and refuses this computer for another reason.
    Refused,
    /// The person works on without a seat, as the pool tolerates.
    WithoutSeat,
}

impl Silence {
    /// What the last attempt to reach the pool has to say.
    pub fn of(cause: Option<&Problem>) -> Self {
        match cause.map(|problem| problem.code) {
            Some(Code::MachineCloned) => Self::Cloned,
            // What passes by itself.
            None
            | Some(
                Code::PoolUnreachable
                | Code::PoolRecovering
                | Code::Unavailable
                | Code::TooMany
                | Code::Internal,
            ) => Self::Plain,
            // Also what a newer version has to say: a person has to do something.
            Some(_) => Self::Refused,
        }
    }

    /// Whether the pool says no to this computer, until a person does something about it.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Cloned | Self::Refused)
    }
}

impl Status {
    /// The drawing that says it.
    pub fn icon(&self) -> Icon {
        match self {
            Self::NoBroker => Icon::NoBroker,
            Self::AnotherVersion { .. } => Icon::AnotherVersion,
            Self::NotEnrolled => Icon::NotEnrolled,
            Self::Lost { .. } => Icon::Lost,
            Self::YourTurn { .. } => Icon::YourTurn,
            Self::IdleWarning { .. } => Icon::IdleWarning,
            Self::Unreachable { .. } => Icon::PoolUnreachable,
            Self::Unconfirmed => Icon::Unconfirmed,
            Self::SignedOut => Icon::SignedOut,
            Self::Waiting { .. } => Icon::Waiting,
            Self::Holding => Icon::Holding,
            Self::NoSeat => Icon::NoSeat,
        }
    }

    /// Where it stands in the order of what is shown first.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::NoBroker => 0,
            Self::AnotherVersion { .. } => 1,
            Self::NotEnrolled => 2,
            Self::Lost { .. } => 3,
            Self::YourTurn { .. } => 4,
            Self::IdleWarning { .. } => 5,
            Self::Unreachable { .. } => 6,
            Self::Unconfirmed => 7,
            Self::SignedOut => 8,
            Self::Waiting { .. } => 9,
            Self::Holding => 10,
            Self::NoSeat => 11,
        }
    }
}
