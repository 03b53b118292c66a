//! Events as they are stored.

use hotseat_protocol::ids::{
    Anchor, ClientName, MachineId, OfferId, PlaceId, PoolId, SeatId, Seq, UserId, WallTime,
};
use hotseat_protocol::reason::PlaceEnd;
use serde::{Deserialize, Serialize};

use super::definition::StoredDefinition;
use super::parts::{
    StoredAccept, StoredAsked, StoredGeneration, StoredKeeper, StoredNewGeneration, StoredPosition,
    StoredRefusalCode, StoredRelease, StoredRequestKey, StoredUserKind, StoredWarningAnswer,
    early_time, late_time,
};

/// The form of version 3. What a field means stands at the rules' [`Event`](hotseat_rules::Event).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum StoredEvent {
    Initialised {
        generation: StoredGeneration,
    },
    PoolDefined {
        definition: Box<StoredDefinition>,
    },
    PoolRemoved {
        pool: PoolId,
    },
    UserAdded {
        user: UserId,
        kind: StoredUserKind,
    },
    UserChanged {
        user: UserId,
        kind: StoredUserKind,
        enabled: bool,
    },
    UserRemoved {
        user: UserId,
    },
    MachineAdded {
        machine: MachineId,
    },
    MachineRevoked {
        machine: MachineId,
    },
    SignOnRefused {
        asked: StoredAsked,
        code: StoredRefusalCode,
    },
    SeatGranted {
        seat: SeatId,
        asked: StoredAsked,
        keeper: StoredKeeper,
        anchor: Anchor,
        counted: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<OfferId>,
    },
    SeatReacquired {
        seat: SeatId,
        asked: StoredAsked,
    },
    SeatLeaving {
        seat: SeatId,
        release: StoredRelease,
    },
    SeatReleased {
        seat: SeatId,
        release: StoredRelease,
    },
    PlaceTaken {
        place: PlaceId,
        asked: StoredAsked,
        keeper: StoredKeeper,
        anchor: Anchor,
        accept: StoredAccept,
    },
    PlaceMoved {
        place: PlaceId,
        asked: StoredAsked,
        keeper: StoredKeeper,
        anchor: Anchor,
        accept: StoredAccept,
    },
    PlaceEnded {
        place: PlaceId,
        end: PlaceEnd,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offer: Option<OfferId>,
    },
    Offered {
        place: PlaceId,
        offer: OfferId,
    },
    OfferWithdrawn {
        place: PlaceId,
        offer: OfferId,
    },
    RequestCancelled {
        request: StoredRequestKey,
    },
    ChecksRefused {
        pool: PoolId,
        user: UserId,
        client: ClientName,
        code: StoredRefusalCode,
        count: u32,
    },
    SeatWarned {
        seat: SeatId,
    },
    WarningAnswered {
        seat: SeatId,
        answer: StoredWarningAnswer,
    },
    Overdraft {
        machine: MachineId,
        seat: SeatId,
        pool: PoolId,
        user: UserId,
        from: WallTime,
        #[serde(deserialize_with = "late_time")]
        to: WallTime,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        at_least: bool,
    },
    IdleSpell {
        seat: SeatId,
        #[serde(deserialize_with = "early_time")]
        from: WallTime,
        #[serde(deserialize_with = "early_time")]
        to: WallTime,
    },
    RequestsAged,
    FoundBehind {
        machine: MachineId,
        seen: StoredPosition,
    },
    GenerationBegan {
        generation: StoredGeneration,
        why: StoredNewGeneration,
        wait_ms: u64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stated_ms: Option<u64>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<StoredGeneration>,
    },
    RecoveryEnded,
    RecordSetAside {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        generation: Option<StoredGeneration>,
    },
    Quarantined {
        record: Seq,
        others: u64,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        users: Vec<UserId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        machines: Vec<MachineId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pools: Vec<PoolId>,
    },
    MachineConfirmed {
        machine: MachineId,
    },
}

impl StoredEvent {
    /// The tag that the JSON has, for the journal's own column.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Initialised { .. } => "initialised",
            Self::PoolDefined { .. } => "pool_defined",
            Self::PoolRemoved { .. } => "pool_removed",
            Self::UserAdded { .. } => "user_added",
            Self::UserChanged { .. } => "user_changed",
            Self::UserRemoved { .. } => "user_removed",
            Self::MachineAdded { .. } => "machine_added",
            Self::MachineRevoked { .. } => "machine_revoked",
            Self::SignOnRefused { .. } => "sign_on_refused",
            Self::SeatGranted { .. } => "seat_granted",
            Self::SeatReacquired { .. } => "seat_reacquired",
            Self::SeatLeaving { .. } => "seat_leaving",
            Self::SeatReleased { .. } => "seat_released",
            Self::PlaceTaken { .. } => "place_taken",
            Self::PlaceMoved { .. } => "place_moved",
            Self::PlaceEnded { .. } => "place_ended",
            Self::Offered { .. } => "offered",
            Self::OfferWithdrawn { .. } => "offer_withdrawn",
            Self::RequestCancelled { .. } => "request_cancelled",
            Self::ChecksRefused { .. } => "checks_refused",
            Self::SeatWarned { .. } => "seat_warned",
            Self::WarningAnswered { .. } => "warning_answered",
            Self::Overdraft { .. } => "overdraft",
            Self::IdleSpell { .. } => "idle_spell",
            Self::RequestsAged => "requests_aged",
            Self::FoundBehind { .. } => "found_behind",
            Self::GenerationBegan { .. } => "generation_began",
            Self::RecoveryEnded => "recovery_ended",
            Self::RecordSetAside { .. } => "record_set_aside",
            Self::Quarantined { .. } => "quarantined",
            Self::MachineConfirmed { .. } => "machine_confirmed",
        }
    }
}
