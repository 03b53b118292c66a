//! The journal as a list that people and programs can read.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::bounded_list::BoundedList;
use crate::bounded_text::{AddressText, DisplayName, HistoryNote, HistoryWord};
use crate::ids::{ClientName, PoolId, SeatId, Seq, WallTime};
use crate::quantity::{HistoryDays, HistoryLimit, PeopleCount, RecordNumber, from_text};

/// The records of one answer: as many as [`HistoryLimit`] allows.
pub type Records = BoundedList<HistoryRecord, 0, 1_000>;

/// The query of `GET /api/v1/history`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Only records after this number; from the beginning when absent.
    #[serde(deserialize_with = "from_text")]
    #[param(inline)]
    pub after: Option<RecordNumber>,
    /// At most this many records, 1 to 1,000; 100 when absent.
    #[serde(deserialize_with = "from_text")]
    #[param(inline)]
    pub limit: Option<HistoryLimit>,
    /// Only records of this pool.
    #[param(inline)]
    pub pool: Option<PoolId>,
}

/// The query of `GET /api/v1/me/history`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct MyHistoryQuery {
    /// How many days back, 1 to 400; 7 when absent.
    #[serde(deserialize_with = "from_text")]
    #[param(inline)]
    pub days: Option<HistoryDays>,
    /// Only records after this number.
    #[serde(deserialize_with = "from_text")]
    #[param(inline)]
    pub after: Option<RecordNumber>,
    /// At most this many records, 1 to 1,000; 100 when absent.
    #[serde(deserialize_with = "from_text")]
    #[param(inline)]
    pub limit: Option<HistoryLimit>,
}

/// The answer to `GET /api/v1/history` and `GET /api/v1/me/history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct History {
    /// The records, oldest first.
    pub records: Records,
    /// The number to give as `after` for what follows; null at the end.
    pub next: Option<RecordNumber>,
}

/// One record of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryRecord {
    /// Its number.
    pub seq: Seq,
    /// When it was written, for people only.
    pub at: WallTime,
    /// What happened, as a word: `seat_granted`, `seat_released`, `sign_on_refused`, …
    pub what: HistoryWord,
    /// In which pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<PoolId>,
    /// About whom: the name, or the id of somebody who was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<DisplayName>,
    /// By which way in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientName>,
    /// Which seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatId>,
    /// On which machine: its name, or its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<DisplayName>,
    /// Why, as the stable word: a release reason, the end of a place, a refusal's code, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<HistoryWord>,
    /// Who wanted it: a person, a service, a machine or `an administrator`; for administrators also
    /// `admin token` or the account on the server's computer, such as `root (os:0)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<DisplayName>,
    /// From which address they asked, where it is kept; told to administrators only, and forgotten
    /// with the person whom the record is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<AddressText>,
    /// What they said, or what else there is to know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<HistoryNote>,
    /// How many, where one record stands for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<PeopleCount>,
}

impl HistoryRecord {
    /// A record of which only this is known.
    #[must_use]
    pub const fn new(seq: Seq, at: WallTime, what: HistoryWord) -> Self {
        Self {
            seq,
            at,
            what,
            pool: None,
            user: None,
            client: None,
            seat: None,
            machine: None,
            reason: None,
            by: None,
            address: None,
            note: None,
            count: None,
        }
    }
}
