//! Hooks: the application's own log-out, which the machine's configuration names for a pool.
//!
//! Belief in the seat ends first. What tells the pool of the end waits for the hook, no longer
//! than its time-out, and so does a new sign-on of the same user in the same pool, so that the
//! log-out cannot hit the session that follows.
//!
//! A hook is durable with the end that it belongs to: one that a crash of the broker interrupted is
//! run again by the next broker, so each is run at least once.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, SeatId};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::effect::Effect;
use super::input::HookId;
use super::limits::HOOK_ROOM_MS;
use super::saved::{Change, OsUser, SavedHook, SavedSeat};
use super::sign_off::Cancel;

/// A hook that runs.
#[derive(Debug, Clone)]
pub(super) struct RunningHook {
    seat: SeatId,
    owner: OsUser,
    pool: PoolId,
    /// An earlier broker began with it.
    left: bool,
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
        let saved = SavedHook { owner, pool, reason };
        self.save(Change::PutHook(seat.seat.id, Box::new(saved.clone())));
        self.begin_hook(seat.seat.id, saved, within_ms, false);
    }

    /// Runs the hooks that an earlier broker did not see the end of.
    pub(super) fn take_up_hooks(&mut self, left: BTreeMap<SeatId, SavedHook>) {
        for (seat, saved) in left {
            match self.settings.hooks.get(&saved.pool).copied() {
                Some(within_ms) => self.begin_hook(seat, saved, within_ms, true),
                // The configuration no longer names it.
                None => self.save(Change::DropHook(seat)),
            }
        }
    }

    fn begin_hook(&mut self, seat: SeatId, saved: SavedHook, within_ms: u64, left: bool) {
        let SavedHook { owner, pool, reason } = saved;
        self.last_hook = self.last_hook.saturating_add(1);
        let hook = HookId(self.last_hook);
        let until = self.now.boot_ms.saturating_add(within_ms);
        let running = RunningHook { seat, owner: owner.clone(), pool: pool.clone(), left, until };
        self.hooks.insert(hook, running);
        self.out.push(Effect::RunHook { hook, owner, pool, seat, reason, within_ms });
    }

    /// A hook has ended, however it did.
    pub(super) fn hook_ended(&mut self, hook: HookId) {
        let Some(RunningHook { seat, .. }) = self.hooks.remove(&hook) else {
            return;
        };
        if !self.hooked().contains(&seat) {
            self.save(Change::DropHook(seat));
        }
    }

    /// Waits no longer for hooks whose time is up.
    pub(super) fn look_for_late_hooks(&mut self) {
        let now = self.now.boot_ms;
        let late = self.hooks.iter().filter(|(_, hook)| now >= hook.until);
        for hook in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.hook_ended(hook);
        }
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

    /// Whether a cancel must wait: what it ends may be a seat whose hook runs. Whose sign-on it was,
    /// only the broker knows that wrote the cancel down; after a restart it waits for all that was
    /// left.
    pub(super) fn cancel_waits(&self, cancel: &Cancel) -> bool {
        match &cancel.of {
            Some((owner, pool)) => self.logs_out(owner, pool),
            None => self.hooks.values().any(|hook| hook.left),
        }
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
