//! The answers of the probes, as they are described.

use hotseat_protocol::quantity::{LeftMs, RecordNumber};
use utoipa::ToSchema;

/// The server runs.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described; the probe makes its answer from the state")]
pub(crate) struct Alive {
    /// `ok`, or `recovering` while nothing is granted.
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
    /// For how long, in ms.
    #[schema(nullable = false)]
    left_ms: Option<LeftMs>,
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
