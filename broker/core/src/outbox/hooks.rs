//! Hooks: the application's own log-out, which the machine's configuration names for a pool.
//!
//! Belief in the seat ends first. What tells the pool of the end waits for the hook, no longer
//! than its time-out, and so does a new sign-on of the same user in the same pool, so that the
//! log-out cannot hit the session that follows.
//!
//! A hook is durable with the end that it belongs to: one that a crash of the broker interrupted is
//! run again by the next broker, so each is run at least once.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, SeatId};
use hotseat_protocol::reason::ReleaseReason;

use crate::ctx::Ctx;
use crate::effect::Effect;
use crate::input::HookId;
use crate::limits::HOOK_ROOM_MS;
use crate::saved::{Change, OsUser, SavedHook, SavedSeat};

/// A hook that runs.
#[derive(Debug, Clone)]
struct RunningHook {
    seat: SeatId,
    owner: OsUser,
    pool: PoolId,
    /// An earlier broker began with it.
    left: bool,
    /// From then on nothing waits for it.
    until: u64,
}

/// The hooks that the machine's configuration names, and those that run.
#[derive(Debug, Clone)]
pub(crate) struct Hooks {
    /// The pools with a hook, and its time-out in ms.
    configured: BTreeMap<PoolId, u64>,
    running: BTreeMap<HookId, RunningHook>,
    last: u64,
}

impl Hooks {
    pub(super) fn new(configured: BTreeMap<PoolId, u64>) -> Self {
        Self { configured, running: BTreeMap::new(), last: 0 }
    }

    #[cfg(test)]
    pub(crate) fn configure(&mut self, pool: PoolId, within_ms: u64) {
        self.configured.insert(pool, within_ms);
    }

    /// Runs the hook of a seat's pool, if there is one and the machine has the time: `until` is the
    /// end of the budget in which it stops or sleeps.
    pub(crate) fn run(
        &mut self,
        ctx: &mut Ctx,
        seat: &SavedSeat,
        reason: ReleaseReason,
        until: Option<u64>,
    ) {
        let Some(within_ms) = self.configured.get(&seat.pool).copied() else {
            return;
        };
        let (owner, pool) = (seat.owner.clone(), seat.pool.clone());
        let now = ctx.now.boot_ms;
        let needed = within_ms.saturating_add(HOOK_ROOM_MS);
        if until.is_some_and(|until| until.saturating_sub(now) < needed) {
            ctx.effect(Effect::SkipHook { owner, pool, within_ms });
            return;
        }
        let saved = SavedHook { owner, pool, reason };
        ctx.save(Change::PutHook(seat.seat.id, Box::new(saved.clone())));
        self.begin(ctx, seat.seat.id, saved, within_ms, false);
    }

    /// Runs the hooks that an earlier broker did not see the end of.
    pub(crate) fn take_up(&mut self, ctx: &mut Ctx, left: BTreeMap<SeatId, SavedHook>) {
        for (seat, saved) in left {
            match self.configured.get(&saved.pool).copied() {
                Some(within_ms) => self.begin(ctx, seat, saved, within_ms, true),
                // The configuration no longer names it.
                None => ctx.save(Change::DropHook(seat)),
            }
        }
    }

    fn begin(&mut self, ctx: &mut Ctx, seat: SeatId, saved: SavedHook, within_ms: u64, left: bool) {
        let SavedHook { owner, pool, reason } = saved;
        self.last = self.last.saturating_add(1);
        let hook = HookId(self.last);
        let until = ctx.now.boot_ms.saturating_add(within_ms);
        let running = RunningHook { seat, owner: owner.clone(), pool: pool.clone(), left, until };
        self.running.insert(hook, running);
        ctx.effect(Effect::RunHook { hook, owner, pool, seat, reason, within_ms });
    }

    /// A hook has ended, however it did.
    pub(crate) fn ended(&mut self, ctx: &mut Ctx, hook: HookId) {
        let Some(RunningHook { seat, .. }) = self.running.remove(&hook) else {
            return;
        };
        if !self.holds_back(seat) {
            ctx.save(Change::DropHook(seat));
        }
    }

    /// Waits no longer for hooks whose time is up.
    pub(crate) fn look_for_late(&mut self, ctx: &mut Ctx) {
        let now = ctx.now.boot_ms;
        let late = self.running.iter().filter(|(_, hook)| now >= hook.until);
        for hook in late.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.ended(ctx, hook);
        }
    }

    /// Something ends at this time: hooks that run already must leave room for the pool's answers.
    pub(crate) fn hurry(&mut self, until: u64) {
        for hook in self.running.values_mut() {
            hook.until = hook.until.min(until.saturating_sub(HOOK_ROOM_MS));
        }
    }

    /// Whether a hook of this seat runs: the pool is told of its end only afterwards.
    pub(crate) fn holds_back(&self, seat: SeatId) -> bool {
        self.running.values().any(|hook| hook.seat == seat)
    }

    /// Whether a hook still logs this user out of the pool's application.
    pub(crate) fn are_logging_out(&self, owner: &OsUser, pool: &PoolId) -> bool {
        self.running.values().any(|hook| hook.owner == *owner && hook.pool == *pool)
    }

    /// Whether hooks run that an earlier broker began.
    pub(super) fn any_left_over(&self) -> bool {
        self.running.values().any(|hook| hook.left)
    }

    pub(crate) fn none_running(&self) -> bool {
        self.running.is_empty()
    }

    /// When nothing waits any more for the next hook.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.running.values().map(|hook| hook.until).min()
    }
}
