//! The answers of the probes, as they are described.

use hotseat_protocol::quantity::{LeftMs, RecordNumber};
use utoipa::ToSchema;

/// The server runs.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; the probe makes its answer from the state")]
pub(crate) struct Alive {
    /// `ok`, `recovering` while nothing is granted, or `read_only` where a record cannot be used.
    #[schema(max_length = 32)]
    status: String,
    /// The server's version.
    #[schema(max_length = 64)]
    version: String,
    /// Why nothing is granted.
    #[schema(max_length = 1000, nullable = false)]
    detail: Option<String>,
    /// What to do about it.
    #[schema(max_length = 1000, nullable = false)]
    next: Option<String>,
    /// The record that cannot be used.
    #[schema(nullable = false)]
    record: Option<RecordNumber>,
    /// For how long, in ms.
    #[schema(nullable = false)]
    left_ms: Option<LeftMs>,
}

/// Links and renewals are answered here.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; the probe makes its answer from the state")]
pub(crate) struct Active {
    /// `active`.
    #[schema(max_length = 32)]
    status: String,
    /// The store's generation.
    #[schema(pattern = "^[0-9a-f]{8}$")]
    generation: String,
    /// The newest record of its journal.
    seq: RecordNumber,
}

/// Seats can be granted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; the probe makes its answer from the state")]
pub(crate) struct Ready {
    /// `ready`.
    #[schema(max_length = 32)]
    status: String,
    /// The store's generation.
    #[schema(pattern = "^[0-9a-f]{8}$")]
    generation: String,
    /// The newest record of its journal.
    seq: RecordNumber,
}
