//! What happened, in the past tense: facts only, people and machines by opaque ids.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, OfferId, Operation, PlaceId, PoolId, RequestId,
    SeatId, Seq, UserId, WallTime,
};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::command::{Caller, Keeper, WarningAnswer};
use super::definition::{Accept, PoolDefinition};
use super::recovery::{NewGeneration, Position, Wait};
use super::refusal::RefusalCode;
use super::state::UserKind;

/// Where an event stands in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The record's number.
    pub seq: Seq,
    /// When it was written, for people only.
    pub time: WallTime,
}

/// SHA-256 of the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyHash(pub [u8; 32]);

/// A request, named in the scope of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// Who sent it.
    pub caller: Caller,
    /// Its id.
    pub id: RequestId,
}

/// What a sign-on asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The request.
    pub request: RequestKey,
    /// The hash of its body: a repeat with another body is an error.
    pub body: BodyHash,
    /// In which pool.
    pub pool: PoolId,
    /// For whom.
    pub user: UserId,
    /// By which way in.
    pub client: ClientName,
    /// Doing what.
    pub operation: Operation,
}

/// Why a seat ends, and who wanted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The reason.
    pub reason: ReleaseReason,
    /// Who wanted it; none: a rule, the clock.
    pub by: Option<Caller>,
    /// What they said to the holder.
    pub why: Option<String>,
}

impl Release {
    /// An end that a rule or the clock wanted.
    #[must_use]
    pub fn rule(reason: ReleaseReason) -> Self {
        Self { reason, by: None, why: None }
    }

    /// An end that somebody asked for.
    #[must_use]
    pub fn by(reason: ReleaseReason, by: Caller) -> Self {
        Self { reason, by: Some(by), why: None }
    }
}

/// One fact of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A store began.
    Initialised {
        /// Its random number.
        generation: Generation,
    },
    /// A pool was made or changed.
    PoolDefined {
        /// All of it.
        definition: Box<PoolDefinition>,
    },
    /// A pool was removed; seats still leaving are listed until they are released.
    PoolRemoved {
        /// Which.
        pool: PoolId,
    },
    /// A user was added, enabled.
    UserAdded {
        /// Who.
        user: UserId,
        /// Counted or not.
        kind: UserKind,
    },
    /// A user was changed.
    UserChanged {
        /// Who.
        user: UserId,
        /// Counted or not, from the next grant on.
        kind: UserKind,
        /// Whether they may sign on.
        enabled: bool,
    },
    /// A user was removed.
    UserRemoved {
        /// Who.
        user: UserId,
    },
    /// A machine was enrolled.
    MachineAdded {
        /// Which.
        machine: MachineId,
    },
    /// A machine's credential was revoked.
    MachineRevoked {
        /// Which.
        machine: MachineId,
    },
    /// A sign-on was refused.
    SignOnRefused {
        /// What was asked.
        asked: Asked,
        /// Why it was refused.
        code: RefusalCode,
    },
    /// A seat was granted; its epoch is this event's number.
    SeatGranted {
        /// The new seat.
        seat: SeatId,
        /// What was asked.
        asked: Asked,
        /// Who renews it.
        keeper: Keeper,
        /// What it hangs on.
        anchor: Anchor,
        /// Whether it takes one of the pool's seats.
        counted: bool,
        /// The offer that it came from.
        offer: Option<OfferId>,
    },
    /// A held seat was signed on to again with its key; its epoch is now this event's number.
    SeatReacquired {
        /// The seat.
        seat: SeatId,
        /// What was asked.
        asked: Asked,
    },
    /// A seat is being taken back from its machine; it still counts.
    SeatLeaving {
        /// The seat.
        seat: SeatId,
        /// Why.
        release: Release,
    },
    /// A seat ended.
    SeatReleased {
        /// The seat.
        seat: SeatId,
        /// Why.
        release: Release,
    },
    /// Somebody took a place in a line; its rank is this event's number.
    PlaceTaken {
        /// The new place.
        place: PlaceId,
        /// What was asked.
        asked: Asked,
        /// Who renews it, and then the seat.
        keeper: Keeper,
        /// What the seat will hang on.
        anchor: Anchor,
        /// How an offer is taken.
        accept: Accept,
    },
    /// A newer request of the same user took the place over, rank and offer kept.
    PlaceMoved {
        /// The place.
        place: PlaceId,
        /// What was asked.
        asked: Asked,
        /// Who renews it, and then the seat.
        keeper: Keeper,
        /// What the seat will hang on.
        anchor: Anchor,
        /// How an offer is taken.
        accept: Accept,
    },
    /// A place ended.
    PlaceEnded {
        /// The place.
        place: PlaceId,
        /// Why.
        end: PlaceEnd,
        /// The offer that ended with it.
        offer: Option<OfferId>,
    },
    /// A free seat was set aside for a waiter.
    Offered {
        /// The place.
        place: PlaceId,
        /// The new offer.
        offer: OfferId,
    },
    /// An offer was taken back, because the pool has fewer seats; the place is kept.
    OfferWithdrawn {
        /// The place.
        place: PlaceId,
        /// The offer.
        offer: OfferId,
    },
    /// A request was cancelled before it arrived; it will be refused when it does.
    RequestCancelled {
        /// Which.
        request: RequestKey,
    },
    /// Checks were refused; at most once per pool, user, client and minute.
    ChecksRefused {
        /// In which pool.
        pool: PoolId,
        /// For whom.
        user: UserId,
        /// By which way in.
        client: ClientName,
        /// Why the last of them was refused.
        code: RefusalCode,
        /// How many since the last such event.
        count: u32,
    },
    /// A holder was warned for being idle.
    SeatWarned {
        /// The seat.
        seat: SeatId,
    },
    /// How the warning was answered.
    WarningAnswered {
        /// The seat.
        seat: SeatId,
        /// How.
        answer: WarningAnswer,
    },
    /// Somebody worked on without a seat while the pool was silent, as the pool tolerates.
    Overdraft {
        /// The machine that says so.
        machine: MachineId,
        /// The seat that was held before.
        seat: SeatId,
        /// Its pool.
        pool: PoolId,
        /// Who worked on.
        user: UserId,
        /// From when.
        from: WallTime,
        /// Until when.
        to: WallTime,
        /// It ended later, nobody knows when.
        at_least: bool,
    },
    /// A holder was idle for over five minutes.
    IdleSpell {
        /// The seat.
        seat: SeatId,
        /// From when.
        from: WallTime,
        /// Until when.
        to: WallTime,
    },
    /// An hour of the pool's time passed; requests that ended 24 of them ago are forgotten.
    RequestsAged,
    /// A machine has seen more than the journal has; nothing is granted until `recover`.
    FoundBehind {
        /// Which machine.
        machine: MachineId,
        /// What it has seen.
        seen: Position,
    },
    /// Another generation of the store began; nothing is granted for a while.
    GenerationBegan {
        /// The store's random number from here on, this record included.
        generation: Generation,
        /// Why.
        why: NewGeneration,
        /// How long nothing is granted.
        wait: Wait,
        /// Generations that are given up too, although the journal does not know them.
        lost: Vec<Generation>,
    },
    /// That time is over.
    RecoveryEnded,
    /// Stands where a record was that could not be read or applied.
    RecordSetAside {
        /// The generation of the records after it, where another one had begun with it.
        generation: Option<Generation>,
    },
    /// Records were set aside. Whomever they may have disabled or revoked is refused from here on,
    /// and pools that they may have changed grant nothing, until an administrator confirms.
    Quarantined {
        /// The first of the records.
        record: Seq,
        /// How many later ones went with it.
        others: u64,
        /// Users who may have been disabled, removed or made to count.
        users: Vec<UserId>,
        /// Machines that may have been revoked.
        machines: Vec<MachineId>,
        /// Pools that may have been changed or removed.
        pools: Vec<PoolId>,
    },
    /// An administrator confirmed that a machine was not revoked.
    MachineConfirmed {
        /// Which.
        machine: MachineId,
    },
}

impl Event {
    /// The generation that begins with this event, if one does; its record already bears it.
    #[must_use]
    pub fn begins(&self) -> Option<Generation> {
        match self {
            Self::Initialised { generation } | Self::GenerationBegan { generation, .. } => {
                Some(*generation)
            }
            Self::RecordSetAside { generation } => *generation,
            Self::PoolDefined { .. }
            | Self::PoolRemoved { .. }
            | Self::UserAdded { .. }
            | Self::UserChanged { .. }
            | Self::UserRemoved { .. }
            | Self::MachineAdded { .. }
            | Self::MachineRevoked { .. }
            | Self::MachineConfirmed { .. }
            | Self::SignOnRefused { .. }
            | Self::SeatGranted { .. }
            | Self::SeatReacquired { .. }
            | Self::SeatLeaving { .. }
            | Self::SeatReleased { .. }
            | Self::PlaceTaken { .. }
            | Self::PlaceMoved { .. }
            | Self::PlaceEnded { .. }
            | Self::Offered { .. }
            | Self::OfferWithdrawn { .. }
            | Self::RequestCancelled { .. }
            | Self::ChecksRefused { .. }
            | Self::SeatWarned { .. }
            | Self::WarningAnswered { .. }
            | Self::Overdraft { .. }
            | Self::IdleSpell { .. }
            | Self::RequestsAged
            | Self::FoundBehind { .. }
            | Self::RecoveryEnded
            | Self::Quarantined { .. } => None,
        }
    }
}
