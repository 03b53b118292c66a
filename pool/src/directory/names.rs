//! What ids are called. Kept whole in memory, because every picture of a pool shows names.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{MachineId, ServiceId, UserId};
use hotseat_rules::Caller;
use rusqlite::{Connection, Row};

use super::DirectoryError;
use super::email::Email;
use super::rows::Id;
use super::worker::Directory;
use crate::feed;
use crate::journal::JournalError;

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
    /// Every name that can be read. In a store that is served for writing that is all of them: a
    /// start has looked.
    pub(crate) fn read(connection: &Connection) -> Result<Self, DirectoryError> {
        let mut names = Self::default();
        each(connection, "SELECT id, email, name FROM person", |row| {
            let id = UserId(row.get::<_, Id>(0)?.0);
            let person = Person { email: row.get(1)?, name: row.get(2)? };
            names.by_email.insert(person.email.clone(), id);
            names.people.insert(id, person);
            Ok(())
        })?;
        each(connection, "SELECT id, name FROM machine", |row| {
            names.machines.insert(MachineId(row.get::<_, Id>(0)?.0), row.get(1)?);
            Ok(())
        })?;
        each(connection, "SELECT id, name FROM service", |row| {
            names.services.insert(ServiceId(row.get::<_, Id>(0)?.0), row.get(1)?);
            Ok(())
        })?;
        Ok(names)
    }

    /// Every machine, by id.
    pub fn machines(&self) -> impl Iterator<Item = (MachineId, &str)> {
        self.machines.iter().map(|(id, name)| (*id, name.as_str()))
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

/// Shows each row that can be read, of a table that is there.
fn each(
    connection: &Connection,
    select: &str,
    mut show: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Result<(), DirectoryError> {
    let mut statement = match connection.prepare_cached(select).map_err(JournalError::from) {
        Ok(statement) => statement,
        Err(JournalError::Corrupt(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        // What cannot be read is somebody who cannot come in.
        let _ = show(row);
    }
    Ok(())
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
