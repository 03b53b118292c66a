//! How long waiters have waited lately, so that others can be told what to expect.
//!
//! Volatile: after a start it is learnt anew. For people only, so the wall clock's differences do.

use std::collections::{BTreeMap, VecDeque};

use hotseat_protocol::ids::{PoolId, WallTime};

/// How many waits are remembered in each pool: a morning's worth.
const REMEMBERED: usize = 50;

/// With fewer nothing is said: two people are no habit.
const TOLD_FROM: usize = 5;

/// The waits that ended with a seat, in seconds, the newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    pools: BTreeMap<PoolId, VecDeque<u32>>,
}

impl Waits {
    /// A waiter got a seat.
    pub(super) fn seated(&mut self, pool: &PoolId, since: WallTime, at: WallTime) {
        let seconds = at.unix_ms.saturating_sub(since.unix_ms).max(0) / 1000;
        let waits = self.pools.entry(pool.clone()).or_default();
        if waits.len() == REMEMBERED {
            waits.pop_front();
        }
        waits.push_back(u32::try_from(seconds).unwrap_or(u32::MAX));
    }

    /// Half of the waiters waited between these two, in seconds; none while too little is known.
    pub(super) fn usually(&self, pool: &PoolId) -> Option<[u32; 2]> {
        let waits = self.pools.get(pool).filter(|waits| waits.len() >= TOLD_FROM)?;
        let mut sorted: Vec<u32> = waits.iter().copied().collect();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        Some([sorted[last / 4], sorted[last.saturating_sub(last / 4)]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> PoolId {
        PoolId::new("infor-crm").expect("a name")
    }

    fn at(seconds: i64) -> WallTime {
        WallTime { unix_ms: seconds * 1000 }
    }

    #[test]
    fn half_of_the_waits_lie_between_and_few_say_nothing() {
        let mut waits = Waits::default();
        for wait in [600, 10, 20, 30] {
            waits.seated(&pool(), at(100), at(100 + wait));
        }
        assert_eq!(waits.usually(&pool()), None);
        waits.seated(&pool(), at(100), at(140));
        assert_eq!(waits.usually(&pool()), Some([20, 40]));
    }

    #[test]
    fn a_wall_clock_that_was_set_back_makes_a_wait_of_nothing() {
        let mut waits = Waits::default();
        for _ in 0..TOLD_FROM {
            waits.seated(&pool(), at(100), at(50));
        }
        assert_eq!(waits.usually(&pool()), Some([0, 0]));
    }

    #[test]
    fn old_habits_are_forgotten() {
        let mut waits = Waits::default();
        for wait in [1000, 5] {
            for _ in 0..REMEMBERED {
                waits.seated(&pool(), at(0), at(wait));
            }
        }
        assert_eq!(waits.usually(&pool()), Some([5, 5]));
    }
}
