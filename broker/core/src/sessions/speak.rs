//! What was said in a step becomes effects: who is still there, and who listens.

use alloc::vec::Vec;

use hotseat_protocol::ipc::{FromBroker, Role};

use super::Sessions;
use crate::ctx::{Ctx, Said};
use crate::effect::Effect;
use crate::hangs::Hangs;
use crate::input::ConnectionId;
use crate::saved::OsUser;

impl Sessions {
    /// All that was said in this step, as effects in that order.
    pub(crate) fn speak(&mut self, ctx: &mut Ctx) -> Vec<Effect> {
        let mut effects = Vec::new();
        for said in ctx.take_said() {
            match said {
                Said::Effect(effect) => effects.push(effect),
                Said::Reply(connection, id, reply) => {
                    if let Some(program) = self.connections.get_mut(&connection) {
                        program.unanswered = program.unanswered.saturating_sub(1);
                        effects.push(Effect::Reply { connection, id, reply });
                    }
                }
                Said::Notice(owner, hangs, notice) => {
                    let listeners = self.listeners(&owner, &hangs);
                    effects.extend(listeners.map(|connection| Effect::Push {
                        connection,
                        frame: FromBroker::Notice { notice: notice.clone() },
                    }));
                }
            }
        }
        effects
    }

    /// The tray of the session that a seat hangs on (any of the user's trays when there is none),
    /// and everything else of that user that listens.
    fn listeners(&self, owner: &OsUser, hangs: &Hangs) -> impl Iterator<Item = ConnectionId> {
        let session = hangs.session().and_then(|key| self.by_key.get(key));
        let own_tray = session.and_then(|session| session.tray);
        let hears = move |connection: ConnectionId, role: Role| match role {
            Role::Tray => own_tray.is_none_or(|tray| tray == connection),
            Role::Window | Role::Cli | Role::Run | Role::App => true,
        };
        self.connections
            .iter()
            .filter(|(_, program)| program.subscription.is_some())
            .filter(move |(_, program)| program.caller.user() == owner)
            .filter(move |(connection, program)| hears(**connection, program.role))
            .map(|(connection, _)| *connection)
    }
}
