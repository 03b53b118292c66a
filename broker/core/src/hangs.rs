//! What a seat or a sign-on hangs on.

use super::input::ConnectionId;
use super::saved::{SavedAnchor, SessionKey};

/// What a seat or a sign-on hangs on while this broker runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hangs {
    /// The OS session.
    Session(SessionKey),
    /// One process's connection.
    Connection(ConnectionId),
    /// A process of an earlier broker's time that has not come back yet.
    Nobody,
}

impl Hangs {
    pub(super) fn session(&self) -> Option<&SessionKey> {
        match self {
            Self::Session(key) => Some(key),
            Self::Connection(_) | Self::Nobody => None,
        }
    }

    /// What it is before anybody has come back.
    pub(super) fn of_saved(anchor: &SavedAnchor) -> Self {
        match anchor {
            SavedAnchor::Session(key) => Self::Session(key.clone()),
            SavedAnchor::Connection { .. } => Self::Nobody,
        }
    }
}
