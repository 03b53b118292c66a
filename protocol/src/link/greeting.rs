//! How a machine introduces itself.

use serde::{Deserialize, Serialize};

use crate::bounded_text::{BootId, ProgramText, Seal};
use crate::ids::{Generation, MachineId, Secret, Seq};
use crate::stated;

/// How a machine introduces itself. What cannot be read of it counts as not said, and it has the
/// same names in every version, so that two sides that have no version in common can say so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkHello {
    /// The version that the broker speaks; 0, which nobody speaks, where it says none that can be.
    #[serde(default, deserialize_with = "stated::version")]
    pub version: u32,
    /// The broker's own version, for people.
    #[serde(default, deserialize_with = "stated::text_or_empty::<ProgramText, _>")]
    pub program: String,
    /// The machine, which must be the credential's.
    pub machine: MachineId,
    /// Which boot of the machine this is.
    #[serde(default, deserialize_with = "stated::text_or_empty::<BootId, _>")]
    pub boot_id: String,
    /// Newest journal position that the machine has seen and that the pool has sealed: a pool
    /// that is behind it was rolled back.
    #[serde(default, deserialize_with = "stated::or_none")]
    pub seen: Option<JournalPosition>,
    /// The pool's seal on `seen`, without which it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "stated::whole_text_or_none::<Seal, _>")]
    pub seal: Option<String>,
    /// The newest link secret that the machine has made durable; null before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(deserialize_with = "stated::secret_or_none")]
    pub secret: Option<Secret>,
    /// The machine renews by the lease that each pool's policy states. One that knows only the
    /// welcome's has to greet again when a lease becomes shorter than that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[serde(deserialize_with = "stated::yes_or_no")]
    pub follows_lease: bool,
}

/// A position in one store's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPosition {
    /// The store's generation as a number.
    #[serde(deserialize_with = "stated::number")]
    pub generation: u32,
    /// The newest record.
    #[serde(deserialize_with = "stated::number")]
    pub seq: Seq,
}

impl JournalPosition {
    /// The position of `seq` in a store's generation.
    #[must_use]
    pub fn new(generation: Generation, seq: Seq) -> Self {
        Self { generation: generation.0, seq }
    }
}
