//! What is owed to the pool: ends, log-outs and overdrafts are written down and said until they are
//! answered. A hook holds back what it must come before, and a program hears of an end once
//! nothing of it can be lost.

mod acks;
mod delivery;
mod entries;
pub(crate) mod hooks;
pub(crate) mod repeat;

use alloc::collections::BTreeMap;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId, SeatRef, Secret};
use hotseat_protocol::reason::ReleaseReason;

use self::acks::Acks;
use self::delivery::Deliveries;
use self::hooks::Hooks;
use super::ctx::Ctx;
use super::saved::{SavedOverdraft, SavedSignOff};

pub(crate) use self::acks::Ended;
pub(crate) use self::entries::{Cancel, EndingToken};

/// All that is owed.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    pub(crate) sign_offs: Deliveries<SavedSignOff>,
    pub(crate) cancels: Deliveries<Cancel>,
    ending_tokens: Deliveries<EndingToken>,
    last_token: u64,
    pub(crate) overdrafts: Deliveries<SavedOverdraft>,
    last_overdraft: u64,
    pub(crate) hooks: Hooks,
    pub(crate) acks: Acks,
}

impl Outbox {
    /// One that owes nothing, with the time-outs of the machine's hooks in ms.
    pub(crate) fn new(hooks: BTreeMap<PoolId, u64>) -> Self {
        Self {
            sign_offs: Deliveries::default(),
            cancels: Deliveries::default(),
            ending_tokens: Deliveries::default(),
            last_token: 0,
            overdrafts: Deliveries::default(),
            last_overdraft: 0,
            hooks: Hooks::new(hooks),
            acks: Acks::default(),
        }
    }

    /// Writes a sign-off down; from here on no answer about this seat and epoch is believed.
    pub(crate) fn sign_off(&mut self, ctx: &mut Ctx, seat: SeatRef, reason: ReleaseReason) {
        self.sign_offs.put(ctx, seat.id, SavedSignOff { seat, reason });
    }

    /// Whether a sign-off of this seat, at this or a later epoch, is written down.
    pub(crate) fn has_sign_off(&self, seat: SeatRef) -> bool {
        self.sign_offs.get(seat.id).is_some_and(|off| off.seat.epoch.covers(seat.epoch))
    }

    /// Asks the pool to end a token, until it confirms.
    pub(crate) fn end_token(&mut self, ctx: &mut Ctx, token: Secret) {
        self.last_token = self.last_token.saturating_add(1);
        self.ending_tokens.put(ctx, self.last_token, EndingToken(token));
    }

    /// Takes up a token that an earlier broker was to end.
    pub(crate) fn restore_token(&mut self, number: u64, token: Secret) {
        self.last_token = self.last_token.max(number);
        self.ending_tokens.restore(number, EndingToken(token));
    }

    /// Writes a new overdraft down.
    pub(crate) fn begin_overdraft(&mut self, ctx: &mut Ctx, saved: SavedOverdraft) {
        self.last_overdraft = self.last_overdraft.saturating_add(1);
        self.overdrafts.put(ctx, self.last_overdraft, saved);
    }

    /// Keeps the number of an overdraft that an earlier broker wrote down from being used again.
    pub(crate) fn reserve_overdraft_number(&mut self, number: u64) {
        self.last_overdraft = self.last_overdraft.max(number);
    }

    /// Says the ends that are due. They go before anything else.
    pub(crate) fn send_ends(&mut self, ctx: &mut Ctx) {
        self.sign_offs.send(ctx, &self.hooks);
        self.cancels.send(ctx, &self.hooks);
    }

    /// Says what else is due.
    pub(crate) fn send_others(&mut self, ctx: &mut Ctx) {
        self.ending_tokens.send(ctx, &self.hooks);
        self.overdrafts.send(ctx, &self.hooks);
    }

    /// The pool has answered a sign-off; says whether the seat has ended by it.
    pub(crate) fn sign_off_answered(&mut self, ctx: &mut Ctx, seat: SeatRef, done: bool) -> bool {
        let known = self.sign_offs.get(seat.id).is_some_and(|off| off.seat == seat);
        if known {
            self.sign_offs.answered(ctx, seat.id, done);
        }
        known && done
    }

    /// The pool has answered a cancel.
    pub(crate) fn cancel_answered(&mut self, ctx: &mut Ctx, request: RequestId, done: bool) {
        self.cancels.answered(ctx, request, done);
    }

    /// The pool has answered a log-out.
    pub(crate) fn log_out_answered(&mut self, ctx: &mut Ctx, number: u64, done: bool) {
        self.ending_tokens.answered(ctx, number, done);
    }

    /// The pool has answered an overdraft.
    pub(crate) fn overdraft_answered(&mut self, ctx: &mut Ctx, number: u64, done: bool) {
        self.overdrafts.answered(ctx, number, done);
    }

    /// The link is gone: everything unanswered is said again.
    pub(crate) fn link_gone(&mut self) {
        self.sign_offs.link_gone();
        self.cancels.link_gone();
        self.ending_tokens.link_gone();
        self.overdrafts.link_gone();
    }

    /// Forgets all that is owed to a pool server of which nothing counts any more.
    pub(crate) fn forget_all(&mut self, ctx: &mut Ctx) {
        self.sign_offs.forget(ctx, |_| true);
        self.cancels.forget(ctx, |_| true);
        self.ending_tokens.forget(ctx, |_| true);
        self.overdrafts.forget(ctx, |_| true);
    }

    /// Whether the pool has answered all ends.
    pub(crate) fn all_ends_answered(&self) -> bool {
        self.sign_offs.is_empty() && self.cancels.is_empty()
    }

    /// When something is to be said again.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let hooks = &self.hooks;
        [
            self.sign_offs.deadline(hooks),
            self.cancels.deadline(hooks),
            self.ending_tokens.deadline(hooks),
            self.overdrafts.deadline(hooks),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Gives the acknowledgements of which the pool has answered every end.
    pub(crate) fn acknowledge_answered(&mut self, ctx: &mut Ctx) {
        let owes_seat = |seat: SeatId| self.sign_offs.contains(seat);
        let owes_request = |request: RequestId| self.cancels.contains(request);
        self.acks.give_answered(ctx, owes_seat, owes_request);
    }
}
