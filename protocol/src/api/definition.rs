//! A pool's definition as an administrator reads and writes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bounded_list::{BoundedList, BoundedMap};
use crate::bounded_text::{DisplayName, LegacyMessage};
use crate::ids::{ClientName, Operation};
use crate::quantity::{
    CallsTimeoutMs, LeaseMs, OfferMs, ProvisionalHoldMs, SeatCount, SessionTimeoutMs,
    SignOffAfterMs, TrayGraceMs, WarnAfterMs,
};
use crate::view::{HOLDERS_MAX, HolderView, Offline, OnSleep, PoolView, Privacy, Rule};

/// A pool's clients by name.
pub type Clients = BoundedMap<ClientName, ClientBody, 1, 64>;

/// What a client may be doing when it asks, each with its fixed message or null.
pub type Operations = BoundedMap<Operation, Option<LegacyMessage>, 1, 64>;

/// Holders of more seats than there are.
pub type OverHolders = BoundedList<HolderView, 0, HOLDERS_MAX>;

/// `PUT /api/v1/pools/{pool}`: the whole definition. What is absent has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolBody {
    /// Its name for people.
    pub name: DisplayName,
    /// How many counted seats there are.
    pub seats: SeatCount,
    /// Its clients by name.
    pub clients: Clients,
    /// The client of a desktop's sign-on that names none.
    pub desktop_client: ClientName,
    /// What it does otherwise than by default.
    #[serde(default)]
    pub options: OptionsBody,
    /// T: a machine-kept seat that is not renewed for this long is lost, in ms; 90,000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<LeaseMs>,
    /// How long a seat kept by calls lives without a renewal when its client has no session
    /// time-out, in ms; 20 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_timeout_ms: Option<CallsTimeoutMs>,
    /// How long a freed seat is set aside for the one it is offered to, in ms; 60,000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_ms: Option<OfferMs>,
    /// How long a seat outlives its tray, in ms; 10,000 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tray_grace_ms: Option<TrayGraceMs>,
    /// When idle holders are warned and signed off.
    #[serde(default)]
    pub idle: IdleBody,
    /// What sleep does; `sign_off` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_sleep: Option<OnSleep>,
    /// What applications are told when the pool server is silent for longer than a lease; `stop`
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<Offline>,
    /// Who sees names; `names` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
}

/// A client of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientBody {
    /// What it does to the pool.
    pub rule: Rule,
    /// A held seat without activity for this long is signed off, in ms; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_timeout_ms: Option<SessionTimeoutMs>,
    /// What it may be doing when it asks, each with the fixed message that its application
    /// expects when there is no free seat, or null.
    #[schema(schema_with = Operations::nullable_schema)]
    pub operations: Operations,
}

/// What a pool does otherwise than by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptionsBody {
    /// A user has at most one seat; a newer sign-on supersedes the older.
    pub one_seat_per_user: bool,
    /// A check passes for someone who already holds a seat.
    pub holder_passes_check: bool,
    /// How long a passed check sets its seat aside for its user's sign-on, in ms; absent: a pass
    /// says only that a seat was free at that instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisional_hold_ms: Option<ProvisionalHoldMs>,
}

/// When idle holders are warned and signed off; what is absent has its default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IdleBody {
    /// Warn the holder after this idle time, in ms; 25 minutes when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn_after_ms: Option<WarnAfterMs>,
    /// Sign the holder off after this idle time, in ms; 27 minutes when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_off_after_ms: Option<SignOffAfterMs>,
    /// Warn only where somebody waits for the seat; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_when_wanted: Option<bool>,
}

/// The answer to `GET /api/v1/pools/{pool}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolDetail {
    /// How it stands.
    #[serde(flatten)]
    pub pool: PoolView,
    /// What it is, in full; told to administrators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Box<PoolBody>>,
}

/// The answer to `PUT /api/v1/pools/{pool}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolSet {
    /// What it is now.
    pub definition: Box<PoolBody>,
    /// Counted seats in use.
    pub in_use: SeatCount,
    /// How many of them are more than there are seats: nobody is evicted, they end by themselves.
    pub over: SeatCount,
    /// The holders of these, the newest first, as an administrator may see them.
    pub over_holders: OverHolders,
}
