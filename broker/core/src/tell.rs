//! Words to programs: replies, pushes, and the notices that a person should hear of once.

use alloc::vec::Vec;

use hotseat_protocol::ipc::{FromBroker, Notice, Reply, Role};

use super::Core;
use super::effect::Effect;
use super::input::ConnectionId;
use super::saved::OsUser;
use super::seats::Hangs;

impl Core {
    /// Answers a request, if the asker is still there.
    pub(super) fn reply(&mut self, connection: ConnectionId, id: u64, reply: Reply) {
        if let Some(program) = self.connections.get_mut(&connection) {
            program.unanswered = program.unanswered.saturating_sub(1);
            self.out.push(Effect::Reply { connection, id, reply });
        }
    }

    pub(super) fn push(&mut self, connection: ConnectionId, frame: FromBroker) {
        self.out.push(Effect::Push { connection, frame });
    }

    /// Tells a user's programs: the tray of the session that the seat hangs on (any of the user's
    /// trays when there is none), and everything else that listens.
    pub(super) fn notify(&mut self, owner: &OsUser, hangs: &Hangs, notice: Notice) {
        let own_tray =
            hangs.session().and_then(|key| self.sessions.get(key)).and_then(|session| session.tray);
        let hears = |connection: &ConnectionId, role: Role| match role {
            Role::Tray => own_tray.is_none_or(|tray| tray == *connection),
            Role::Window | Role::Cli | Role::Run | Role::App => true,
        };
        let listeners: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, program)| program.subscription.is_some())
            .filter(|(_, program)| program.caller.user() == owner)
            .filter(|(connection, program)| hears(connection, program.role))
            .map(|(connection, _)| *connection)
            .collect();
        for connection in listeners {
            let notice = notice.clone();
            self.push(connection, FromBroker::Notice { notice });
        }
    }
}
