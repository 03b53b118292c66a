//! What a pool looks like from outside: the projection that machines and people are shown.
//!
//! Nothing here is a deadline. What is left of a lease travels in the link's answers, and IPC
//! states deadlines on the machine's own boot-time clock.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bounded_text::DisplayName;
use crate::ids::{ClientName, PoolId, SeatId, WallTime};
use crate::quantity::{IdleSeconds, LeaseMs, SignOffAfterMs, TrayGraceMs, WarnAfterMs};
use crate::stated;

/// What a client does to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A sign-on takes a seat until it is given back.
    Hold,
    /// A pass/fail test that a seat is free; consumes nothing.
    Check,
}

/// Whether names are shown to other people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Privacy {
    /// Names for everybody who is logged in.
    Names,
    /// Initials.
    Initials,
    /// Only how many.
    Counts,
}

/// What happens to a seat when its computer sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnSleep {
    /// Signed off at once: a sleeper cannot work.
    SignOff,
    /// Kept until the lease ends.
    Keep,
}

/// What an application is told when the pool has been silent for longer than a lease.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Offline {
    /// No seat, no work.
    #[default]
    Stop,
    /// Work on without a seat; it is reported as an overdraft when the pool is back.
    Tolerate,
}

/// A client of a pool, as others see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientView {
    /// Its name.
    pub name: ClientName,
    /// What it does to the pool.
    pub rule: Rule,
}

/// The limits that a broker needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyView {
    /// Idle time, in ms since the last input, after which the holder is warned.
    #[serde(deserialize_with = "stated::number")]
    pub warn_after_ms: WarnAfterMs,
    /// Idle time, in ms since the last input, after which the holder is signed off; above
    /// `warn_after_ms`, and the difference is the countdown that always runs in full.
    #[serde(deserialize_with = "stated::number")]
    pub sign_off_after_ms: SignOffAfterMs,
    /// Whether only the pool picks whom to warn, and only when somebody waits.
    pub only_when_wanted: bool,
    /// What sleep does.
    pub on_sleep: OnSleep,
    /// How long a seat outlives its tray, in ms.
    #[serde(deserialize_with = "stated::number")]
    pub tray_grace_ms: TrayGraceMs,
    /// What applications are told when the pool is silent for longer than a lease.
    #[serde(default)]
    pub offline: Offline,
    /// The lease T of the pool's machine-kept seats and places now, in ms, of which a broker
    /// renews every third; absent from a pool server that states it in its welcome only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "stated::number_or_none")]
    pub lease_ms: Option<LeaseMs>,
}

impl PolicyView {
    /// How long a warned holder has before the sign-off, in ms; none where the two limits are the
    /// wrong way round.
    #[must_use]
    pub fn countdown_ms(&self) -> u64 {
        self.sign_off_after_ms.get().saturating_sub(self.warn_after_ms.get())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

/// One pool as this machine may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PoolView {
    /// Its id.
    pub id: PoolId,
    /// Its name for people, for example "Infor CRM".
    #[serde(deserialize_with = "stated::text::<DisplayName, _>")]
    pub name: String,
    /// Seats of the pool.
    #[serde(deserialize_with = "stated::number")]
    pub seats: u32,
    /// Counted seats in use, those being reclaimed included.
    #[serde(deserialize_with = "stated::number")]
    pub in_use: u32,
    /// Seats set aside for a waiter.
    #[serde(deserialize_with = "stated::number")]
    pub offered: u32,
    /// Seats set aside for a few seconds by checks that passed; absent: none.
    #[serde(default, skip_serializing_if = "is_none")]
    #[serde(deserialize_with = "stated::number")]
    pub set_aside: u32,
    /// People in the line.
    #[serde(deserialize_with = "stated::number")]
    pub waiting: u32,
    /// Its clients.
    #[serde(deserialize_with = "stated::list::<CLIENTS_MAX, _, _>")]
    pub clients: Vec<ClientView>,
    /// The client of a sign-on that names none.
    pub desktop_client: ClientName,
    /// Its limits.
    pub policy: PolicyView,
    /// Who sees names.
    pub privacy: Privacy,
    /// Who holds seats, oldest first, at most 100.
    #[serde(deserialize_with = "stated::list::<HOLDERS_MAX, _, _>")]
    pub holders: Vec<HolderView>,
    /// Holders that are not in the list.
    #[serde(deserialize_with = "stated::number")]
    pub more_holders: u32,
    /// The line, first come first, at most 50.
    #[serde(deserialize_with = "stated::list::<LINE_MAX, _, _>")]
    pub line: Vec<WaiterView>,
    /// How long a waiter usually waits, from and to, in seconds.
    #[serde(default, deserialize_with = "stated::span_or_none")]
    pub usually_waits_s: Option<[u32; 2]>,
}

/// Clients shown in one view; a pool has a handful.
pub const CLIENTS_MAX: usize = 256;

/// Holders shown in one view, so that it stays far below a frame's limit.
pub const HOLDERS_MAX: usize = 100;

/// Waiters shown in one view, for the same reason.
pub const LINE_MAX: usize = 50;

/// One holder as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HolderView {
    /// Name or initials, or null, as the pool's privacy setting says.
    #[serde(default, deserialize_with = "stated::text_or_none::<DisplayName, _>")]
    pub user: Option<String>,
    /// The way in.
    pub client: ClientName,
    /// Since when.
    pub since: WallTime,
    /// Seconds since the last input at the time of the view; null when that is not known.
    #[serde(default, deserialize_with = "stated::number_or_none")]
    pub idle_s: Option<IdleSeconds>,
    /// Being reclaimed.
    pub leaving: bool,
    /// Whether the seat counts (a named user's does not).
    pub counted: bool,
    /// The seat, told only on the link to the machine that keeps it, and over REST to
    /// administrators; on IPC it is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "stated::or_none")]
    pub seat: Option<SeatId>,
    /// On IPC: the seat is the reader's own.
    #[serde(default)]
    pub mine: bool,
}

/// One waiter as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaiterView {
    /// Name or initials, or null, as the pool's privacy setting says.
    #[serde(default, deserialize_with = "stated::text_or_none::<DisplayName, _>")]
    pub user: Option<String>,
    /// Since when.
    pub since: WallTime,
    /// A seat is set aside for this waiter.
    pub offered: bool,
    /// The place, told only on the link and only to the machine that keeps it; on IPC null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "stated::or_none")]
    pub request: Option<crate::ids::RequestId>,
    /// On IPC: the place is the reader's own.
    #[serde(default)]
    pub mine: bool,
}
