//! Log-ins: one per OS user of this machine. No program is ever shown its token.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hotseat_protocol::ids::{Secret, UserId};
use hotseat_protocol::problem::Problem;

use super::ctx::Ctx;
use super::problems;
use super::saved::{Change, OsUser, SavedAccount};

/// Who is logged in.
#[derive(Debug, Default, Clone)]
pub(super) struct Accounts {
    by_user: BTreeMap<OsUser, SavedAccount>,
    /// OS users whose log-in ended elsewhere, until they log in again: they are told.
    ended: BTreeSet<OsUser>,
}

impl Accounts {
    /// Takes up the log-ins of an earlier broker.
    pub(super) fn take_up(&mut self, accounts: BTreeMap<OsUser, SavedAccount>) {
        self.by_user = accounts;
    }

    pub(super) fn get(&self, owner: &OsUser) -> Option<&SavedAccount> {
        self.by_user.get(owner)
    }

    pub(super) fn token_of(&self, owner: &OsUser) -> Result<Secret, Problem> {
        let account = self.by_user.get(owner);
        account.map(|account| account.token.clone()).ok_or_else(problems::not_logged_in)
    }

    pub(super) fn put(&mut self, ctx: &mut Ctx, owner: OsUser, account: SavedAccount) {
        ctx.save(Change::PutAccount(owner.clone(), Box::new(account.clone())));
        self.ended.remove(&owner);
        self.by_user.insert(owner, account);
    }

    pub(super) fn remove(&mut self, ctx: &mut Ctx, owner: &OsUser) -> Option<SavedAccount> {
        let account = self.by_user.remove(owner)?;
        ctx.save(Change::DropAccount(owner.clone()));
        Some(account)
    }

    /// A person logs out: nothing more is told of the log-in before.
    pub(super) fn log_out(&mut self, ctx: &mut Ctx, owner: &OsUser) -> Option<SavedAccount> {
        self.ended.remove(owner);
        self.remove(ctx, owner)
    }

    /// A log-in has ended elsewhere, and its person is told. Seats stay: they hang on this machine.
    pub(super) fn mark_ended(&mut self, ctx: &mut Ctx, owner: OsUser) {
        self.by_user.remove(&owner);
        ctx.save(Change::DropAccount(owner.clone()));
        self.ended.insert(owner);
    }

    /// The pool says who is logged in on this machine: the log-ins of all others have ended.
    pub(super) fn mark_ended_except(&mut self, ctx: &mut Ctx, users: &[UserId]) {
        let others = self.by_user.iter().filter(|(_, account)| !users.contains(&account.user.id));
        for owner in others.map(|(owner, _)| owner.clone()).collect::<Vec<_>>() {
            self.mark_ended(ctx, owner);
        }
    }

    /// Whether a person is told that their log-in has ended elsewhere.
    pub(super) fn has_ended(&self, user: &OsUser) -> bool {
        self.ended.contains(user)
    }

    /// Forgets all log-ins: they are good for one machine of one pool server.
    pub(super) fn forget_all(&mut self, ctx: &mut Ctx) {
        for owner in core::mem::take(&mut self.by_user).into_keys() {
            ctx.save(Change::DropAccount(owner));
        }
    }
}
