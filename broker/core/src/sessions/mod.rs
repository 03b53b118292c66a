//! Connections and OS sessions: who is there, and who is in front of it.

mod anchors;
mod presence;
mod speak;
mod subscription;

use alloc::collections::{BTreeMap, BTreeSet};

use hotseat_protocol::ids::Secret;
use hotseat_protocol::ipc::{FromBroker, Hello, Role, View};
use hotseat_protocol::problem::Problem;
use hotseat_protocol::version;
use sha2::{Digest, Sha256};

use self::presence::Presence;
use self::subscription::Subscription;
use super::ctx::Ctx;
use super::effect::Effect;
use super::hangs::Hangs;
use super::input::{Caller, ConnectionId};
use super::limits::{UNANSWERED_PER_CONNECTION_MAX, UNANSWERED_PER_USER_MAX};
use super::problems;
use super::saved::{KeyHash, OsUser, SessionKey};

/// A program that greeted.
#[derive(Debug, Clone)]
struct Connection {
    caller: Caller,
    role: Role,
    /// Names the connection to the pool.
    fresh: u128,
    subscription: Option<Subscription>,
    /// Requests that were not answered yet.
    unanswered: usize,
}

/// An OS session.
#[derive(Debug, Default, Clone)]
struct Session {
    /// Whether the OS tells when it ends.
    watched: bool,
    /// Its tray.
    tray: Option<ConnectionId>,
    /// When its tray's connection ended without a goodbye.
    lost_at: Option<u64>,
    /// What is known of the person in front of it.
    presence: Presence,
}

/// Who is at this machine.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sessions {
    connections: BTreeMap<ConnectionId, Connection>,
    by_key: BTreeMap<SessionKey, Session>,
}

/// What hangs on a program that goes.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// Nothing.
    Nothing,
    /// All that hangs on the session of its tray.
    Session(SessionKey),
    /// All that hangs on its connection.
    Connection,
}

/// SHA-256 of a secret.
pub(crate) fn hash_of(secret: &Secret) -> KeyHash {
    KeyHash(Sha256::digest(secret.expose().as_bytes()).into())
}

impl Sessions {
    /// A program greeted; says whether it is served, and else sends it away.
    pub(crate) fn open(
        &mut self,
        ctx: &mut Ctx,
        connection: ConnectionId,
        caller: &Caller,
        hello: &Hello,
        (fresh, stopping): (u128, bool),
    ) -> bool {
        if let Some(problem) = self.refusal(ctx, caller, hello, stopping) {
            ctx.effect(Effect::Disconnect { connection, problem });
            return false;
        }
        let session = self.by_key.entry(caller.session.clone()).or_default();
        session.watched |= caller.watched;
        if hello.role == Role::Tray {
            session.tray = Some(connection);
            session.lost_at = None;
        }
        let (caller, role) = (caller.clone(), hello.role);
        let program = Connection { caller, role, fresh, subscription: None, unanswered: 0 };
        self.connections.insert(connection, program);
        true
    }

    fn refusal(
        &self,
        ctx: &mut Ctx,
        caller: &Caller,
        hello: &Hello,
        stopping: bool,
    ) -> Option<Problem> {
        if !version::accepts(hello.version) {
            return Some(problems::another_version(hello.version));
        }
        if stopping {
            return Some(problems::stopping());
        }
        if let (Role::Tray, Some(tray)) = (hello.role, self.tray_of(&caller.session)) {
            ctx.push(tray, FromBroker::OpenWindow);
            return Some(problems::already_running());
        }
        None
    }

    /// A connection ended; a tray's session waits for it.
    pub(crate) fn close(&mut self, connection: ConnectionId, now: u64) -> Departure {
        let Some(program) = self.connections.remove(&connection) else {
            return Departure::Nothing;
        };
        match program.role {
            Role::Tray => {
                let session = self.by_key.get_mut(&program.caller.session);
                if let Some(session) = session.filter(|s| s.tray == Some(connection)) {
                    session.tray = None;
                    session.lost_at = Some(now);
                    session.presence.tray_gone();
                }
                Departure::Nothing
            }
            Role::Run | Role::App => Departure::Connection,
            Role::Window | Role::Cli => Departure::Nothing,
        }
    }

    /// A program ends on purpose.
    pub(crate) fn leave(&mut self, connection: ConnectionId) -> Departure {
        let Some(program) = self.connections.get(&connection) else {
            return Departure::Nothing;
        };
        match program.role {
            Role::Tray => {
                let key = program.caller.session.clone();
                if let Some(session) = self.by_key.get_mut(&key)
                    && session.tray == Some(connection)
                {
                    session.tray = None;
                    session.presence.tray_gone();
                }
                Departure::Session(key)
            }
            Role::Run | Role::App => Departure::Connection,
            Role::Window | Role::Cli => Departure::Nothing,
        }
    }

    /// An OS session ended.
    pub(crate) fn end(&mut self, name: &str) {
        for (_, session) in self.by_key.iter_mut().filter(|(key, _)| key.name == name) {
            *session = Session::default();
        }
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.by_key.len()
    }

    /// All programs.
    pub(crate) fn programs(&self) -> impl Iterator<Item = ConnectionId> {
        self.connections.keys().copied()
    }

    /// Whether seats hang on this connection.
    pub(crate) fn anchors(&self, connection: ConnectionId) -> bool {
        let program = self.connections.get(&connection);
        program.is_some_and(|program| matches!(program.role, Role::Run | Role::App))
    }

    pub(crate) fn caller_of(&self, connection: ConnectionId) -> Result<&Caller, Problem> {
        let program = self.connections.get(&connection);
        program.map(|program| &program.caller).ok_or_else(problems::no_session)
    }

    pub(crate) fn tray_of(&self, session: &SessionKey) -> Option<ConnectionId> {
        self.by_key.get(session)?.tray
    }

    /// The session that a sign-on of this program hangs on: its own, else one with a tray.
    pub(crate) fn session_for(&self, connection: ConnectionId) -> Result<SessionKey, Problem> {
        let caller = self.caller_of(connection)?;
        let own = self.by_key.get(&caller.session);
        if own.is_some_and(|own| own.tray.is_some() || own.watched) {
            return Ok(caller.session.clone());
        }
        self.by_key
            .iter()
            .filter(|(key, _)| key.user == *caller.user())
            .find(|(_, session)| session.tray.is_some())
            .map(|(key, _)| key.clone())
            .ok_or_else(problems::no_session)
    }

    /// Counts a request, unless too many wait for their answers already.
    pub(crate) fn take_request(
        &mut self,
        connection: ConnectionId,
        owner: &OsUser,
    ) -> Result<(), Problem> {
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

    /// A tray reports on the person in front of its session.
    pub(crate) fn report(
        &mut self,
        connection: ConnectionId,
        idle_s: Option<u64>,
        locked: bool,
        now: u64,
    ) {
        let session = self.by_key.values_mut().find(|session| session.tray == Some(connection));
        if let Some(session) = session {
            session.presence.report(idle_s, locked, now);
        }
    }

    /// The OS says that a session was locked or unlocked.
    pub(crate) fn set_locked(&mut self, name: &str, locked: bool, now: u64) {
        for (_, session) in self.by_key.iter_mut().filter(|(key, _)| key.name == name) {
            session.presence.os_locks(locked, now);
        }
    }

    /// Since when the person whom a seat hangs on is idle; none: unknown or exempt.
    pub(crate) fn idle_since(&self, hangs: &Hangs, now: u64) -> Option<u64> {
        self.by_key.get(hangs.session()?)?.presence.idle_since(now)
    }

    /// How long the person whom a seat hangs on has been idle, in ms; none: unknown or exempt.
    pub(crate) fn idle_ms(&self, hangs: &Hangs, now: u64) -> Option<u64> {
        Some(now.saturating_sub(self.idle_since(hangs, now)?))
    }

    /// When the last report about the person whom a seat hangs on says nothing any more.
    pub(crate) fn stale_at(&self, hangs: &Hangs) -> Option<u64> {
        self.by_key.get(hangs.session()?)?.presence.stale_at()
    }

    /// "Keep my seat" counts as activity of the person whom it hangs on.
    pub(crate) fn note_kept(&mut self, hangs: &Hangs, at: u64) {
        if let Some(session) = hangs.session().and_then(|key| self.by_key.get_mut(key)) {
            session.presence.kept(at);
        }
    }

    /// When the tray of a session was lost, while the session waits for it.
    pub(crate) fn lost_at(&self, session: &SessionKey) -> Option<u64> {
        self.by_key.get(session)?.lost_at
    }

    /// Once nothing waits for a lost tray, what comes later does not hang on it.
    pub(crate) fn forget_lost_trays(&mut self, is_waited_for: impl Fn(&SessionKey) -> bool) {
        for (key, session) in &mut self.by_key {
            if !is_waited_for(key) {
                session.lost_at = None;
            }
        }
    }

    /// Forgets sessions without programs on which nothing hangs.
    pub(crate) fn forget_empty(&mut self, used: &BTreeSet<&SessionKey>) {
        let here = self.connections.values().map(|program| &program.caller.session);
        let here: BTreeSet<&SessionKey> = here.collect();
        self.by_key.retain(|key, _| used.contains(key) || here.contains(key));
    }

    /// A program is shown all that there is to see, and from then on what changes.
    pub(crate) fn subscribe(&mut self, ctx: &mut Ctx, connection: ConnectionId, view: View) {
        if let Some(program) = self.connections.get_mut(&connection) {
            let (subscription, snapshot) = Subscription::begin(program.subscription.as_ref(), view);
            program.subscription = Some(subscription);
            ctx.push(connection, snapshot);
        }
    }

    /// The users who are shown what changes.
    pub(crate) fn subscribers(&self) -> BTreeSet<OsUser> {
        let listening = self.connections.values().filter(|p| p.subscription.is_some());
        listening.map(|program| program.caller.user().clone()).collect()
    }

    /// Tells every subscriber what changed.
    pub(crate) fn publish(&mut self, ctx: &mut Ctx, views: &BTreeMap<OsUser, View>) {
        for (connection, program) in &mut self.connections {
            let view = views.get(program.caller.user());
            if let (Some(subscription), Some(view)) = (&mut program.subscription, view)
                && let Some(changed) = subscription.next(view)
            {
                ctx.push(*connection, changed);
            }
        }
    }
}
