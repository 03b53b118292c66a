//! By which lease a machine renews.
//!
//! A broker reads in each pool's policy what the lease is now, and follows. An older one knows only
//! what the welcome said: when a lease becomes shorter than that, it would renew too seldom, so its
//! link ends and the next welcome tells it. Its seats are kept meanwhile: no end that was stated
//! comes sooner.

use hotseat_protocol::link::{FromPool, Projected};

/// What a machine's renewals go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RenewsBy {
    /// The pools' policies.
    Policies,
    /// What its welcome said, in ms.
    Welcome(u64),
}

impl RenewsBy {
    /// What a machine goes by that says in its greeting whether it follows, and was welcomed with
    /// this lease.
    pub(super) fn of(follows: bool, told_ms: u64) -> Self {
        if follows { Self::Policies } else { Self::Welcome(told_ms) }
    }

    /// Whether the machine must greet again before it is shown this.
    pub(super) fn is_outdated_by(self, frame: &FromPool) -> bool {
        let Self::Welcome(told_ms) = self else { return false };
        let (FromPool::Snapshot { items, .. } | FromPool::Changed { items, .. }) = frame else {
            return false;
        };
        items.iter().any(|item| match item {
            Projected::Pool { pool } => {
                pool.policy.lease_ms.is_some_and(|lease_ms| lease_ms < told_ms)
            }
            Projected::PoolRemoved { .. }
            | Projected::Seat { .. }
            | Projected::SeatEnded { .. }
            | Projected::Place { .. }
            | Projected::PlaceEnded { .. }
            | Projected::Unknown => false,
        })
    }
}
