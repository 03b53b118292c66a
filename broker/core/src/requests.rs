//! What programs ask, each for its own OS user only.

use hotseat_protocol::ids::{PoolId, Secret};
use hotseat_protocol::ipc::{FromBroker, Reply, Request};
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::input::ConnectionId;
use super::problems;
use super::saved::OsUser;
use super::sign_off::Scope;
use super::sign_on::Wanted;

impl Core {
    /// A program asks for something.
    pub(super) fn asked(
        &mut self,
        connection: ConnectionId,
        id: u64,
        request: Request,
        fresh: Secret,
    ) {
        let Ok(caller) = self.sessions.caller_of(connection) else {
            return;
        };
        let owner = caller.user().clone();
        let from = (connection, id);
        if let Err(problem) = self.sessions.take_request(connection, &owner) {
            return self.ctx.reply(connection, id, Reply::Problem { problem });
        }
        match request {
            Request::SignOn { request, pool, client, wait } => {
                self.sign_on(connection, id, Wanted { request, pool, client, wait, fresh });
            }
            Request::SignOff { pool } => self.sign_off(from, owner, pool),
            Request::Check { request, pool, client, operation } => {
                self.check(from, &owner, (request, pool), (client, operation));
            }
            Request::LogIn { email, password } => self.log_in(from, owner, email, password),
            Request::LogOut => self.log_out(connection, id, &owner),
            Request::LeaveLine { pool } => self.leave_line(connection, id, &owner, &pool),
            Request::AcceptOffer { offer } => self.accept_offer(connection, id, &owner, offer),
            Request::DeclineOffer { offer } => self.decline_offer(connection, id, &owner, offer),
            Request::Goodbye => self.goodbye(connection, id),
            Request::View => {
                let view = self.view_of(&owner);
                self.ctx.reply(connection, id, Reply::View { view });
            }
            Request::Subscribe => {
                self.subscribe(connection);
                self.ctx.reply(connection, id, Reply::Done);
            }
            Request::Keep { pool } => {
                self.keep(&owner, &pool);
                self.ctx.reply(connection, id, Reply::Done);
            }
            Request::AcknowledgeLoss { pool } => {
                self.lost.remove(&(owner, pool));
                self.ctx.reply(connection, id, Reply::Done);
            }
            Request::Doctor => {
                let health = self.health(connection).ok_or_else(problems::no_session);
                self.reply_result(from, health.map(|health| Reply::Health { health }));
            }
            Request::OpenWindow => {
                let opened = self.open_window(connection);
                self.reply_result(from, opened.map(|()| Reply::Done));
            }
            Request::Unknown => self.reply_result(from, Err(problems::unknown_request())),
        }
    }

    fn reply_result(
        &mut self,
        (connection, id): (ConnectionId, u64),
        reply: Result<Reply, Problem>,
    ) {
        let reply = reply.unwrap_or_else(|problem| Reply::Problem { problem });
        self.ctx.reply(connection, id, reply);
    }

    fn sign_off(
        &mut self,
        (connection, id): (ConnectionId, u64),
        owner: OsUser,
        pool: Option<PoolId>,
    ) {
        let scope = match pool {
            Some(pool) => Scope::UserIn(owner, pool),
            None => Scope::User(owner),
        };
        let ended = self.end_seats_and_unanswered(&scope, ReleaseReason::SignedOffByTheUser);
        let pools = ended.pools.iter().cloned().collect();
        self.outbox.acks.reply_once_safe(
            &mut self.ctx,
            (connection, id),
            Reply::SignedOff { pools },
            ended,
        );
    }

    /// Passes the wish for the window on to the session's tray.
    fn open_window(&mut self, connection: ConnectionId) -> Result<(), Problem> {
        let session = self.sessions.session_for(connection)?;
        let tray = self.sessions.tray_of(&session);
        self.ctx.push(tray.ok_or_else(problems::no_tray)?, FromBroker::OpenWindow);
        Ok(())
    }
}
