//! What a new seat hangs on: in the core, as the pool is told, and as it is written down.

use alloc::format;
use alloc::string::String;

use hotseat_protocol::ids::{Anchor, Secret};
use hotseat_protocol::ipc::Role;
use hotseat_protocol::problem::Problem;

use super::{Sessions, hash_of};
use crate::hangs::Hangs;
use crate::input::ConnectionId;
use crate::problems;
use crate::saved::{KeyHash, SavedAnchor};

impl Sessions {
    /// What a new seat of this connection would hang on, in the core, as the pool is told, and
    /// as it is written down.
    pub(crate) fn anchor_for(
        &self,
        connection: ConnectionId,
        fresh: &Secret,
    ) -> Result<(Hangs, Anchor, SavedAnchor), Problem> {
        let program = self.connections.get(&connection).ok_or_else(problems::no_session)?;
        if matches!(program.role, Role::Run | Role::App) {
            let told = format!("connection {:032x}", program.fresh);
            let resume = hash_of(fresh);
            let saved = SavedAnchor::Connection { resume };
            return Ok((Hangs::Connection(connection), named(&told), saved));
        }
        let key = self.session_for(connection)?;
        let told = format!("session {} of {}", key.name, key.user);
        Ok((Hangs::Session(key.clone()), named(&told), SavedAnchor::Session(key)))
    }
}

/// A name for the pool: too long a one is told by its hash.
fn named(text: &str) -> Anchor {
    Anchor::new(text).unwrap_or_else(|_| {
        let KeyHash(hash) = hash_of(&Secret::new(text));
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        Anchor::new(hex).expect("64 digits are between 1 and 128 bytes")
    })
}
