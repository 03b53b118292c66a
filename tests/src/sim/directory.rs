//! Who is logged in where: the part of the pool server that is no rule. It survives the server.

use std::collections::BTreeMap;

use hotseat_pool::directory::LinkRecord;
use hotseat_pool::directory::lasting::LIVES;
use hotseat_protocol::ids::{Generation, MachineId, Secret, WallTime};
use hotseat_protocol::link::PoolAnswer;
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::Mono;

use super::lasting::{Brief, Kept, OwnTime};
use super::users;

/// The one good password.
pub(super) const PASSWORD: &str = "correct horse";

/// The tokens that are good, each on one machine.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    tokens: BTreeMap<String, (u64, MachineId, Kept)>,
    own: OwnTime,
    brief: Brief,
    /// Who has an own licence.
    named: Vec<bool>,
    last: u64,
    /// How far each machine's link secrets have come, in which generation.
    links: BTreeMap<MachineId, (Generation, LinkRecord)>,
}

impl Directory {
    /// A directory of so many people, made when the wall clock showed this.
    #[must_use]
    pub(super) fn new(named: Vec<bool>, wall: WallTime) -> Self {
        let (own, brief) = (OwnTime::new(LIVES, wall), Brief::new(wall));
        Self { tokens: BTreeMap::new(), own, brief, named, last: 0, links: BTreeMap::new() }
    }

    /// A server starts; says what is wrong with what lasts.
    pub(super) fn starts(&mut self, mono: Mono, wall: WallTime) -> Option<String> {
        let wrong = [self.own.starts(mono, wall), self.brief.starts(mono, wall), self.judge()];
        wrong.into_iter().flatten().next()
    }

    /// It goes on; says what is wrong, and how much of what is brief lived to its end.
    pub(super) fn passes(&mut self, mono: Mono, wall: WallTime) -> (Option<String>, u64) {
        let ended = self.brief.ended;
        self.own.passes(mono, wall);
        let wrong = self.brief.passes(mono, wall).or_else(|| self.judge());
        (wrong, self.brief.ended - ended)
    }

    /// It ends.
    pub(super) fn stops(&mut self, wall: WallTime) {
        self.own.stops(wall);
        self.brief.stops(wall);
    }

    fn judge(&self) -> Option<String> {
        self.tokens.values().find_map(|(_, _, kept)| self.own.judge(kept))
    }

    /// Who has an own licence.
    #[must_use]
    pub(super) fn named(&self, person: u64) -> bool {
        usize::try_from(person).ok().and_then(|person| self.named.get(person)) == Some(&true)
    }

    /// A new token of a person on a machine.
    pub(super) fn token(&mut self, person: u64, machine: MachineId) -> Secret {
        self.last += 1;
        let token = format!("token {} of {person}", self.last);
        self.tokens.insert(token.clone(), (person, machine, self.own.log_in()));
        Secret::new(token)
    }

    /// Every token that is good.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Secret> {
        self.tokens.keys().map(|token| Secret::new(token.clone()))
    }

    /// Whose token it is on this machine, which is a use of it.
    #[must_use]
    pub(super) fn holder(&mut self, token: &Secret, machine: MachineId) -> Option<u64> {
        let (person, of, kept) = self.tokens.get_mut(token.expose())?;
        (*of == machine && self.own.uses(kept)).then_some(*person)
    }

    /// What is known of a machine's links in a generation of the store.
    #[must_use]
    pub(super) fn link_record(&self, machine: MachineId, generation: Generation) -> LinkRecord {
        let Some((of, record)) = self.links.get(&machine) else {
            return LinkRecord::default();
        };
        let counted = if *of == generation { record.counted } else { 0 };
        LinkRecord { counted, ..*record }
    }

    /// The machine surely has this secret.
    pub(super) fn count_link_secret(
        &mut self,
        machine: MachineId,
        generation: Generation,
        number: u64,
    ) {
        let fresh = (generation, LinkRecord::default());
        let (of, record) = self.links.entry(machine).or_insert(fresh);
        if *of != generation || record.counted < number {
            (*of, record.counted) = (generation, number);
        }
    }

    /// Another computer used this machine's enrolment.
    pub(super) fn note_clone(&mut self, machine: MachineId, at: WallTime) {
        if let Some((_, record)) = self.links.get_mut(&machine) {
            record.clone_seen = Some(at);
        }
    }

    /// A backup takes the place of this. No token is made twice.
    pub(super) fn put_back(&mut self, backup: Self) {
        *self = Self { last: self.last, ..backup };
    }

    /// A token ends.
    pub(super) fn end(&mut self, token: &Secret) {
        self.tokens.remove(token.expose());
    }

    /// A person logs in on a machine.
    pub(super) fn log_in(
        &mut self,
        email: &str,
        password: &Secret,
        machine: MachineId,
    ) -> PoolAnswer {
        let person = email.split('@').next().and_then(|name| name.parse().ok());
        match person {
            Some(person) if password.expose() == PASSWORD => {
                let token = self.token(person, machine);
                let user = users::account_user(person, self.named(person));
                let expires_at = WallTime { unix_ms: 0 };
                PoolAnswer::LoggedIn { token, user, expires_at }
            }
            _ => {
                let problem = Problem::new(Code::NotAuthenticated, "who are you", "");
                PoolAnswer::Problem { problem }
            }
        }
    }
}
