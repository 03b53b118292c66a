//! By which lease a machine renews.
//!
//! A broker reads in each pool's policy what the lease is now, and follows. An older one knows only
//! what the welcome said: when a lease becomes shorter than that, it would renew too seldom, so its
//! link ends and the next welcome tells it. Its seats are kept meanwhile: no end that was stated
//! comes sooner.

use hotseat_protocol::link::{FromPool, Projected};
use hotseat_protocol::quantity::LeaseMs;

/// What a machine's renewals go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RenewsBy {
    /// The pools' policies.
    Policies,
    /// What its welcome said.
    Welcome(LeaseMs),
}

impl RenewsBy {
    /// What a machine goes by that says in its greeting whether it follows, and was welcomed with
    /// this lease.
    pub(super) fn of(follows: bool, told: LeaseMs) -> Self {
        if follows { Self::Policies } else { Self::Welcome(told) }
    }

    /// Whether the machine must greet again before it is shown this.
    pub(super) fn is_outdated_by(self, frame: &FromPool) -> bool {
        let Self::Welcome(told) = self else { return false };
        let (FromPool::Snapshot { items, .. } | FromPool::Changed { items, .. }) = frame else {
            return false;
        };
        items.iter().any(|item| match item {
            Projected::Pool { pool } => {
                pool.policy.lease_ms.is_some_and(|lease_ms| lease_ms < told)
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
