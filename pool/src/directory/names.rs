//! What ids are called. Kept whole in memory, because every picture of a pool shows names.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{MachineId, ServiceId, UserId};
use hotseat_rules::Caller;
use rusqlite::Connection;

use super::DirectoryError;
use super::email::Email;
use super::rows::Id;
use super::worker::Directory;
use crate::feed;

/// A person's two names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The log-in.
    pub email: String,
    /// The name for people.
    pub name: String,
}

/// What ids are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    people: BTreeMap<UserId, Person>,
    by_email: BTreeMap<String, UserId>,
    machines: BTreeMap<MachineId, String>,
    services: BTreeMap<ServiceId, String>,
}

impl Names {
    pub(crate) fn read(connection: &Connection) -> Result<Self, DirectoryError> {
        let mut names = Self::default();
        let mut statement = connection.prepare_cached("SELECT id, email, name FROM person")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = UserId(row.get::<_, Id>(0)?.0);
            let person = Person { email: row.get(1)?, name: row.get(2)? };
            names.by_email.insert(person.email.clone(), id);
            names.people.insert(id, person);
        }
        let mut statement = connection.prepare_cached("SELECT id, name FROM machine")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            names.machines.insert(MachineId(row.get::<_, Id>(0)?.0), row.get(1)?);
        }
        let mut statement = connection.prepare_cached("SELECT id, name FROM service")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            names.services.insert(ServiceId(row.get::<_, Id>(0)?.0), row.get(1)?);
        }
        Ok(names)
    }

    /// Everybody, by id.
    pub fn people(&self) -> impl Iterator<Item = (UserId, &Person)> {
        self.people.iter().map(|(id, person)| (*id, person))
    }

    /// A person, unless removed.
    #[must_use]
    pub fn person(&self, id: UserId) -> Option<&Person> {
        self.people.get(&id)
    }

    /// Who logs in with this address, however it is typed.
    #[must_use]
    pub fn by_email(&self, typed: &str) -> Option<UserId> {
        // First as it was kept before there was a normal form: few are still kept so.
        let former = self.by_email.get(&Email::former(typed));
        let normal = || self.by_email.get(Email::parse(typed).ok()?.as_str());
        former.or_else(normal).copied()
    }

    /// The name of a person, or "somebody who was removed".
    #[must_use]
    pub fn user(&self, id: UserId) -> String {
        feed::Names::user(self, id).unwrap_or_else(|| "somebody who was removed".to_owned())
    }

    /// A machine's name, if it was enrolled here.
    #[must_use]
    pub fn machine(&self, id: MachineId) -> Option<&str> {
        self.machines.get(&id).map(String::as_str)
    }

    /// A service's name, unless revoked.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> Option<&str> {
        self.services.get(&id).map(String::as_str)
    }
}

impl feed::Names for Names {
    fn user(&self, id: UserId) -> Option<String> {
        self.people.get(&id).map(|person| person.name.clone())
    }

    fn caller(&self, caller: Caller) -> Option<String> {
        match caller {
            Caller::Admin => Some("an administrator".to_owned()),
            Caller::User(user) => feed::Names::user(self, user),
            Caller::Machine(machine) => self.machine(machine).map(str::to_owned),
            Caller::Service(service) => self.service(service).map(str::to_owned),
        }
    }
}

/// The names as they are at each question.
impl feed::Names for Directory {
    fn user(&self, id: UserId) -> Option<String> {
        feed::Names::user(&*self.names(), id)
    }

    fn caller(&self, caller: Caller) -> Option<String> {
        feed::Names::caller(&*self.names(), caller)
    }
}
