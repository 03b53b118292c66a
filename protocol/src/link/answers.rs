//! Answers to a machine's messages.

use serde::{Deserialize, Serialize};

use super::projection::{OfferState, SeatEnd};
use crate::bounded_list::ClaimedSeats;
use crate::bounded_text::{DisplayName, EmailText};
use crate::ids::{
    ClientName, Epoch, PlaceId, RequestId, SeatId, SeatRef, Secret, UserId, WallTime,
};
use crate::problem::Problem;
use crate::quantity::LeftMs;
use crate::reason::PlaceEnd;
use crate::stated;

/// The most claims that one answer speaks of, as one renewal can make.
pub const CLAIMS_MAX: usize = ClaimedSeats::ITEMS_MAX;

/// The answer to one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PoolAnswer {
    /// To [`MachineMessage::Renew`](super::MachineMessage::Renew).
    Renewed(Renewed),
    /// What became of a request.
    Outcome {
        /// It.
        outcome: Outcome,
    },
    /// It is so now, whether or not it was so before.
    Done,
    /// A log-in.
    LoggedIn {
        /// Good for this user on this machine.
        #[serde(deserialize_with = "stated::secret")]
        token: Secret,
        /// Who.
        user: AccountUser,
        /// When the token ends unless it is used.
        expires_at: WallTime,
    },
    /// It failed, or the rules said no.
    Problem {
        /// Why.
        problem: Problem,
    },
    /// An answer of a newer version.
    #[serde(other)]
    Unknown,
}

/// A logged-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUser {
    /// The person.
    pub id: UserId,
    /// The name for people.
    #[serde(deserialize_with = "stated::text::<DisplayName, _>")]
    pub name: String,
    /// The log-in.
    #[serde(deserialize_with = "stated::text::<EmailText, _>")]
    pub email: String,
    /// Whether the person has a licence of their own.
    pub named: bool,
}

/// What a renewal achieved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Renewed {
    /// The claimed seats that live on, with what is left of their lease, in ms.
    #[serde(deserialize_with = "stated::list::<CLAIMS_MAX, _, _>")]
    pub seats: Vec<SeatLeft>,
    /// Claimed seats that have ended, at the claimed epoch.
    #[serde(deserialize_with = "stated::list::<CLAIMS_MAX, _, _>")]
    pub ended: Vec<SeatClaimEnd>,
    /// Claimed seats that the pool is reclaiming.
    #[serde(deserialize_with = "stated::list::<CLAIMS_MAX, _, _>")]
    pub leaving: Vec<SeatClaimEnd>,
    /// Seats of this machine that it did not claim.
    #[serde(deserialize_with = "stated::list::<CLAIMS_MAX, _, _>")]
    pub unclaimed: Vec<UnclaimedSeat>,
    /// The claimed places that live on.
    #[serde(deserialize_with = "stated::list::<CLAIMS_MAX, _, _>")]
    pub places: Vec<PlaceLeft>,
    /// Claimed places that have ended.
    #[serde(deserialize_with = "stated::list::<CLAIMS_MAX, _, _>")]
    pub places_ended: Vec<PlaceClaimEnd>,
}

/// What is left of a seat's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatLeft {
    /// The seat.
    pub seat: SeatRef,
    /// What is left, in ms, counted from when the pool read the message.
    #[serde(deserialize_with = "stated::number")]
    pub left_ms: LeftMs,
}

/// How a claimed seat has ended, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeatClaimEnd {
    /// The seat as it was claimed.
    pub seat: SeatRef,
    /// Why; null when the pool no longer remembers.
    pub end: Option<SeatEnd>,
}

/// A seat that the pool counts for this machine and the machine did not claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnclaimedSeat {
    /// The seat.
    pub seat: SeatRef,
    /// The request that it answered.
    pub request: RequestId,
}

/// What is left of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceLeft {
    /// The request that holds it.
    pub request: RequestId,
    /// 1 is next.
    #[serde(deserialize_with = "stated::number")]
    pub rank: u32,
    /// The seat that is set aside, if one is.
    #[serde(default, deserialize_with = "stated::or_none")]
    pub offer: Option<OfferState>,
}

/// How a claimed place has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceClaimEnd {
    /// The request that held it.
    pub request: RequestId,
    /// Why; null when the pool no longer remembers.
    pub end: Option<PlaceEnd>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "became", rename_all = "snake_case")]
pub enum Outcome {
    /// A seat.
    Seat {
        /// The seat.
        seat: SeatRef,
        /// The way in.
        client: ClientName,
        /// Since when.
        since: WallTime,
        /// Whether it counts.
        counted: bool,
        /// What is left of the lease, in ms, counted from when the pool read the message.
        #[serde(deserialize_with = "stated::number")]
        left_ms: LeftMs,
    },
    /// A place in the line.
    Waiting {
        /// The place.
        place: PlaceId,
        /// 1 is next.
        #[serde(deserialize_with = "stated::number")]
        rank: u32,
        /// The seat that is set aside, if one is.
        #[serde(default, deserialize_with = "stated::or_none")]
        offer: Option<OfferState>,
    },
    /// No.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// A check passed: a seat was free at that instant.
    Passed,
    /// A seat that has ended.
    Ended {
        /// The seat.
        seat: SeatId,
        /// Its last epoch.
        epoch: Epoch,
        /// Why and when.
        end: SeatEnd,
    },
    /// A place that has ended without a seat.
    PlaceEnded {
        /// Why.
        end: PlaceEnd,
    },
    /// Cancelled before it was granted.
    Cancelled,
    /// Something of a newer version.
    #[serde(other)]
    Unknown,
}
