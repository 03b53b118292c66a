//! Programs and OS sessions come and go: what ends when they do.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{FromBroker, Hello, Reply, ResumeKey, Role};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::hangs::Hangs;
use super::input::{Caller, ConnectionId};
use super::limits::TRAY_GRACE_MS;
use super::outbox::Ended;
use super::saved::{OsUser, SavedAnchor, SessionKey};
use super::sessions::{Departure, hash_of};
use super::sign_off::Scope;

impl Core {
    /// A program greeted.
    pub(super) fn opened(
        &mut self,
        connection: ConnectionId,
        caller: &Caller,
        hello: &Hello,
        fresh: u128,
    ) {
        let stopping = self.ending.stopping();
        if !self.sessions.open(&mut self.ctx, connection, caller, hello, (fresh, stopping)) {
            return;
        }
        if hello.role == Role::Tray {
            self.session_returned(&caller.session);
        }
        if self.sessions.anchors(connection) {
            self.resume(connection, caller.user(), &hello.resume);
        }
        let session = caller.session.name.clone();
        self.ctx.push(connection, FromBroker::Welcome { session });
    }

    /// The tray of a session is back after a restart of the broker.
    fn session_returned(&mut self, key: &SessionKey) {
        for seat in self.seats.values_mut() {
            seat.returned |= seat.hangs.session() == Some(key);
        }
        for intent in self.intents.values_mut() {
            intent.returned |= intent.hangs.session() == Some(key);
        }
    }

    /// A process is back for the seats of its earlier connection.
    fn resume(&mut self, connection: ConnectionId, user: &OsUser, keys: &[ResumeKey]) {
        for key in keys {
            let Some(seat) = self.seats.get_mut(&key.seat) else {
                continue;
            };
            let resume = hash_of(&key.key);
            let fits = seat.saved.anchor == SavedAnchor::Connection { resume };
            if fits && seat.saved.owner == *user && seat.hangs == Hangs::Nobody {
                seat.hangs = Hangs::Connection(connection);
                seat.returned = true;
            }
        }
    }

    /// A connection ended.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        let departure = self.sessions.close(connection, self.ctx.now.boot_ms);
        self.end_departed(departure, connection);
    }

    /// A program ends on purpose.
    pub(super) fn goodbye(&mut self, connection: ConnectionId, id: u64) {
        let departure = self.sessions.leave(connection);
        let ended = self.end_departed(departure, connection);
        self.outbox.acks.reply_once_safe(&mut self.ctx, (connection, id), Reply::Done, ended);
    }

    fn end_departed(&mut self, departure: Departure, connection: ConnectionId) -> Ended {
        match departure {
            Departure::Nothing => Ended::default(),
            Departure::Session(key) => {
                self.end_all(&Scope::Session(key), ReleaseReason::TrayClosed)
            }
            Departure::Connection => {
                self.end_all(&Scope::Connection(connection), ReleaseReason::ApplicationExited)
            }
        }
    }

    /// An OS session ended.
    pub(super) fn session_ended(&mut self, name: &str) {
        self.end_all(&Scope::SessionNamed(name.to_owned()), ReleaseReason::LoggedOut);
        self.sessions.end(name);
    }

    /// Signs off the seats whose tray has been gone for too long.
    pub(super) fn look_for_lost_trays(&mut self) {
        let now = self.ctx.now.boot_ms;
        let due: Vec<Scope> = self
            .lost_tray_ends()
            .filter(|(_, _, ends)| now >= *ends)
            .map(|(key, pool, _)| Scope::SessionIn(key.clone(), pool.clone()))
            .collect();
        for scope in due {
            self.end_all(&scope, ReleaseReason::TrayLost);
        }
        let waiting: Vec<SessionKey> =
            self.lost_tray_ends().map(|(key, _, _)| key.clone()).collect();
        self.sessions.forget_lost_trays(|key| waiting.contains(key));
        let hanging = self.seats.values().map(|seat| &seat.hangs);
        let hanging = hanging.chain(self.intents.values().map(|intent| &intent.hangs));
        self.sessions.forget_empty(&hanging.filter_map(Hangs::session).collect());
    }

    /// What hangs on sessions whose tray was lost, and when it ends.
    fn lost_tray_ends(&self) -> impl Iterator<Item = (&SessionKey, &PoolId, u64)> {
        let seats = self.seats.values().filter(|seat| seat.leaving.is_none());
        let seats = seats.map(|seat| (&seat.hangs, &seat.saved.pool));
        let intents = self.intents.values();
        let intents = intents.map(|intent| (&intent.hangs, &intent.saved.pool));
        seats.chain(intents).filter_map(|(hangs, pool)| {
            let key = hangs.session()?;
            let lost_at = self.sessions.lost_at(key)?;
            let view = self.mirror.pool(pool);
            let grace = view.map_or(TRAY_GRACE_MS, |view| view.policy.tray_grace_ms.get());
            Some((key, pool, lost_at.saturating_add(grace)))
        })
    }

    /// When the next seat ends because its tray was lost.
    pub(super) fn lost_trays_deadline(&self) -> Option<u64> {
        self.lost_tray_ends().map(|(_, _, ends)| ends).min()
    }
}
