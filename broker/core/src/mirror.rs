//! What the pool shows this machine: pools as others see them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::link::{JournalPosition, Projected};
use hotseat_protocol::view::PoolView;

/// The local copy of the pool's projection.
#[derive(Debug, Default, Clone)]
pub(super) struct Mirror {
    pools: BTreeMap<PoolId, PoolView>,
    /// A whole snapshot has arrived at least once.
    filled: bool,
    /// The number of the newest push, while nothing was missed.
    push: Option<u64>,
    /// Pages of a snapshot that is not complete.
    pages: Vec<Projected>,
    position: Option<JournalPosition>,
}

impl Mirror {
    /// A new link: a snapshot follows. What is known stays, stale, until then.
    pub(super) fn begin(&mut self, position: JournalPosition) {
        self.push = None;
        self.pages.clear();
        self.position = Some(position);
    }

    /// Whether it is whole and nothing was missed on the link that is up.
    pub(super) fn current(&self) -> bool {
        self.push.is_some()
    }

    pub(super) fn filled(&self) -> bool {
        self.filled
    }

    pub(super) fn pool(&self, pool: &PoolId) -> Option<&PoolView> {
        self.pools.get(pool)
    }

    /// The pools, in the order of their ids.
    pub(super) fn pools(&self) -> impl Iterator<Item = &PoolView> {
        self.pools.values()
    }

    /// The newest journal position that was seen.
    pub(super) fn position(&self) -> Option<JournalPosition> {
        self.position
    }

    /// One page of a snapshot; all of it, once it is complete.
    pub(super) fn snapshot(
        &mut self,
        push: u64,
        position: JournalPosition,
        (page, pages): (u32, u32),
        items: Vec<Projected>,
    ) -> Option<Vec<Projected>> {
        if page == 1 {
            self.pages.clear();
        }
        self.pages.extend(items);
        if page < pages {
            return None;
        }
        self.pools.clear();
        self.filled = true;
        self.push = Some(push);
        self.position = Some(position);
        Some(core::mem::take(&mut self.pages))
    }

    /// Changes since the push before; says whether they count.
    pub(super) fn changed(
        &mut self,
        push: u64,
        previous: u64,
        position: JournalPosition,
    ) -> Changes {
        match self.push {
            Some(seen) if seen == previous => {
                self.push = Some(push);
                self.position = Some(position);
                Changes::Count
            }
            Some(_) => {
                // Something was missed: never guess, ask.
                self.push = None;
                Changes::Missed
            }
            None => Changes::Wait,
        }
    }

    pub(super) fn show_pool(&mut self, pool: PoolView) {
        self.pools.insert(pool.id.clone(), pool);
    }

    pub(super) fn remove_pool(&mut self, pool: &PoolId) {
        self.pools.remove(pool);
    }
}

/// What is to be done about changes.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Changes {
    /// They follow on what is known.
    Count,
    /// Some before them were missed: a new snapshot is to be asked for.
    Missed,
    /// A snapshot is on its way.
    Wait,
}
