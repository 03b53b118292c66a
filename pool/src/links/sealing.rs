//! When a machine is told a journal position under the pool's seal.

use std::time::Duration;

use hotseat_protocol::ids::Generation;
use hotseat_protocol::link::{FromPool, JournalPosition, Projected};
use hotseat_rules::{Mono, Position};

use crate::directory::PositionKey;

/// A machine that is told nothing of its own is sent a seal at most so often.
const SEALED_EVERY: Duration = Duration::from_secs(30);

/// When this link was last sent one.
#[derive(Debug)]
pub struct Sealing {
    at: Mono,
}

impl Sealing {
    /// The welcome bore a seal.
    #[must_use]
    pub fn begun(now: Mono) -> Self {
        Self { at: now }
    }

    /// The seal that follows a push: always when it tells something about the machine's own seats
    /// and places, so that whatever is told it can be proved by it; now and then otherwise.
    pub fn after(&mut self, push: &FromPool, now: Mono, key: &PositionKey) -> Option<FromPool> {
        let (position, own) = told(push)?;
        if !own && now < self.at + SEALED_EVERY {
            return None;
        }
        self.at = now;
        let sealed = Position { generation: Generation(position.generation), seq: position.seq };
        Some(FromPool::Sealed { position, seal: key.seal(sealed) })
    }
}

/// Up to where a push tells, and whether of the machine's own.
fn told(push: &FromPool) -> Option<(JournalPosition, bool)> {
    let own = |item: &Projected| {
        !matches!(item, Projected::Pool { .. } | Projected::PoolRemoved { .. } | Projected::Unknown)
    };
    match push {
        FromPool::Changed { position, items, .. } => Some((*position, items.iter().any(own))),
        FromPool::Snapshot { position, page, pages, .. } => Some((*position, page == pages)),
        FromPool::Welcome { .. }
        | FromPool::Refused { .. }
        | FromPool::Answer { .. }
        | FromPool::AnswerToOdd { .. }
        | FromPool::Sealed { .. }
        | FromPool::CloneSeen { .. }
        | FromPool::LogIns { .. }
        | FromPool::WarnIdle { .. }
        | FromPool::Kept { .. }
        | FromPool::Unknown => None,
    }
}
