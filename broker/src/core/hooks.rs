//! Hooks: the application's own log-out, which the machine's configuration names for a pool.
//!
//! Belief in the seat ends first. What tells the pool of the end waits for the hook, no longer
//! than its time-out, and so does a new sign-on of the same user in the same pool, so that the
//! log-out cannot hit the session that follows.

use std::collections::BTreeSet;

use hotseat_protocol::ids::{PoolId, SeatId};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::effect::Effect;
use super::input::HookId;
use super::limits::HOOK_ROOM_MS;
use super::saved::{OsUser, SavedSeat};

/// A hook that runs.
#[derive(Debug, Clone)]
pub(super) struct RunningHook {
    seat: SeatId,
    owner: OsUser,
    pool: PoolId,
    /// From then on nothing waits for it.
    until: u64,
}

impl Core {
    /// Runs the hook of a seat's pool, if there is one and the machine has the time.
    pub(super) fn run_hook(&mut self, seat: &SavedSeat, reason: ReleaseReason) {
        let Some(within_ms) = self.settings.hooks.get(&seat.pool).copied() else {
            return;
        };
        let (owner, pool) = (seat.owner.clone(), seat.pool.clone());
        let now = self.now.boot_ms;
        let needed = within_ms.saturating_add(HOOK_ROOM_MS);
        if self.ending.deadline().is_some_and(|until| until.saturating_sub(now) < needed) {
            self.out.push(Effect::SkipHook { owner, pool, within_ms });
            return;
        }
        self.last_hook += 1;
        let hook = HookId(self.last_hook);
        let running = RunningHook {
            seat: seat.seat.id,
            owner: owner.clone(),
            pool: pool.clone(),
            until: now.saturating_add(within_ms),
        };
        self.hooks.insert(hook, running);
        self.out.push(Effect::RunHook { hook, owner, pool, seat: seat.seat.id, reason, within_ms });
    }

    /// A hook has ended, however it did.
    pub(super) fn hook_ended(&mut self, hook: HookId) {
        self.hooks.remove(&hook);
    }

    /// Waits no longer for hooks whose time is up.
    pub(super) fn look_for_late_hooks(&mut self) {
        let now = self.now.boot_ms;
        self.hooks.retain(|_, hook| now < hook.until);
    }

    /// Something ends soon: hooks that run already must leave room for the pool's answers.
    pub(super) fn hurry_hooks(&mut self) {
        let Some(until) = self.ending.deadline() else {
            return;
        };
        for hook in self.hooks.values_mut() {
            hook.until = hook.until.min(until.saturating_sub(HOOK_ROOM_MS));
        }
    }

    /// The seats whose end the pool is told only after their hook.
    pub(super) fn hooked(&self) -> BTreeSet<SeatId> {
        self.hooks.values().map(|hook| hook.seat).collect()
    }

    /// Whether a hook still logs this user out of the pool's application.
    pub(super) fn logs_out(&self, owner: &OsUser, pool: &PoolId) -> bool {
        self.hooks.values().any(|hook| hook.owner == *owner && hook.pool == *pool)
    }

    /// When nothing waits any more for the next hook.
    pub(super) fn hooks_deadline(&self) -> Option<u64> {
        self.hooks.values().map(|hook| hook.until).min()
    }
}
