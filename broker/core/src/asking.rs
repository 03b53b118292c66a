//! Checks are asked; what becomes of the answers to them, to log-ins and to declined offers.

use hotseat_protocol::ids::{ClientName, Operation, PoolId, RequestId};
use hotseat_protocol::ipc::Reply;
use hotseat_protocol::link::{MachineMessage, PoolAnswer};

use super::Core;
use super::asks::{Ask, Asked};
use super::in_flight::InFlight;
use super::input::ConnectionId;
use super::problems;
use super::saved::{OsUser, SavedAccount};

impl Core {
    /// A program makes a check.
    pub(super) fn check(
        &mut self,
        (connection, id): (ConnectionId, u64),
        owner: &OsUser,
        (request, pool): (RequestId, PoolId),
        (client, operation): (ClientName, Option<Operation>),
    ) {
        let token = self.may_ask(owner).and_then(|_| self.accounts.token_of(owner));
        let token = match token {
            Ok(token) => token,
            Err(problem) => return self.ctx.reply(connection, id, Reply::Problem { problem }),
        };
        let ask = self.asks.remember(self.ctx.now.boot_ms, (connection, id), Ask::Check);
        let body = MachineMessage::Check { request, token, pool, client, operation };
        self.ctx.send(InFlight::Ask(ask), body);
    }

    /// The pool has answered.
    pub(super) fn ask_answered(&mut self, number: u64, answer: PoolAnswer) {
        if let PoolAnswer::LoggedIn { token, user, expires_at } = answer {
            return self.logged_in(number, SavedAccount { token, user, expires_at });
        }
        let Some(Asked { ask, asker }) = self.asks.take(number) else {
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
        self.ctx.reply(asker.connection, asker.id, reply);
    }
}
