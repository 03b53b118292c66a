//! People with a log-in.

use std::collections::BTreeSet;

use hotseat_protocol::ids::{MachineId, UserId, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::email::Email;
use super::rows::{Id, Time};
use super::stored_hash::StoredHash;
use super::worker::Directory;
use super::{DirectoryError, checked_name};

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// A fresh id.
    pub id: UserId,
    /// The log-in.
    pub email: Email,
    /// The name for people.
    pub name: String,
    /// The password's hash.
    pub password_hash: String,
    /// Now.
    pub created: WallTime,
}

/// What a change of a person has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Whether there is, or was, such a person.
    pub found: bool,
    /// The machines on which their log-ins ended by it.
    pub logged_out: Vec<MachineId>,
}

impl Directory {
    /// Adds a person.
    ///
    /// # Errors
    ///
    /// When the address is taken, or a text cannot be used.
    pub async fn add_person(&self, person: NewPerson) -> Result<(), DirectoryError> {
        let email = person.email.to_string();
        let name = checked_name("name", &person.name)?;
        self.change(move |transaction| {
            let insert = "INSERT INTO person (id, email, name, password_hash, created_ms)
                          VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (email) DO NOTHING";
            let (id, created) = (Id(person.id.0), Time(person.created));
            let values = params![id, email, name, person.password_hash, created];
            match transaction.execute(insert, values)? {
                0 => Err(DirectoryError::EmailTaken(email)),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Changes a person's name or password; a new password ends all tokens.
    ///
    /// # Errors
    ///
    /// When the name cannot be used.
    pub async fn change_person(
        &self,
        id: UserId,
        name: Option<String>,
        password_hash: Option<String>,
    ) -> Result<Changed, DirectoryError> {
        let name = name.map(|name| checked_name("name", &name)).transpose()?;
        self.change(move |transaction| {
            let logged_out = match password_hash {
                Some(_) => end_tokens(transaction, id)?,
                None => Vec::new(),
            };
            let update = "UPDATE person SET name = coalesce(?2, name),
                          password_hash = coalesce(?3, password_hash) WHERE id = ?1";
            let found = transaction.execute(update, params![Id(id.0), name, password_hash])? > 0;
            Ok(Changed { found, logged_out })
        })
        .await
    }

    /// Forgets a person and their tokens.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn remove_person(&self, id: UserId) -> Result<Changed, DirectoryError> {
        self.change(move |transaction| {
            let logged_out = end_tokens(transaction, id)?;
            transaction.execute("DELETE FROM actor_address WHERE person = ?1", [Id(id.0)])?;
            let found = transaction.execute("DELETE FROM person WHERE id = ?1", [Id(id.0)])? > 0;
            Ok(Changed { found, logged_out })
        })
        .await
    }

    /// A person's password hash.
    pub(super) async fn password_of(&self, id: UserId) -> Result<Option<String>, DirectoryError> {
        self.read(move |connection| {
            let select = "SELECT password_hash FROM person WHERE id = ?1";
            let mut statement = connection.prepare_cached(select)?;
            Ok(statement.query_row([Id(id.0)], |row| row.get(0)).optional()?)
        })
        .await
    }

    /// Keeps another hash of the same password, unless it was changed meanwhile; no token ends.
    pub(super) async fn rehash(
        &self,
        id: UserId,
        old: String,
        new: String,
    ) -> Result<(), DirectoryError> {
        self.note(move |transaction| {
            let update =
                "UPDATE person SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2";
            transaction.execute(update, params![Id(id.0), old, new])?;
            Ok(())
        })
        .await
    }
}

/// Ends all log-ins of a person; returns the machines on which there were some.
fn end_tokens(transaction: &Transaction<'_>, id: UserId) -> Result<Vec<MachineId>, DirectoryError> {
    let select = "SELECT DISTINCT machine FROM user_token
                  WHERE person = ?1 AND machine IS NOT NULL ORDER BY machine";
    let machines = {
        let mut statement = transaction.prepare_cached(select)?;
        let rows = statement.query_map([Id(id.0)], |row| Ok(MachineId(row.get::<_, Id>(0)?.0)))?;
        rows.collect::<Result<Vec<MachineId>, _>>()?
    };
    transaction.execute("DELETE FROM user_token WHERE person = ?1", [Id(id.0)])?;
    Ok(machines)
}

/// Brings the addresses of an older store into their normal form. One whose form is another
/// person's already stays as it is: nobody loses an account, and an administrator is told.
pub(super) fn normalise_addresses(connection: &mut Connection) -> Result<(), DirectoryError> {
    let transaction = connection.transaction()?;
    let mut people: Vec<(UserId, String)> = Vec::new();
    {
        let mut statement =
            transaction.prepare("SELECT id, email FROM person ORDER BY created_ms, id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            people.push((UserId(row.get::<_, Id>(0)?.0), row.get(1)?));
        }
    }
    let mut taken: BTreeSet<String> = people.iter().map(|(_, email)| email.clone()).collect();
    for (user, email) in people {
        let Ok(normal) = Email::parse(&email) else {
            tracing::warn!(
                %user,
                "this user's address would not be taken today; it is kept, and found as it was typed"
            );
            continue;
        };
        if normal.as_str() == email {
            continue;
        }
        if !taken.insert(normal.to_string()) {
            tracing::warn!(
                %user,
                "this user's address looks the same as another user's; both are kept, and each is \
                 found as it was typed. Remove the one that is not needed by its id"
            );
            continue;
        }
        taken.remove(&email);
        let update = "UPDATE person SET email = ?2 WHERE id = ?1";
        transaction.execute(update, params![Id(user.0), normal.as_str()])?;
    }
    Ok(transaction.commit()?)
}

/// Tells an administrator at the start whose stored password cannot be used.
pub(super) fn warn_of_unusable_hashes(connection: &Connection) -> Result<(), DirectoryError> {
    let mut statement = connection.prepare("SELECT id, password_hash FROM person")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (Id(user), hash): (Id, String) = (row.get(0)?, row.get(1)?);
        if let Err(why) = StoredHash::read(&hash) {
            let user = UserId(user);
            tracing::warn!(
                %user,
                %why,
                "the stored password of this user cannot be used: set a new one with \
                 `hotseat-pool user password`"
            );
        }
    }
    Ok(())
}
