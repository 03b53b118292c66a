//! A machine that means harm, among the honest: it is enrolled, one person has a log-in there, and
//! it says whatever it likes about everybody. Its own it may lose; nobody else's changes.

use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::link::MachineMessage;

use super::random::Random;
use super::users;
use super::world::World;
use crate::hostile::choices::Choices;
use crate::hostile::machine_talk::{Known, message};

/// The person who sits there: the number of nobody else.
pub(super) const PERSON: u64 = 1_000;
/// Messages that it says in one go.
const MESSAGES_MAX: u64 = 8;

impl Choices for Random {
    fn bits(&mut self) -> u64 {
        Self::bits(self)
    }
}

/// The machine, and what it says to be its user's.
#[derive(Debug, Clone)]
pub(super) struct Hostile {
    /// Its id at the pool.
    pub(super) id: MachineId,
    /// The log-in of its user.
    pub(super) token: Secret,
    /// Its link, and the newest message on it.
    link: Option<(u64, u64)>,
}

impl Hostile {
    /// A machine that has said nothing yet.
    pub(super) fn new(id: MachineId, token: Secret) -> Self {
        Self { id, token, link: None }
    }
}

impl World {
    /// It says some things, on the link that it has or on another.
    pub(super) fn hostile_speaks(&mut self) {
        let Some(mut hostile) = self.hostile.take() else {
            return;
        };
        for _ in 0..self.random.between(1, MESSAGES_MAX) {
            let Some((link, n)) = self.hostile_link(&hostile) else {
                break;
            };
            hostile.link = Some((link, n));
            let body = self.hostile_message(&hostile);
            self.tell(|| format!("  the hostile machine: {body:?}"));
            self.audit.says(hostile.id, &body);
            self.met.hostile += 1;
            self.looked_up(link, n, &body);
        }
        self.hostile = Some(hostile);
    }

    /// The link that it speaks on, and the number of its next message. It greets again whenever it
    /// likes; the server's process may be another than the one that it greeted.
    fn hostile_link(&mut self, hostile: &Hostile) -> Option<(u64, u64)> {
        let fresh = self.fresh_id();
        let now = self.pool_now();
        let again = self.random.chance(10);
        let pool = self.pool.as_mut()?;
        let up = hostile.link.filter(|(link, _)| pool.doors.contains_key(link) && !again);
        if let Some((link, n)) = up {
            return Some((link, n + 1));
        }
        let said = pool.open(fresh, hostile.id, fresh, now);
        self.says(said);
        Some((fresh, 1))
    }

    fn hostile_message(&mut self, hostile: &Hostile) -> MachineMessage {
        let mut tokens = vec![hostile.token.clone(), Secret::new("forged".to_owned())];
        tokens.extend(self.directory.tokens());
        let known = self.pool.as_ref().map(|pool| Known::leaked(pool.state(), tokens));
        message(&known.unwrap_or_default(), &mut self.random)
    }
}

/// What the pool calls its person.
#[must_use]
pub(super) fn person() -> hotseat_protocol::ids::UserId {
    users::id(PERSON)
}
