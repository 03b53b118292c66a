//! Why a pool's definition cannot be used.

use core::time::Duration;

use hotseat_protocol::ids::{ClientName, Operation};
use thiserror::Error;

use super::{HOLD_LEAST, HOLD_MOST, MAX_CLIENTS, MAX_MESSAGE, MAX_OPERATIONS, MAX_SEATS};

/// Why a definition cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DefinitionError {
    /// The name for people is missing or too long.
    #[error("the pool's name has {0} characters: give it 1 to 100")]
    Name(usize),
    /// The name for people has line breaks, or other characters that control, turn or hide text.
    #[error(
        "the pool's name has control characters or others that cannot be seen: write it in one line"
    )]
    NameControls,
    /// Too many seats.
    #[error("{0} seats are more than a pool may have: use 0 to {MAX_SEATS}")]
    Seats(u32),
    /// No clients, or too many.
    #[error("{0} clients: define 1 to {MAX_CLIENTS}")]
    Clients(usize),
    /// The desktop client is not there, or does not hold.
    #[error("desktop_client is {0}: name a client of this pool whose rule is hold")]
    DesktopClient(ClientName),
    /// A client without operations can do nothing.
    #[error("client {0} has no operations: give it at least log-in")]
    NoOperations(ClientName),
    /// More operations than can be told.
    #[error("client {client} has {operations} operations: use at most {MAX_OPERATIONS}")]
    Operations {
        /// The client.
        client: ClientName,
        /// How many.
        operations: usize,
    },
    /// A fixed message that no application shows.
    #[error(
        "the message of client {client} for {operation} has {length} characters: use 1 to \
         {MAX_MESSAGE}, or null for none"
    )]
    Message {
        /// The client.
        client: ClientName,
        /// Doing what.
        operation: Operation,
        /// Its length in characters.
        length: usize,
    },
    /// A fixed message with characters that control, turn or hide text.
    #[error(
        "the message of client {client} for {operation} has control characters or others that \
         cannot be seen: write it in one line"
    )]
    MessageControls {
        /// The client.
        client: ClientName,
        /// Doing what.
        operation: Operation,
    },
    /// A session time-out on a client that holds nothing.
    #[error("client {0} only checks and holds nothing: remove its session_timeout")]
    TimeoutOnCheck(ClientName),
    /// A duration is out of range.
    #[error("{key} is {given:?}: use {least:?} to 7 days")]
    Duration {
        /// Which one.
        key: &'static str,
        /// What was given.
        given: Duration,
        /// The least allowed.
        least: Duration,
    },
    /// A passed check would set its seat aside for too long, or for no time.
    #[error(
        "provisional_hold is {0:?}: use {HOLD_LEAST:?} to {HOLD_MOST:?}, or none to set nothing \
         aside"
    )]
    ProvisionalHold(Duration),
    /// The countdown would be empty.
    #[error(
        "sign_off_after must be at least {least:?} longer than warn_after: people need time to answer"
    )]
    Countdown {
        /// The least difference.
        least: Duration,
    },
    /// A client that is in use would go, or no longer hold.
    #[error(
        "client {client} has {seats} seats and {places} places in line: wait for them to end or reclaim them, then change it"
    )]
    ClientInUse {
        /// The client.
        client: ClientName,
        /// Its seats.
        seats: usize,
        /// Its places in line.
        places: usize,
    },
}
