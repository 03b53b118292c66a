//! Connections and OS sessions: who is there, what ends when they go.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, Secret};
use hotseat_protocol::ipc::{FromBroker, Hello, ResumeKey, Role};
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::version;
use sha2::{Digest, Sha256};

use super::Core;
use super::effect::Effect;
use super::idle::Presence;
use super::input::{Caller, ConnectionId};
use super::limits::TRAY_GRACE_MS;
use super::problems;
use super::saved::{KeyHash, SavedAnchor, SessionKey};
use super::seats::Hangs;
use super::sign_off::Scope;
use super::views::Subscription;

/// A program that greeted.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) caller: Caller,
    pub(super) role: Role,
    /// Names the connection to the pool.
    pub(super) fresh: u128,
    pub(super) subscription: Option<Subscription>,
    /// Requests that were not answered yet.
    pub(super) unanswered: usize,
}

/// An OS session.
#[derive(Debug, Default, Clone)]
pub(super) struct Session {
    /// Whether the OS tells when it ends.
    watched: bool,
    /// Its tray.
    pub(super) tray: Option<ConnectionId>,
    /// When its tray's connection ended without a goodbye.
    lost_at: Option<u64>,
    /// What is known of the person in front of it.
    pub(super) presence: Presence,
}

/// SHA-256 of a secret.
pub(super) fn hash_of(secret: &Secret) -> KeyHash {
    KeyHash(Sha256::digest(secret.expose().as_bytes()).into())
}

impl Core {
    /// A program greeted.
    pub(super) fn opened(
        &mut self,
        connection: ConnectionId,
        caller: Caller,
        hello: &Hello,
        fresh: u128,
    ) {
        if let Some(problem) = self.refuses(&caller, hello) {
            self.out.push(Effect::Disconnect { connection, problem });
            return;
        }
        let key = caller.session.clone();
        let session = self.sessions.entry(key.clone()).or_default();
        session.watched |= caller.watched;
        if hello.role == Role::Tray {
            session.tray = Some(connection);
            session.lost_at = None;
            self.session_returned(&key);
        }
        let role = hello.role;
        let program = Connection { caller, role, fresh, subscription: None, unanswered: 0 };
        self.connections.insert(connection, program);
        if self.anchors(connection) {
            self.resume(connection, &hello.resume);
        }
        let welcome = FromBroker::Welcome { session: key.name };
        self.push(connection, welcome);
    }

    fn refuses(&mut self, caller: &Caller, hello: &Hello) -> Option<Problem> {
        if !version::accepts(hello.version) {
            return Some(problems::another_version(hello.version));
        }
        if self.ending.stopping() {
            return Some(problems::stopping());
        }
        let session = self.sessions.get(&caller.session);
        let tray = session.and_then(|session| session.tray);
        if let (Role::Tray, Some(tray)) = (hello.role, tray) {
            self.push(tray, FromBroker::OpenWindow);
            return Some(problems::already_running());
        }
        None
    }

    /// Whether seats hang on this connection.
    pub(super) fn anchors(&self, connection: ConnectionId) -> bool {
        let program = self.connections.get(&connection);
        program.is_some_and(|program| matches!(program.role, Role::Run | Role::App))
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
    fn resume(&mut self, connection: ConnectionId, keys: &[ResumeKey]) {
        let Some(program) = self.connections.get(&connection) else {
            return;
        };
        for key in keys {
            let Some(seat) = self.seats.get_mut(&key.seat) else {
                continue;
            };
            let resume = hash_of(&key.key);
            let fits = seat.saved.anchor == SavedAnchor::Connection { resume };
            let owner = seat.saved.owner == *program.caller.user();
            if fits && owner && seat.hangs == Hangs::Nobody {
                seat.hangs = Hangs::Connection(connection);
                seat.returned = true;
            }
        }
    }

    /// A connection ended.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        let Some(program) = self.connections.remove(&connection) else {
            return;
        };
        match program.role {
            Role::Tray => {
                let key = program.caller.session;
                let session = self.sessions.get_mut(&key);
                if let Some(session) = session.filter(|s| s.tray == Some(connection)) {
                    session.tray = None;
                    session.lost_at = Some(self.now.boot_ms);
                    session.presence.tray_gone();
                }
            }
            Role::Run | Role::App => {
                let scope = Scope::Connection(connection);
                self.end_all(&scope, ReleaseReason::ApplicationExited);
            }
            Role::Window | Role::Cli => {}
        }
    }

    /// A program ends on purpose.
    pub(super) fn goodbye(&mut self, connection: ConnectionId, id: u64) {
        let Some(program) = self.connections.get(&connection) else {
            return;
        };
        let (role, key) = (program.role, program.caller.session.clone());
        let ended = match role {
            Role::Tray => {
                if let Some(session) = self.sessions.get_mut(&key)
                    && session.tray == Some(connection)
                {
                    session.tray = None;
                    session.presence.tray_gone();
                }
                self.end_all(&Scope::Session(key), ReleaseReason::TrayClosed)
            }
            Role::Run | Role::App => {
                let scope = Scope::Connection(connection);
                self.end_all(&scope, ReleaseReason::ApplicationExited)
            }
            Role::Window | Role::Cli => super::sign_off::Ended::default(),
        };
        let done = hotseat_protocol::ipc::Reply::Done;
        self.reply_once_safe(connection, id, done, ended);
    }

    /// The session that a sign-on of this program hangs on: its own, else one with a tray.
    pub(super) fn session_for(&self, connection: ConnectionId) -> Result<SessionKey, Problem> {
        let caller = self.caller_of(connection)?;
        let own = self.sessions.get(&caller.session);
        if own.is_some_and(|own| own.tray.is_some() || own.watched) {
            return Ok(caller.session.clone());
        }
        self.sessions
            .iter()
            .filter(|(key, _)| key.user == *caller.user())
            .find(|(_, session)| session.tray.is_some())
            .map(|(key, _)| key.clone())
            .ok_or_else(problems::no_session)
    }

    pub(super) fn caller_of(&self, connection: ConnectionId) -> Result<&Caller, Problem> {
        let program = self.connections.get(&connection);
        program.map(|program| &program.caller).ok_or_else(problems::no_session)
    }

    /// An OS session ended.
    pub(super) fn session_ended(&mut self, name: &str) {
        let scope = Scope::SessionNamed(name.to_owned());
        self.end_all(&scope, ReleaseReason::LoggedOut);
        for (_, session) in self.sessions.iter_mut().filter(|(key, _)| key.name == name) {
            *session = Session::default();
        }
    }

    /// Signs off the seats whose tray has been gone for too long.
    pub(super) fn look_for_lost_trays(&mut self) {
        let now = self.now.boot_ms;
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
        // Once nothing waits for the tray, what comes later does not hang on the lost one.
        for (key, session) in &mut self.sessions {
            if !waiting.contains(key) {
                session.lost_at = None;
            }
        }
        self.forget_empty_sessions();
    }

    /// What hangs on sessions whose tray was lost, and when it ends.
    fn lost_tray_ends(&self) -> impl Iterator<Item = (&SessionKey, &PoolId, u64)> {
        let seats = self.seats.values().filter(|seat| seat.leaving.is_none());
        let seats = seats.map(|seat| (&seat.hangs, &seat.saved.pool));
        let intents = self.intents.values();
        let intents = intents.map(|intent| (&intent.hangs, &intent.saved.pool));
        seats.chain(intents).filter_map(|(hangs, pool)| {
            let key = hangs.session()?;
            let lost_at = self.sessions.get(key)?.lost_at?;
            let view = self.mirror.pool(pool);
            let grace = view.map_or(TRAY_GRACE_MS, |view| view.policy.tray_grace_ms.get());
            Some((key, pool, lost_at.saturating_add(grace)))
        })
    }

    /// When the next seat ends because its tray was lost.
    pub(super) fn lost_trays_deadline(&self) -> Option<u64> {
        self.lost_tray_ends().map(|(_, _, ends)| ends).min()
    }

    fn forget_empty_sessions(&mut self) {
        let hanging = self.seats.values().map(|seat| &seat.hangs);
        let hanging = hanging.chain(self.intents.values().map(|intent| &intent.hangs));
        let mut used: Vec<&SessionKey> = hanging.filter_map(Hangs::session).collect();
        used.extend(self.connections.values().map(|c| &c.caller.session));
        used.sort_unstable();
        self.sessions.retain(|key, _| used.binary_search(&key).is_ok());
    }
}
