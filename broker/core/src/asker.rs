//! A request of a program that waits for its answer.

use super::input::ConnectionId;

/// Whom to answer, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asker {
    pub(super) connection: ConnectionId,
    pub(super) id: u64,
    pub(super) give_up_at: u64,
}
