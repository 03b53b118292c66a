//! The journal: the append-only record of all that happened, and snapshots that shorten a start.
//!
//! A [`Journal`] keeps bytes and numbers; [`record`] and [`snapshot`] turn them into the rules'
//! events and state, through the versioned forms of [`stored`].
//! [`sqlite`] is what a pool server uses, opened through [`store`]; [`memory`] is for tests and
//! simulation, and fails on order.

pub(crate) mod about;
pub mod actor;
pub(crate) mod assess;
mod columns;
pub mod error;
pub(crate) mod lock;
pub(crate) mod look;
pub mod memory;
pub(crate) mod read_only;
pub mod record;
pub(crate) mod row;
pub mod snapshot;
pub(crate) mod spoilt;
pub mod sqlite;
pub mod store;
mod stored;
pub(crate) mod times;
pub(crate) mod verify;

use hotseat_protocol::ids::Seq;

pub use actor::{Actor, ActorAddress, By};
pub use assess::{Poison, Replayed, Stopper};
pub use error::JournalError;
pub use record::{NotItself, Record, StoredRecord};
pub use snapshot::StoredSnapshot;
pub(crate) use stored::is_kind;

/// Records that one [`Journal::read_after`] returns at most, so that a start needs little memory.
pub const READ_PAGE: usize = 4096;

/// Snapshots that are kept: the newest, and the one before in case the newest is damaged.
pub const SNAPSHOTS_KEPT: usize = 2;

/// What became of an append.
#[derive(Debug)]
pub enum Append {
    /// The whole batch is durable.
    Done,
    /// Somebody else appended first; nothing of the batch was written.
    Conflict,
    /// Nothing of the batch was written.
    Failed(JournalError),
    /// The whole batch was written, or nothing of it: [`Journal::reopen`] and read to know.
    Unknown(JournalError),
}

/// Append-only records with snapshots beside them. Synchronous: whoever drives it decides on which
/// thread it may wait.
pub trait Journal: Send {
    /// The number of the newest record; 0 when there is none.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    fn newest(&mut self) -> Result<Seq, JournalError>;

    /// Appends a batch as one: all of it durable, or none.
    ///
    /// `expected` is the number of the newest record that the writer knows; the batch's numbers
    /// follow it without a gap.
    fn append(&mut self, expected: Seq, batch: &[StoredRecord]) -> Append;

    /// The records after `seq`, in order, at most [`READ_PAGE`] of them.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    fn read_after(&mut self, seq: Seq) -> Result<Vec<StoredRecord>, JournalError>;

    /// Keeps a snapshot, and forgets all but [`SNAPSHOTS_KEPT`].
    ///
    /// # Errors
    ///
    /// When it could not be written; the older ones are still there.
    fn save_snapshot(&mut self, snapshot: &StoredSnapshot) -> Result<(), JournalError>;

    /// The snapshots that are kept, the newest first, unverified.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    fn snapshots(&mut self) -> Result<Vec<StoredSnapshot>, JournalError>;

    /// Writes something that is no record and waits until it is durable: tells whether a disk that
    /// failed has healed.
    ///
    /// # Errors
    ///
    /// When the store still cannot be written.
    fn probe(&mut self) -> Result<(), JournalError>;

    /// Lets go of the handle and opens a fresh one, which sees only what is durable.
    ///
    /// # Errors
    ///
    /// When the store cannot be opened now; try again later.
    fn reopen(&mut self) -> Result<(), JournalError>;
}

#[cfg(test)]
mod conformance_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod range_tests;
#[cfg(test)]
mod stated_tests;
