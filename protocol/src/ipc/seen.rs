//! What one OS user may see on this machine.

use serde::{Deserialize, Serialize};

use super::{POOLS_MAX, SEATS_SHOWN_MAX};
use crate::ids::{ClientName, Epoch, OfferId, PlaceId, RequestId, SeatId, WallTime};
use crate::link::{AccountUser, SeatEnd};
use crate::problem::Problem;
use crate::stated;
use crate::view::{Offline, PoolView};

/// All that one OS user may see on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The link to the pool.
    pub link: LinkState,
    /// What is wrong with this machine although the link works: another computer uses its
    /// enrolment. Null: nothing is known to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Problem>,
    /// Who is logged in, for the caller's OS user.
    pub account: Option<AccountUser>,
    /// The pools, by name.
    #[serde(deserialize_with = "stated::whole_list::<POOLS_MAX, _, _>")]
    pub pools: Vec<PoolState>,
}

/// The link to the pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// The machine was never enrolled.
    NotEnrolled,
    /// No contact; views are stale since then, or were never filled (null).
    Down {
        /// Since when.
        since: Option<WallTime>,
        /// What the last attempt said.
        cause: Option<Problem>,
    },
    /// Connected.
    Up,
}

/// One pool, and what the caller has there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolState {
    /// The pool as others see it.
    pub pool: PoolView,
    /// The caller's own seats.
    #[serde(deserialize_with = "stated::whole_list::<SEATS_SHOWN_MAX, _, _>")]
    pub seats: Vec<MySeat>,
    /// The caller's own place in the line.
    pub place: Option<MyPlace>,
    /// A warning that is running.
    pub warning: Option<Warning>,
    /// The seat that was lost, until the person has seen it.
    pub lost: Option<Lost>,
}

impl PoolState {
    /// Whether the caller works on without a seat at `boot_ms` on the boot-time clock: the pool has
    /// been silent for longer than a lease, and tolerates it. It is never "held".
    #[must_use]
    pub fn works_without_seat(&self, boot_ms: u64) -> bool {
        self.pool.policy.offline == Offline::Tolerate
            && !self.seats.iter().any(|seat| seat.held_at(boot_ms))
            && self.seats.iter().any(|seat| seat.is_overdrawn(boot_ms))
    }
}

/// A seat of the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MySeat {
    /// The seat.
    pub id: SeatId,
    /// Its fencing number.
    pub epoch: Epoch,
    /// The way in.
    pub client: ClientName,
    /// Since when.
    pub since: WallTime,
    /// Whether it counts.
    pub counted: bool,
    /// On the boot-time clock (`CLOCK_BOOTTIME`), in ms: held only while it is earlier than this.
    pub deadline_boot_ms: u64,
    /// The same moment on the wall clock, for people.
    pub deadline_at: WallTime,
    /// False until a renewal has confirmed it, after a pause or a jump of the clocks.
    pub confirmed: bool,
    /// Set while the pool reclaims it.
    pub leaving: Option<SeatEnd>,
    /// What it is bound to.
    pub anchor: AnchorKind,
}

impl MySeat {
    /// Whether the seat is held at `boot_ms` on the boot-time clock.
    #[must_use]
    pub fn held_at(&self, boot_ms: u64) -> bool {
        self.confirmed && self.leaving.is_none() && boot_ms < self.deadline_boot_ms
    }

    /// Whether the seat was held, and its deadline has passed without the pool saying that it
    /// has ended. A pool whose policy is `tolerate` lets its holder work on without a seat then.
    #[must_use]
    pub fn is_overdrawn(&self, boot_ms: u64) -> bool {
        self.leaving.is_none() && self.deadline_boot_ms > 0 && boot_ms >= self.deadline_boot_ms
    }
}

/// What a seat is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// The OS session.
    Session,
    /// One process's connection.
    Connection,
}

/// A place of the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MyPlace {
    /// The place.
    pub id: PlaceId,
    /// The request that holds it.
    pub request: RequestId,
    /// 1 is next.
    pub rank: u32,
    /// Since when.
    pub since: WallTime,
    /// The seat that is set aside.
    pub offer: Option<MyOffer>,
}

/// An offer to the caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MyOffer {
    /// The offer.
    pub id: OfferId,
    /// When it ends, on the boot-time clock, in ms.
    pub ends_boot_ms: u64,
    /// The same moment on the wall clock, for people.
    pub ends_at: WallTime,
}

/// An idle warning: signed off at its end unless there is activity or "Keep".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// The end, on the boot-time clock, in ms.
    pub ends_boot_ms: u64,
    /// The same moment on the wall clock, for people.
    pub ends_at: WallTime,
    /// Seconds without input when the warning was shown.
    pub idle_s: u64,
    /// Who waits, as privacy allows; null when nobody does or no name may be shown.
    pub waiter: Option<String>,
    /// Whether somebody waits.
    pub wanted: bool,
}

/// A seat that ended against the person's will.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lost {
    /// Why and when.
    pub end: SeatEnd,
    /// Seconds without contact, when that was the cause.
    pub silent_s: Option<u64>,
    /// The computer slept meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slept: bool,
    /// Which seat; null from a broker that does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<EndedSeat>,
}

/// The seat that has ended, with all that tells it from a seat that is taken later: what is said
/// of the end needs no view, and no view that comes earlier or later can contradict it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSeat {
    /// The seat.
    pub id: SeatId,
    /// Until when it was believed, on the boot-time clock, in ms. If the same seat is held beyond
    /// this, it was kept after all.
    pub deadline_boot_ms: u64,
    /// The newest fencing number that the person's seats in this pool had, this one's included. A
    /// held seat with one that this does not cover was taken afterwards.
    pub newest: Epoch,
}

/// What `doctor` finds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// The broker's version.
    pub program: String,
    /// Where the pool is, without credentials; null when not enrolled.
    pub server_url: Option<String>,
    /// The link.
    pub link: LinkState,
    /// Round trip of the last answered renewal, in ms.
    pub round_trip_ms: Option<u64>,
    /// Seconds since the pool was last heard of; null: not since the broker started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_s: Option<u64>,
    /// Whether the state directory can be written.
    pub state_writable: bool,
    /// Who is logged in, for the caller's OS user.
    pub account: Option<AccountUser>,
    /// The OS session found for the caller.
    pub session: String,
    /// Whether that session has a tray.
    pub tray: bool,
    /// What that tray knows of idle times: seconds, or null when unknown.
    pub idle_s: Option<u64>,
    /// Sign-offs that the pool has not answered yet.
    pub pending_sign_offs: u32,
    /// When another computer last used this machine's enrolment and was refused: one of the two is
    /// a clone, and must be enrolled again. Null: not since the broker started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_seen_at: Option<WallTime>,
}
