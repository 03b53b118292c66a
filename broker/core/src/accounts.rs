//! Log-ins: one per OS user of this machine. The token stays in here and in the durable state; no
//! program is ever shown it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use hotseat_protocol::bounded_text::{EmailText, OsUserText, TypedPassword};
use hotseat_protocol::ids::{Secret, UserId};
use hotseat_protocol::ipc::Reply;
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::asks::{Ask, Asked};
use super::input::ConnectionId;
use super::link::What;
use super::problems;
use super::repeat::Repeat;
use super::saved::{Change, OsUser, SavedAccount};
use super::sign_off::Scope;
use super::writes::Then;

/// A token that must end.
#[derive(Debug, Clone)]
pub(super) struct EndingToken {
    pub(super) token: Secret,
    pub(super) repeat: Repeat,
}

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
            return self.reply(connection, id, Reply::Problem { problem });
        }
        let os_user = OsUserText::new(&owner.0).ok();
        let ask = self.remember(connection, id, Ask::LogIn(owner));
        let body = MachineMessage::LogIn { email, password, os_user };
        self.send(What::Ask(ask), body);
    }

    /// The pool gave a token. It counts once it is durable.
    pub(super) fn logged_in(&mut self, number: u64, account: SavedAccount) {
        let owner = match self.asks.get(&number) {
            Some(Asked { ask: Ask::LogIn(owner), .. }) => owner.clone(),
            // Nobody waits for it any more.
            _ => return self.end_token(account.token),
        };
        if let Some(old) = self.accounts.get(&owner) {
            let old = (old.token.clone(), old.user.id != account.user.id);
            self.end_token(old.0);
            if old.1 {
                self.end_all(&Scope::User(owner.clone()), ReleaseReason::SignedOffByTheUser);
            }
        }
        self.save(Change::PutAccount(owner.clone(), Box::new(account.clone())));
        self.log_ins_ended.remove(&owner);
        self.accounts.insert(owner, account);
        self.once_saved(Then::LoggedIn(number));
    }

    /// The log-in is durable, or cannot be made so: then it is undone.
    pub(super) fn log_in_saved(&mut self, number: u64, ok: bool) {
        let Some(asked) = self.asks.remove(&number) else {
            return;
        };
        let Ask::LogIn(owner) = asked.ask else {
            return;
        };
        let account = self.accounts.get(&owner).cloned();
        let reply = match account {
            Some(account) if ok => Reply::LoggedIn { user: account.user },
            Some(account) => {
                self.accounts.remove(&owner);
                self.save(Change::DropAccount(owner));
                self.end_token(account.token);
                Reply::Problem { problem: problems::state_unwritable() }
            }
            None => Reply::Problem { problem: problems::log_in_ended() },
        };
        self.reply(asked.asker.connection, asked.asker.id, reply);
    }

    /// A person logs out: signs off, ends the token, deletes it.
    pub(super) fn log_out(&mut self, connection: ConnectionId, id: u64, owner: &OsUser) {
        let scope = Scope::User(owner.clone());
        let ended = self.end_all(&scope, ReleaseReason::SignedOffByTheUser);
        if let Some(account) = self.accounts.remove(owner) {
            self.save(Change::DropAccount(owner.clone()));
            self.end_token(account.token);
        }
        self.log_ins_ended.remove(owner);
        self.lost.retain(|(user, _), _| user != owner);
        self.reply_once_safe(connection, id, Reply::Done, ended);
    }

    /// The pool says who is logged in on this machine: the log-ins of all others have ended.
    pub(super) fn log_ins(&mut self, users: &[UserId]) {
        let ended = self.accounts.iter().filter(|(_, account)| !users.contains(&account.user.id));
        let ended: Vec<OsUser> = ended.map(|(owner, _)| owner.clone()).collect();
        for owner in ended {
            self.log_in_ended(owner);
        }
    }

    /// A log-in has ended elsewhere, and its person is told. Seats stay: they hang on this machine.
    pub(super) fn log_in_ended(&mut self, owner: OsUser) {
        self.accounts.remove(&owner);
        self.save(Change::DropAccount(owner.clone()));
        self.log_ins_ended.insert(owner);
    }

    /// What a person is told whose log-in has ended elsewhere.
    pub(super) fn told_of_log_in(&self, user: &OsUser) -> Option<Problem> {
        let holds = || self.seats.values().any(|seat| seat.saved.owner == *user && self.held(seat));
        self.log_ins_ended.contains(user).then(|| problems::log_in_ended_elsewhere(holds()))
    }

    /// Ends a token, as often as it takes.
    fn end_token(&mut self, token: Secret) {
        self.last_token = self.last_token.saturating_add(1);
        let number = self.last_token;
        self.save(Change::PutEndingToken(number, token.clone()));
        let repeat = Repeat::default();
        self.ending_tokens.insert(number, EndingToken { token, repeat });
    }

    /// The pool has answered a log-out.
    pub(super) fn log_out_answered(&mut self, number: u64, done: bool) {
        let now = self.now.boot_ms;
        if done {
            self.ending_tokens.remove(&number);
            self.save(Change::DropEndingToken(number));
        } else if let Some(ending) = self.ending_tokens.get_mut(&number) {
            ending.repeat.failed(now);
        }
    }
}
