//! Requests that one message to the pool answers: checks, log-ins, declined offers. They are
//! answered, or given up, or end with the link; nothing is repeated.

use alloc::vec::Vec;

use hotseat_protocol::ids::{ClientName, Operation, PoolId, RequestId, Secret};
use hotseat_protocol::ipc::Reply;
use hotseat_protocol::link::{MachineMessage, PoolAnswer};
use hotseat_protocol::problem::Problem;

use super::Core;
use super::input::ConnectionId;
use super::limits::ANSWER_LIMIT_MS;
use super::link::What;
use super::problems;
use super::saved::{OsUser, SavedAccount};
use super::sign_on::Asker;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Check,
    Decline(RequestId),
    LogIn(OsUser),
}

/// One that is under way.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) ask: Ask,
    pub(super) asker: Asker,
}

impl Core {
    /// Notes who waits for the answer to the message that is sent next.
    pub(super) fn remember(&mut self, connection: ConnectionId, id: u64, ask: Ask) -> u64 {
        let give_up_at = self.now.boot_ms.saturating_add(ANSWER_LIMIT_MS);
        let asker = Asker { connection, id, give_up_at };
        self.last_ask = self.last_ask.saturating_add(1);
        self.asks.insert(self.last_ask, Asked { ask, asker });
        self.last_ask
    }

    /// A program makes a check.
    pub(super) fn check(
        &mut self,
        (connection, id): (ConnectionId, u64),
        owner: &OsUser,
        (request, pool): (RequestId, PoolId),
        (client, operation): (ClientName, Option<Operation>),
    ) {
        let token = self.may_ask(owner).and_then(|_| self.token_of(owner));
        let token = match token {
            Ok(token) => token,
            Err(problem) => return self.reply(connection, id, Reply::Problem { problem }),
        };
        let ask = self.remember(connection, id, Ask::Check);
        let body = MachineMessage::Check { request, token, pool, client, operation };
        self.send(What::Ask(ask), body);
    }

    fn token_of(&self, owner: &OsUser) -> Result<Secret, Problem> {
        let account = self.accounts.get(owner);
        account.map(|account| account.token.clone()).ok_or_else(problems::not_logged_in)
    }

    /// The pool has answered.
    pub(super) fn ask_answered(&mut self, number: u64, answer: PoolAnswer) {
        if let PoolAnswer::LoggedIn { token, user, expires_at } = answer {
            return self.logged_in(number, SavedAccount { token, user, expires_at });
        }
        let Some(Asked { ask, asker }) = self.asks.remove(&number) else {
            return;
        };
        let reply = match (ask, answer) {
            (_, PoolAnswer::Problem { problem }) => Reply::Problem { problem },
            (Ask::Check, PoolAnswer::Outcome { outcome }) => {
                return self.reply_outcome(&asker, outcome, None, None);
            }
            (Ask::Decline(request), PoolAnswer::Done) => {
                self.declined(request);
                Reply::Done
            }
            _ => Reply::Problem { problem: problems::strange_answer() },
        };
        self.reply(asker.connection, asker.id, reply);
    }

    /// The link is gone, and their answers with it.
    pub(super) fn asks_without_link(&mut self) {
        for asked in core::mem::take(&mut self.asks).into_values() {
            let problem = problems::pool_unreachable();
            let asker = asked.asker;
            self.reply(asker.connection, asker.id, Reply::Problem { problem });
        }
    }

    /// Gives up those that were not answered in time.
    pub(super) fn give_up_asks(&mut self) {
        let now = self.now.boot_ms;
        let late: Vec<u64> = self
            .asks
            .iter()
            .filter(|(_, asked)| now >= asked.asker.give_up_at)
            .map(|(number, _)| *number)
            .collect();
        for number in late {
            if let Some(asked) = self.asks.remove(&number) {
                let problem = problems::no_answer();
                let asker = asked.asker;
                self.reply(asker.connection, asker.id, Reply::Problem { problem });
            }
        }
    }
}
