//! The machine's projection: its own seats and places in full, the pools as privacy allows.

use serde::{Deserialize, Serialize};

use crate::bounded_text::{DisplayName, Note};
use crate::ids::{
    Anchor, ClientName, OfferId, PlaceId, PoolId, RequestId, SeatRef, UserId, WallTime,
};
use crate::quantity::LeftMs;
use crate::reason::{PlaceEnd, ReleaseReason};
use crate::stated;
use crate::view::PoolView;

/// A part of the machine's projection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Projected {
    /// A pool is now so.
    Pool {
        /// The whole of it.
        pool: Box<PoolView>,
    },
    /// A pool was removed.
    PoolRemoved {
        /// Which.
        pool: PoolId,
    },
    /// A seat of this machine is now so.
    Seat {
        /// The whole of it.
        seat: MachineSeat,
    },
    /// A seat of this machine has ended.
    SeatEnded {
        /// Which, at its last epoch.
        seat: SeatRef,
        /// Why, how and when.
        end: SeatEnd,
    },
    /// A place of this machine is now so.
    Place {
        /// The whole of it.
        place: MachinePlace,
    },
    /// A place of this machine has ended.
    PlaceEnded {
        /// The request that held it.
        request: RequestId,
        /// Why.
        end: PlaceEnd,
    },
    /// A change of a newer version; ignored.
    #[serde(other)]
    Unknown,
}

/// A seat that this machine keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineSeat {
    /// The seat.
    pub seat: SeatRef,
    /// Its pool.
    pub pool: PoolId,
    /// Its holder.
    pub user: UserId,
    /// The way in.
    pub client: ClientName,
    /// What it hangs on.
    pub anchor: Anchor,
    /// The request that was answered by this epoch.
    pub request: RequestId,
    /// Since when.
    pub since: WallTime,
    /// Whether it counts.
    pub counted: bool,
    /// Set while the pool reclaims it.
    pub leaving: Option<SeatEnd>,
}

/// How a seat ended, or will: the holder is told who, when, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatEnd {
    /// Why.
    pub reason: ReleaseReason,
    /// Who reclaimed it, by name, if somebody did.
    #[serde(default, deserialize_with = "stated::text_or_none::<DisplayName, _>")]
    pub by: Option<String>,
    /// What they said.
    #[serde(default, deserialize_with = "stated::text_or_none::<Note, _>")]
    pub note: Option<String>,
    /// When.
    pub at: WallTime,
}

/// A place that this machine keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachinePlace {
    /// The place.
    pub id: PlaceId,
    /// The request that holds it.
    pub request: RequestId,
    /// Its pool.
    pub pool: PoolId,
    /// Who waits.
    pub user: UserId,
    /// What a seat would hang on.
    pub anchor: Anchor,
    /// 1 is next.
    #[serde(deserialize_with = "stated::number")]
    pub rank: u32,
    /// Since when.
    pub since: WallTime,
    /// The seat that is set aside, if one is.
    #[serde(default, deserialize_with = "stated::or_none")]
    pub offer: Option<OfferState>,
}

/// A seat that is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferState {
    /// The offer.
    pub id: OfferId,
    /// What is left of it, in ms, when this was sent.
    #[serde(deserialize_with = "stated::number")]
    pub left_ms: LeftMs,
}
