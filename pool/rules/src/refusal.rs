//! Why a command has no effect.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{
    ClientName, MachineId, OfferId, Operation, PlaceId, PoolId, RequestId, SeatId, UserId,
};
use hotseat_protocol::reason::ReleaseReason;
use thiserror::Error;

use super::definition::DefinitionError;

/// Why a sign-on or a check was refused: the stable codes of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// No seat is free.
    PoolFull,
    /// A seat is free, but others wait for it.
    OthersWait,
    /// The client only checks; it cannot take a seat.
    ClientCannotHold,
    /// The client only checks; it cannot wait for a seat.
    ClientCannotWait,
    /// The user is disabled.
    UserDisabled,
    /// The machine's credential was revoked.
    MachineRevoked,
    /// The store was restored or rolled back, and nothing is granted for now.
    PoolRecovering,
}

impl RefusalCode {
    /// Whether the client's fixed message goes with it: only where a seat is what was wanting.
    #[must_use]
    pub fn has_fixed_message(self) -> bool {
        match self {
            Self::PoolFull | Self::OthersWait => true,
            Self::ClientCannotHold
            | Self::ClientCannotWait
            | Self::UserDisabled
            | Self::MachineRevoked
            | Self::PoolRecovering => false,
        }
    }
}

/// Why a command has no effect and writes nothing.
///
/// A refused sign-on is *not* here but an event, because it is journaled; so is the first refused
/// check of a minute.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// A check was refused, and the journal has heard of such a one within the minute.
    #[error("the check was refused")]
    CheckRefused {
        /// Why.
        code: RefusalCode,
    },
    /// No such pool.
    #[error("there is no pool {0}")]
    UnknownPool(PoolId),
    /// The pool knows no such client.
    #[error("pool {pool} has no client {client}; it has {}", list(.known))]
    UnknownClient {
        /// The pool.
        pool: PoolId,
        /// What was asked for.
        client: ClientName,
        /// What there is.
        known: Vec<ClientName>,
    },
    /// The client knows no such operation.
    #[error("client {client} has no operation {operation}; it has {}", list(.known))]
    UnknownOperation {
        /// The client.
        client: ClientName,
        /// What was asked for.
        operation: Operation,
        /// What there is.
        known: Vec<Operation>,
    },
    /// No such user.
    #[error("there is no user {0}")]
    UnknownUser(UserId),
    /// No such machine.
    #[error("there is no machine {0}")]
    UnknownMachine(MachineId),
    /// No such seat, now or within the last day.
    #[error("there is no seat {0}; it may have ended")]
    UnknownSeat(SeatId),
    /// No such place, now.
    #[error("there is no place {0}; it may have ended")]
    UnknownPlace(PlaceId),
    /// No such request within the last day.
    #[error("there is no request {0} of yours within the last day")]
    UnknownRequest(RequestId),
    /// The same request id came with another body.
    #[error("this request_id was used for another request: make a new one for each")]
    RequestReused,
    /// The seat is not at this epoch: it was signed on to again since. Which one it is at is not
    /// told, because whoever knows it may use the seat.
    #[error("seat {seat} is not at this epoch: it was signed on to again, and this one has ended")]
    OlderEpoch {
        /// The seat.
        seat: SeatId,
    },
    /// The offer lapsed, was declined, or was taken back.
    #[error("offer {0} is over")]
    OfferOver(OfferId),
    /// Somebody else's.
    #[error("this is somebody else's: only its user and its keeper may do that")]
    NotYours,
    /// A machine told of somebody who never had a seat there.
    #[error("user {0} never had a seat at this machine: a machine tells of its own people only")]
    NeverHere(UserId),
    /// A machine gave a seat back for a reason that only the pool server can know.
    #[error("no machine can know that a seat ended for the reason {}: say what ended there", .0.words().replace([' ', '-'], "_"))]
    NotAMachinesReason(ReleaseReason),
    /// A machine told of more overdrafts within an hour than are written down.
    #[error("this machine told of {0} overdrafts within an hour: tell of the others later")]
    TooManyOverdrafts(u32),
    /// A caller has as many seats set aside by checks as it may.
    #[error("{most} seats are set aside by this caller's checks: sign on for those people first")]
    TooManySetAside {
        /// How many those are.
        most: u32,
        /// The time after which the first of them is free again.
        wait: Duration,
    },
    /// A user with an own licence has as many seats as there may be.
    #[error("this user has {0} seats in the pool already: sign off some of them")]
    TooManySeats(usize),
    /// An administrator revoked the machine, which no confirmation undoes.
    #[error("machine {0} was revoked by an administrator: enrol it again")]
    Revoked(MachineId),
    /// An id that must be new is not.
    #[error("this id is taken: make a new one")]
    IdTaken,
    /// The definition of a pool is wrong.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
}

impl Refusal {
    /// Whether a machine that states a fact is told that it was refused. Of all else the facts are
    /// so already, and there is nothing to do.
    #[must_use]
    pub fn is_told_to_machines(&self) -> bool {
        matches!(
            self,
            Self::NeverHere(_) | Self::NotAMachinesReason(_) | Self::TooManyOverdrafts(_)
        )
    }
}

fn list<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
