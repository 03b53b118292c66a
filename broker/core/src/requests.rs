//! What programs ask, each for its own OS user only.

use hotseat_protocol::ids::{PoolId, Secret};
use hotseat_protocol::ipc::{FromBroker, Reply, Request};
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::input::ConnectionId;
use super::limits::{UNANSWERED_PER_CONNECTION_MAX, UNANSWERED_PER_USER_MAX};
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
        let Ok(caller) = self.caller_of(connection) else {
            return;
        };
        let owner = caller.user().clone();
        let from = (connection, id);
        if let Err(problem) = self.take_request(connection, &owner) {
            return self.reply(connection, id, Reply::Problem { problem });
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
                self.reply(connection, id, Reply::View { view });
            }
            Request::Subscribe => {
                self.subscribe(connection);
                self.reply(connection, id, Reply::Done);
            }
            Request::Keep { pool } => {
                self.keep(&owner, &pool);
                self.reply(connection, id, Reply::Done);
            }
            Request::AcknowledgeLoss { pool } => {
                self.lost.remove(&(owner, pool));
                self.reply(connection, id, Reply::Done);
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

    /// Counts a request, unless too many wait for their answers already.
    fn take_request(&mut self, connection: ConnectionId, owner: &OsUser) -> Result<(), Problem> {
        let own = self.connections.values().filter(|program| program.caller.user() == owner);
        let all: usize = own.map(|program| program.unanswered).sum();
        let Some(program) = self.connections.get_mut(&connection) else {
            return Ok(());
        };
        let here = program.unanswered;
        // Its refusal is an answer, too.
        program.unanswered = program.unanswered.saturating_add(1);
        if here >= UNANSWERED_PER_CONNECTION_MAX || all >= UNANSWERED_PER_USER_MAX {
            return Err(problems::too_many_unanswered(all));
        }
        Ok(())
    }

    fn reply_result(
        &mut self,
        (connection, id): (ConnectionId, u64),
        reply: Result<Reply, Problem>,
    ) {
        let reply = reply.unwrap_or_else(|problem| Reply::Problem { problem });
        self.reply(connection, id, reply);
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
        self.reply_once_safe(connection, id, Reply::SignedOff { pools }, ended);
    }

    /// Passes the wish for the window on to the session's tray.
    fn open_window(&mut self, connection: ConnectionId) -> Result<(), Problem> {
        let session = self.session_for(connection)?;
        let tray = self.sessions.get(&session).and_then(|session| session.tray);
        self.push(tray.ok_or_else(problems::no_tray)?, FromBroker::OpenWindow);
        Ok(())
    }
}
