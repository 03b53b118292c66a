//! Log-ins: how a person logs in and out, and what that ends.

use hotseat_protocol::bounded_text::{EmailText, OsUserText, TypedPassword};
use hotseat_protocol::ids::UserId;
use hotseat_protocol::ipc::Reply;
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::asks::{Ask, Asked};
use super::in_flight::InFlight;
use super::input::ConnectionId;
use super::problems;
use super::saved::{OsUser, SavedAccount};
use super::sign_off::Scope;
use super::writes::Then;

impl Core {
    /// Whether this OS user may ask the pool for something now, and as whom.
    pub(super) fn may_ask(&self, owner: &OsUser) -> Result<UserId, Problem> {
        if let Some(problem) = self.ending.refusal() {
            return Err(problem);
        }
        if self.link.is_none() && self.settings.server_url.is_none() {
            return Err(problems::not_enrolled());
        }
        let account = self.accounts.get(owner);
        let user = account.ok_or_else(problems::not_logged_in)?.user.id;
        self.link_is_up()?;
        Ok(user)
    }

    /// A person logs in; the password goes through.
    pub(super) fn log_in(
        &mut self,
        (connection, id): (ConnectionId, u64),
        owner: OsUser,
        email: EmailText,
        password: TypedPassword,
    ) {
        if let Err(problem) = self.link_is_up() {
            return self.ctx.reply(connection, id, Reply::Problem { problem });
        }
        let os_user = OsUserText::new(&owner.0).ok();
        let ask = self.asks.remember(self.ctx.now.boot_ms, (connection, id), Ask::LogIn(owner));
        let body = MachineMessage::LogIn { email, password, os_user };
        self.ctx.send(InFlight::Ask(ask), body);
    }

    /// The pool gave a token. It counts once it is durable.
    pub(super) fn logged_in(&mut self, number: u64, account: SavedAccount) {
        let owner = match self.asks.get(number) {
            Some(Asked { ask: Ask::LogIn(owner), .. }) => owner.clone(),
            // Nobody waits for it any more.
            _ => return self.outbox.end_token(&mut self.ctx, account.token),
        };
        if let Some(old) = self.accounts.get(&owner) {
            let old = (old.token.clone(), old.user.id != account.user.id);
            self.outbox.end_token(&mut self.ctx, old.0);
            if old.1 {
                self.end_all(&Scope::User(owner.clone()), ReleaseReason::SignedOffByTheUser);
            }
        }
        self.accounts.put(&mut self.ctx, owner, account);
        self.ctx.once_saved(Then::LoggedIn(number));
    }

    /// The log-in is durable, or cannot be made so: then it is undone.
    pub(super) fn log_in_saved(&mut self, number: u64, ok: bool) {
        let Some(asked) = self.asks.take(number) else {
            return;
        };
        let Ask::LogIn(owner) = asked.ask else {
            return;
        };
        let account = self.accounts.get(&owner).cloned();
        let reply = match account {
            Some(account) if ok => Reply::LoggedIn { user: account.user },
            Some(account) => {
                self.accounts.remove(&mut self.ctx, &owner);
                self.outbox.end_token(&mut self.ctx, account.token);
                Reply::Problem { problem: problems::state_unwritable() }
            }
            None => Reply::Problem { problem: problems::log_in_ended() },
        };
        self.ctx.reply(asked.asker.connection, asked.asker.id, reply);
    }

    /// A person logs out: signs off, ends the token, deletes it.
    pub(super) fn log_out(&mut self, connection: ConnectionId, id: u64, owner: &OsUser) {
        let scope = Scope::User(owner.clone());
        let ended = self.end_all(&scope, ReleaseReason::SignedOffByTheUser);
        if let Some(account) = self.accounts.log_out(&mut self.ctx, owner) {
            self.outbox.end_token(&mut self.ctx, account.token);
        }
        self.lost.retain(|(user, _), _| user != owner);
        self.outbox.acks.reply_once_safe(&mut self.ctx, (connection, id), Reply::Done, ended);
    }

    /// The pool says who is logged in on this machine: the log-ins of all others have ended.
    pub(super) fn log_ins(&mut self, users: &[UserId]) {
        self.accounts.mark_ended_except(&mut self.ctx, users);
    }

    /// What a person is told whose log-in has ended elsewhere.
    pub(super) fn log_in_trouble(&self, user: &OsUser) -> Option<Problem> {
        let holds = || self.seats.values().any(|seat| seat.saved.owner == *user && self.held(seat));
        self.accounts.has_ended(user).then(|| problems::log_in_ended_elsewhere(holds()))
    }
}
