//! What programs ask, each for its own OS user only.

use hotseat_protocol::ids::Secret;
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
        let Ok(caller) = self.caller_of(connection) else {
            return;
        };
        let owner = caller.user().clone();
        match request {
            Request::SignOn { request, pool, client, wait } => {
                let wanted = Wanted { request, pool, client, wait, fresh };
                self.sign_on(connection, id, wanted);
            }
            Request::SignOff { pool } => {
                let scope = match pool {
                    Some(pool) => Scope::UserIn(owner, pool),
                    None => Scope::User(owner),
                };
                let reason = ReleaseReason::SignedOffByTheUser;
                let ended = self.end_seats_and_unanswered(&scope, reason);
                let pools = ended.pools.iter().cloned().collect();
                self.reply_once_safe(connection, id, Reply::SignedOff { pools }, ended);
            }
            Request::Check { request, pool, client, operation } => {
                self.check((connection, id), &owner, (request, pool), (client, operation))
            }
            Request::LogIn { email, password } => {
                self.log_in((connection, id), owner, email, password);
            }
            Request::LogOut => self.log_out(connection, id, &owner),
            Request::LeaveLine { pool } => self.leave_line(connection, id, &owner, &pool),
            Request::AcceptOffer { offer } => self.accept_offer(connection, id, &owner, offer),
            Request::DeclineOffer { offer } => self.decline_offer(connection, id, &owner, offer),
            Request::Goodbye => self.goodbye(connection, id),
            Request::View
            | Request::Subscribe
            | Request::Keep { .. }
            | Request::Seen { .. }
            | Request::Doctor
            | Request::OpenWindow
            | Request::Unknown => {
                let reply = self.answer_at_once(connection, &owner, request);
                let reply = reply.unwrap_or_else(|problem| Reply::Problem { problem });
                self.reply(connection, id, reply);
            }
        }
    }

    /// Requests that nothing and nobody need be waited for.
    fn answer_at_once(
        &mut self,
        connection: ConnectionId,
        owner: &OsUser,
        request: Request,
    ) -> Result<Reply, Problem> {
        match request {
            Request::View => Ok(Reply::View { view: self.view_of(owner) }),
            Request::Subscribe => {
                self.subscribe(connection);
                Ok(Reply::Done)
            }
            Request::Keep { pool } => {
                self.keep(owner, &pool);
                Ok(Reply::Done)
            }
            Request::Seen { pool } => {
                self.lost.remove(&(owner.clone(), pool));
                Ok(Reply::Done)
            }
            Request::Doctor => self
                .health(connection)
                .map(|health| Reply::Health { health })
                .ok_or_else(problems::no_session),
            Request::OpenWindow => {
                let session = self.session_for(connection)?;
                let tray = self.sessions.get(&session).and_then(|s| s.tray);
                let tray = tray.ok_or_else(problems::no_tray)?;
                self.push(tray, FromBroker::OpenWindow);
                Ok(Reply::Done)
            }
            Request::Unknown
            | Request::SignOn { .. }
            | Request::SignOff { .. }
            | Request::Check { .. }
            | Request::LogIn { .. }
            | Request::LogOut
            | Request::LeaveLine { .. }
            | Request::AcceptOffer { .. }
            | Request::DeclineOffer { .. }
            | Request::Goodbye => {
                debug_assert_eq!(request, Request::Unknown, "answered elsewhere");
                Err(problems::unknown_request())
            }
        }
    }
}
