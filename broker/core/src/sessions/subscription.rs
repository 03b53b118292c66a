//! What a program that listens was shown last: one snapshot, then every change, numbered.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Change, FromBroker, PoolState, View};

/// A connection that wants to hear of changes.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    seq: u64,
    last: View,
}

impl Subscription {
    /// Begins with all that there is to see; the numbers of an older one go on.
    pub(super) fn begin(old: Option<&Self>, view: View) -> (Self, FromBroker) {
        let seq = old.map_or(0, |old| old.seq).saturating_add(1);
        (Self { seq, last: view.clone() }, FromBroker::Snapshot { seq, view })
    }

    /// What has changed since, if anything.
    pub(super) fn next(&mut self, view: &View) -> Option<FromBroker> {
        let changes = differences(&self.last, view);
        if changes.is_empty() {
            return None;
        }
        self.seq = self.seq.saturating_add(1);
        self.last = view.clone();
        Some(FromBroker::Changed { seq: self.seq, changes })
    }
}

fn differences(old: &View, new: &View) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.link != new.link {
        let link = new.link.clone();
        changes.push(Change::Link { link });
    }
    if old.trouble != new.trouble {
        let trouble = new.trouble.clone();
        changes.push(Change::Trouble { trouble });
    }
    if old.account != new.account {
        let account = new.account.clone();
        changes.push(Change::Account { account });
    }
    let by_id = |view: &View| -> BTreeMap<PoolId, PoolState> {
        let pools = view.pools.iter();
        pools.map(|p| (p.pool.id.clone(), p.clone())).collect()
    };
    let mut before = by_id(old);
    for pool in &new.pools {
        if before.remove(&pool.pool.id).as_ref() != Some(pool) {
            let pool = Box::new(pool.clone());
            changes.push(Change::Pool { pool });
        }
    }
    changes.extend(before.into_keys().map(|pool| Change::PoolRemoved { pool }));
    changes
}
