//! What ids are called. Kept whole in memory, because every picture of a pool shows names.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{MachineId, ServiceId, UserId};
use rusqlite::Connection;

use super::DirectoryError;
use super::rows::Id;

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
    pub(super) fn read(connection: &Connection) -> Result<Self, DirectoryError> {
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

    /// Who logs in so; the address must be in lower case.
    #[must_use]
    pub fn by_email(&self, email: &str) -> Option<UserId> {
        self.by_email.get(email).copied()
    }

    /// The name of a person, or "somebody who was removed".
    #[must_use]
    pub fn user(&self, id: UserId) -> String {
        self.people
            .get(&id)
            .map_or_else(|| "somebody who was removed".to_owned(), |person| person.name.clone())
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
