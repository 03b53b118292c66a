//! The answers of the probes.

use hotseat_protocol::quantity::{LeftMs, RecordNumber};
use hotseat_rules::Position;
use serde::Serialize;
use utoipa::ToSchema;

/// The server runs.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// `ok`, `recovering` while nothing is granted, or `read_only` where a record cannot be used.
    #[schema(max_length = 32)]
    pub(crate) status: &'static str,
    /// The server's version.
    #[schema(max_length = 64)]
    pub(crate) version: &'static str,
    /// Why nothing is granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, nullable = false)]
    pub(crate) detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, nullable = false)]
    pub(crate) next: Option<String>,
    /// The record that cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) record: Option<RecordNumber>,
    /// For how long, in ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) left_ms: Option<LeftMs>,
}

/// How a server stands that answers links, or grants seats.
#[derive(Serialize, ToSchema)]
pub(crate) struct Standing {
    /// `active`: links and renewals are answered here; `ready`: seats can be granted.
    #[schema(max_length = 32)]
    status: &'static str,
    /// The store's generation.
    #[schema(pattern = "^[0-9a-f]{8}$")]
    generation: String,
    /// The newest record of its journal.
    seq: RecordNumber,
}

impl Standing {
    /// At this place of its journal.
    pub(crate) fn at(status: &'static str, Position { generation, seq }: Position) -> Self {
        let seq = RecordNumber::clamped(seq.0);
        Self { status, generation: generation.to_string(), seq }
    }
}
