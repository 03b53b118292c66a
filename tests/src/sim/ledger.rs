//! What is durable: a state of its own, kept from the records that are on the pool's disk and from
//! nothing that the pool says.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use hotseat_pool::journal::Journal;
use hotseat_pool::journal::memory::MemoryDisk;
use hotseat_protocol::ids::{SeatId, Seq};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{Event, State, apply};

/// The ledger.
#[derive(Debug)]
pub(super) struct Ledger {
    disk: MemoryDisk,
    state: State,
    digest: DefaultHasher,
    /// Why each seat was released, also where the pool died before it could say so.
    pub(super) released: BTreeMap<SeatId, ReleaseReason>,
}

impl Ledger {
    /// The ledger of a disk.
    #[must_use]
    pub(super) fn of(disk: &MemoryDisk) -> Self {
        let digest = DefaultHasher::new();
        let mut ledger =
            Self { disk: disk.clone(), state: State::default(), digest, released: BTreeMap::new() };
        ledger.catch_up();
        ledger
    }

    /// Another store takes the place of this one.
    pub(super) fn put_back(&mut self, disk: &MemoryDisk) {
        let digest = self.digest.clone();
        *self =
            Self { disk: disk.clone(), state: State::default(), digest, released: BTreeMap::new() };
        self.catch_up();
    }

    /// Reads what was written since; says whether that was anything.
    pub(super) fn catch_up(&mut self) -> bool {
        let mut handle = self.disk.open();
        let before = self.state.seq();
        while handle.newest().is_ok_and(|newest| newest > self.state.seq()) {
            let page = handle.read_after(self.state.seq()).expect("memory can be read");
            for stored in page {
                let record = stored.read().expect("a record that was written can be read");
                if let Event::SeatReleased { seat, release } = &record.event {
                    self.released.insert(*seat, release.reason);
                }
                apply(&mut self.state, &record.event, record.at());
                self.digest.write(stored.payload.as_bytes());
            }
        }
        before != self.state.seq()
    }

    /// What is durable, as of the last [`Ledger::catch_up`].
    #[must_use]
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The newest record.
    #[must_use]
    pub(super) fn seq(&self) -> Seq {
        self.state.seq()
    }

    /// A hash over all that the records say; when they were written is no part of it.
    #[must_use]
    pub(super) fn digest(&self) -> u64 {
        self.digest.finish()
    }
}
