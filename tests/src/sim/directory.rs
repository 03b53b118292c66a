//! Who is logged in where: the part of the pool server that is no rule. It survives the server.

use std::collections::BTreeMap;

use hotseat_pool::directory::LinkRecord;
use hotseat_protocol::ids::{Generation, MachineId, Secret, WallTime};
use hotseat_protocol::link::PoolAnswer;

use super::users;
use crate::hostile::messages::not_authenticated;

/// The one good password.
pub(super) const PASSWORD: &str = "correct horse";

/// The tokens that are good, each on one machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    tokens: BTreeMap<String, (u64, MachineId)>,
    /// Who has an own licence.
    named: Vec<bool>,
    last: u64,
    /// How far each machine's link secrets have come, in which generation.
    links: BTreeMap<MachineId, (Generation, LinkRecord)>,
}

impl Directory {
    /// A directory of so many people.
    #[must_use]
    pub(super) fn new(named: Vec<bool>) -> Self {
        Self { named, ..Self::default() }
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
        self.tokens.insert(token.clone(), (person, machine));
        Secret::new(token)
    }

    /// Every token that is good.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Secret> {
        self.tokens.keys().map(|token| Secret::new(token.clone()))
    }

    /// Whose token it is on this machine.
    #[must_use]
    pub(super) fn holder(&self, token: &Secret, machine: MachineId) -> Option<u64> {
        let (person, of) = self.tokens.get(token.expose())?;
        (*of == machine).then_some(*person)
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
            _ => not_authenticated(),
        }
    }
}
