//! What changes, and what a person should hear of once.

use serde::{Deserialize, Serialize};

use super::seen::{EndedSeat, LinkState, Lost, MyOffer, PoolState, Warning};
use crate::ids::{Epoch, PlaceId, PoolId, WallTime};
use crate::link::{AccountUser, SeatEnd};
use crate::problem::Problem;
use crate::reason::PlaceEnd;
use crate::stated;
use crate::view::HOLDERS_MAX;

/// One change of a view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The link.
    Link {
        /// Now.
        link: LinkState,
    },
    /// The account.
    Account {
        /// Now.
        account: Option<AccountUser>,
    },
    /// What is wrong with this machine although the link works.
    Trouble {
        /// Now; null once it is over.
        trouble: Option<Problem>,
    },
    /// One pool, new or changed.
    Pool {
        /// Now.
        pool: Box<PoolState>,
    },
    /// One pool was removed, or the caller may no longer see it.
    PoolRemoved {
        /// Which.
        pool: PoolId,
    },
    /// A change of a newer version: ask for the view again.
    #[serde(other)]
    Unknown,
}

/// Something a person should hear of once, as a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// A warning began.
    IdleWarning {
        /// Where.
        pool: PoolId,
        /// It.
        warning: Warning,
    },
    /// A warning ended without a sign-off.
    WarningOver {
        /// Where.
        pool: PoolId,
    },
    /// A seat was signed off because nobody answered.
    SignedOffIdle {
        /// Where.
        pool: PoolId,
        /// Idle since then.
        idle_since: WallTime,
        /// Who gets the seat, as privacy allows.
        next: Option<String>,
        /// Which seat; null from a broker that does not tell it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<EndedSeat>,
    },
    /// A seat is set aside for the person.
    YourTurn {
        /// Where.
        pool: PoolId,
        /// It.
        offer: MyOffer,
    },
    /// An offer ended without being taken, or a place ended.
    PlaceEnded {
        /// Where.
        pool: PoolId,
        /// Why.
        end: PlaceEnd,
        /// Which place; null when the broker does not know or tell it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<PlaceId>,
        /// The newest fencing number that the person's seats in this pool had. A held seat with
        /// one that this does not cover was taken afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        newest: Option<Epoch>,
    },
    /// An administrator or a rule reclaimed the seat.
    Reclaimed {
        /// Where.
        pool: PoolId,
        /// Who, when, why.
        end: SeatEnd,
        /// Which seat; null from a broker that does not tell it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seat: Option<EndedSeat>,
    },
    /// The seat is lost.
    Lost {
        /// Where.
        pool: PoolId,
        /// Why.
        lost: Lost,
    },
    /// The computer slept and lost a seat meanwhile. It comes instead of `lost`, once the pool was
    /// asked and it is known who has the seat now.
    ResumeReport {
        /// Where.
        pool: PoolId,
        /// When and why it was lost.
        lost: Lost,
        /// Who has taken a seat since, as far as privacy shows names; the longest first.
        #[serde(deserialize_with = "stated::list::<HOLDERS_MAX, _, _>")]
        taken_by: Vec<String>,
        /// Seats that are free now; null when the pool has not answered since the computer woke up.
        free: Option<u32>,
        /// The place in the line that the person has, or would get by waiting: 1 is next. Null
        /// when the pool has not answered.
        rank: Option<u32>,
    },
    /// The pool answers again and the seat was kept.
    PoolReachable {
        /// Where.
        pool: PoolId,
    },
    /// A notice of a newer version; ignored.
    #[serde(other)]
    Unknown,
}
