//! Logging in, taking seats, renewing and giving them back.

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{IntoParams, ToSchema};

use super::admin::UserView;
use crate::bounded_list::BoundedList;
use crate::bounded_text::{DisplayName, EmailText, HistoryNote, TypedPassword, UserKey};
use crate::ids::{
    Anchor, ClientName, Epoch, OfferId, Operation, PlaceId, PoolId, RequestId, SeatId, Secret,
    WallTime,
};
use crate::link::Accept;
use crate::problem::Problem;
use crate::quantity::{LeftMs, PeopleCount};
use crate::reason::{PlaceEnd, ReleaseReason};

/// `POST /api/v1/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The log-in.
    pub email: EmailText,
    /// The password.
    pub password: TypedPassword,
}

/// The answer to `POST /api/v1/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoggedIn {
    /// To be sent as `Authorization: Bearer …`; good for this user, over REST only.
    pub token: Secret,
    /// When the token ends unless it is used.
    pub expires_at: WallTime,
    /// Who.
    pub user: UserView,
}

/// `POST /api/v1/pools/{pool}/seats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeatRequest {
    /// A random UUID, made for each intent and kept for its retries.
    pub request_id: RequestId,
    /// The way in.
    pub client: ClientName,
    /// What the client is doing; `log-in` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// For whom, by id or e-mail: only with a service token that may act for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserKey>,
    /// What the seat hangs on, so that two log-ins of one user can be told apart; the request id
    /// when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Anchor>,
    /// Ignored: a seat that was set aside for this user is taken whichever check did so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_check: Option<RequestId>,
    /// Take a place in the line when no seat is free, and how an offer is accepted: `auto` (or
    /// true) by the next question about the request, `ask` only by accepting it. False and null
    /// do not wait.
    #[serde(default, deserialize_with = "wait", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = wait_schema)]
    pub wait: Option<Accept>,
}

/// Reads `wait`, which says whether and how.
fn wait<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Accept>, D::Error> {
    struct Wait;

    impl Visitor<'_> for Wait {
        type Value = Option<Accept>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("\"auto\", \"ask\", true (as \"auto\") or false")
        }

        fn visit_bool<E: Error>(self, waits: bool) -> Result<Option<Accept>, E> {
            Ok(waits.then_some(Accept::Auto))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Option<Accept>, E> {
            match text {
                "auto" => Ok(Some(Accept::Auto)),
                "ask" => Ok(Some(Accept::Ask)),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }

        fn visit_unit<E: Error>(self) -> Result<Option<Accept>, E> {
            Ok(None)
        }
    }

    deserializer.deserialize_any(Wait)
}

fn wait_schema() -> Schema {
    let how = Ref::from_schema_name(Accept::name());
    let whether = ObjectBuilder::new().schema_type(Type::Boolean);
    let null = ObjectBuilder::new().schema_type(Type::Null);
    Schema::OneOf(OneOfBuilder::new().item(how).item(whether).item(null).build())
}

/// `POST /api/v1/pools/{pool}/checks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckRequest {
    /// A random UUID, made for each intent and kept for its retries.
    pub request_id: RequestId,
    /// The way in; any client may check.
    pub client: ClientName,
    /// What the client is doing; `log-in` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// For whom, by id or e-mail: only with a service token that may act for users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserKey>,
}

/// A check that passed: a seat was free at that instant, and none was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckVerdict {
    /// Always true: a refused check is a problem with status 409.
    pub pass: bool,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// A seat.
    Seat,
    /// A place in the line.
    Waiting,
    /// A place whose waiter is offered a seat.
    Offered,
    /// No.
    Refused,
    /// A seat that has ended, or a place that ended without one.
    Ended,
    /// Cancelled before it arrived.
    Cancelled,
}

/// A seat (201), a place (202), or what became of a request (200).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// Which of the fields below are there.
    pub became: Became,
    /// The seat's id, or the place's while waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub id: Option<uuid::Uuid>,
    /// Of a seat: its fencing number, to be sent with every renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// In which pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolId>,
    /// Of a seat: the way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientName>,
    /// Of a seat: since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<WallTime>,
    /// Of a seat: false for a user with a licence of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<bool>,
    /// Of a seat: it ends this long after the answer was made, in ms, unless renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<LeftMs>,
    /// Of a place: 1 is next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<PeopleCount>,
    /// Of a place: the seat that is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferView>,
    /// Of what has ended: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndView>,
    /// Of what was refused: why, with the pool as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Box<Problem>>,
}

impl RequestView {
    /// A view that says nothing but what became.
    #[must_use]
    pub fn new(became: Became) -> Self {
        Self {
            became,
            id: None,
            epoch: None,
            pool: None,
            client: None,
            since: None,
            counted: None,
            lease_ms: None,
            rank: None,
            offer: None,
            end: None,
            problem: None,
        }
    }
}

/// A seat that is set aside for a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferView {
    /// To accept or decline it.
    pub id: OfferId,
    /// How it is taken.
    pub accept: Accept,
    /// What is left of it, in ms, when this was sent.
    pub left_ms: LeftMs,
}

/// How a seat or a place ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndView {
    /// Why a seat ended; null for a place.
    pub reason: Option<ReleaseReason>,
    /// Why a place ended without a seat; null for a seat.
    pub place_end: Option<PlaceEnd>,
    /// Who wanted it, by name, if somebody did.
    pub by: Option<DisplayName>,
    /// What they said.
    pub note: Option<HistoryNote>,
}

/// Seats that one renewal may name.
pub const RENEWED_AT_ONCE_MAX: usize = 1_000;

/// The body of `POST /api/v1/seats/renew`.
pub type RenewList = BoundedList<RenewItem, 0, RENEWED_AT_ONCE_MAX>;

/// One seat to renew, in the list of `POST /api/v1/seats/renew`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewItem {
    /// The seat.
    pub id: SeatId,
    /// Its epoch as the caller knows it.
    pub epoch: Epoch,
}

/// What a renewal achieved for one seat: it lives on for `lease_ms`, or is `gone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Renewal {
    /// The seat.
    pub id: SeatId,
    /// It ends this long after the answer was made, in ms, unless renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<LeftMs>,
    /// It has ended, or was granted again under a newer epoch: treat its user as logged out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<EndView>,
}

/// `POST /api/v1/seats/{id}/keep`: the answer to an idle warning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepRequest {
    /// The seat's epoch as the caller knows it; the present one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
}

/// The query of `DELETE /api/v1/seats/{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SignOffQuery {
    /// The seat's epoch as the caller knows it.
    #[param(inline)]
    pub epoch: Epoch,
}

/// `GET /api/v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// Who the token is good for; null for an administrator or a service.
    pub user: Option<UserView>,
    /// The service's name, for a service token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<DisplayName>,
    /// My seats.
    pub seats: Vec<MySeat>,
    /// My places in line, with their offers.
    pub places: Vec<MyPlace>,
}

/// A seat of mine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MySeat {
    /// The seat.
    pub id: SeatId,
    /// Its fencing number.
    pub epoch: Epoch,
    /// In which pool.
    pub pool: PoolId,
    /// The way in.
    pub client: ClientName,
    /// Since when.
    pub since: WallTime,
    /// Whether it takes one of the pool's seats.
    pub counted: bool,
    /// Set while the pool reclaims it.
    pub leaving: Option<ReleaseReason>,
    /// Whether a machine keeps it; else calls over REST do.
    pub on_machine: bool,
    /// It ends this long after the answer was sent, in ms, unless renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_ms: Option<LeftMs>,
}

/// A place of mine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MyPlace {
    /// The place.
    pub id: PlaceId,
    /// In which pool.
    pub pool: PoolId,
    /// 1 is next.
    pub rank: PeopleCount,
    /// Since when.
    pub since: WallTime,
    /// The offer that stands.
    pub offer: Option<OfferId>,
    /// What is left of that offer, in ms, when this was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_left_ms: Option<LeftMs>,
}
