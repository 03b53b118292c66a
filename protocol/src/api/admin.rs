//! Users, service tokens, machines, reclaiming: for administrators.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bounded_list::BoundedList;
use crate::bounded_text::{DisplayName, EmailText, InvitationText, NewPassword, Note};
use crate::ids::{ClientName, MachineId, PoolId, Secret, ServiceId, UserId, WallTime};
use crate::quantity::SeatCount;

/// The pools that a service is limited to: some, since an empty list would allow nothing.
pub type AllowedPools = BoundedList<PoolId, 1, 64>;

/// The clients that a service is limited to.
pub type AllowedClients = BoundedList<ClientName, 1, 64>;

/// Whether a user's seats count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// Shares the pool's seats.
    #[default]
    Concurrent,
    /// Has a licence of their own: never counted.
    Named,
}

/// A person with a log-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserView {
    /// The person.
    pub id: UserId,
    /// The log-in.
    pub email: EmailText,
    /// The name for people.
    pub name: DisplayName,
    /// Counted or not.
    pub kind: UserKind,
    /// Whether they may log in and sign on.
    pub enabled: bool,
    /// They are disabled because a record that was lost may have done it, until an administrator
    /// enables them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
}

/// `POST /api/v1/users`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddUser {
    /// The log-in: an address of the form NAME@DOMAIN, in its normal form at most 254 bytes.
    pub email: EmailText,
    /// The name for people.
    pub name: DisplayName,
    /// The password.
    pub password: NewPassword,
    /// Counted or not.
    #[serde(default)]
    pub kind: UserKind,
}

/// `PATCH /api/v1/users/{user}`: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUser {
    /// The name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// A new password; ends all of the user's tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<NewPassword>,
    /// Counted or not, from the next grant on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<UserKind>,
    /// False reclaims the user's seats and refuses new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// `POST /api/v1/services`: a token for an application server or a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddService {
    /// The name for people; unique.
    pub name: DisplayName,
    /// Whether it may name a `user` when it signs on and checks.
    #[serde(default)]
    pub act_for: bool,
    /// The pools it may use; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pools: Option<AllowedPools>,
    /// The clients it may use; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<AllowedClients>,
}

/// A service token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceView {
    /// The service.
    pub id: ServiceId,
    /// The name for people.
    pub name: DisplayName,
    /// Whether it may name a `user`.
    pub act_for: bool,
    /// The pools it may use; null: all.
    pub pools: Option<Vec<PoolId>>,
    /// The clients it may use; null: all.
    pub clients: Option<Vec<ClientName>>,
    /// Since when.
    pub created_at: WallTime,
}

/// The answer to `POST /api/v1/services`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewService {
    /// What was made.
    #[serde(flatten)]
    pub service: ServiceView,
    /// Its token, shown this once.
    pub token: Secret,
}

/// The answer to `POST /api/v1/machines/invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Enrols one machine, once.
    pub invitation: Secret,
    /// When it ends.
    pub expires_at: WallTime,
}

/// `POST /api/v1/machines/enroll`; needs no other token than the invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enroll {
    /// What an administrator made for this machine.
    pub invitation: InvitationText,
    /// The machine's name for people.
    pub name: DisplayName,
}

/// The answer to `POST /api/v1/machines/enroll`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Enrolled {
    /// The machine.
    pub machine: MachineId,
    /// Opens its link; shown this once.
    pub credential: Secret,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MachineView {
    /// The machine.
    pub id: MachineId,
    /// The name for people.
    pub name: DisplayName,
    /// Since when.
    pub enrolled_at: WallTime,
    /// Whether its credential was revoked.
    pub revoked: bool,
    /// It is revoked because a record that was lost may have done it, until an administrator
    /// confirms it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
    /// Whether its link is up.
    pub connected: bool,
    /// Seats that it keeps.
    pub seats: SeatCount,
    /// When another computer last used this machine's enrolment and was refused: one of the two is
    /// a clone, and must be enrolled again. Null: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_seen_at: Option<WallTime>,
}

/// `POST /api/v1/seats/{id}/reclaim`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reclaim {
    /// What to tell the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}
