//! The journal of a store that must not be written.

use hotseat_protocol::ids::Seq;

use super::assess::Poison;
use super::store::Tables;
use super::{Append, Journal, JournalError, StoredRecord, StoredSnapshot};

/// Refuses everything: a pool that only reads has read its journal before.
#[derive(Debug)]
pub(crate) struct ReadOnlyJournal {
    poison: Poison,
    /// With them the store's lock is held for as long as the pool runs.
    _tables: Tables,
}

impl ReadOnlyJournal {
    /// Of the store that these tables are in.
    pub(crate) fn new(poison: Poison, tables: Tables) -> Self {
        Self { poison, _tables: tables }
    }

    fn error(&self) -> JournalError {
        self.poison.clone().into()
    }
}

impl Journal for ReadOnlyJournal {
    fn newest(&mut self) -> Result<Seq, JournalError> {
        Err(self.error())
    }

    fn append(&mut self, _: Seq, _: &[StoredRecord]) -> Append {
        Append::Failed(self.error())
    }

    fn read_after(&mut self, _: Seq) -> Result<Vec<StoredRecord>, JournalError> {
        Err(self.error())
    }

    fn save_snapshot(&mut self, _: &StoredSnapshot) -> Result<(), JournalError> {
        Err(self.error())
    }

    fn snapshots(&mut self) -> Result<Vec<StoredSnapshot>, JournalError> {
        Err(self.error())
    }

    fn probe(&mut self) -> Result<(), JournalError> {
        Err(self.error())
    }

    fn reopen(&mut self) -> Result<(), JournalError> {
        Err(self.error())
    }
}
