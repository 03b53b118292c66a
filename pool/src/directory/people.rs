//! People with a log-in.

use hotseat_protocol::ids::{UserId, WallTime};
use hotseat_protocol::text::is_unseen;
use rusqlite::{OptionalExtension as _, params};

use super::rows::{Id, Time};
use super::worker::Directory;
use super::{DirectoryError, checked_name};

/// The longest e-mail address that the mail protocols allow.
const EMAIL_BYTES_MAX: usize = 254;

/// A person to add.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// A fresh id.
    pub id: UserId,
    /// The log-in.
    pub email: String,
    /// The name for people.
    pub name: String,
    /// The password's hash.
    pub password_hash: String,
    /// Now.
    pub created: WallTime,
}

/// The form in which an address is kept and looked for.
///
/// # Errors
///
/// When it is not an e-mail address.
pub fn normal_email(text: &str) -> Result<String, DirectoryError> {
    let email = text.trim().to_lowercase();
    let printable = email.chars().all(|c| !is_unseen(c) && !c.is_whitespace());
    let parts = email.split_once('@');
    let complete = parts.is_some_and(|(who, domain)| !who.is_empty() && !domain.is_empty());
    if complete && printable && email.len() <= EMAIL_BYTES_MAX {
        return Ok(email);
    }
    let why = format!("{text:?} is not an e-mail address: expected NAME@DOMAIN");
    Err(DirectoryError::Invalid { key: "email", why })
}

impl Directory {
    /// Adds a person.
    ///
    /// # Errors
    ///
    /// When the address is taken, or a text cannot be used.
    pub async fn add_person(&self, person: NewPerson) -> Result<(), DirectoryError> {
        let email = normal_email(&person.email)?;
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

    /// Changes a person's name or password; a new password ends all tokens. Returns whether there
    /// is such a person.
    ///
    /// # Errors
    ///
    /// When the name cannot be used.
    pub async fn change_person(
        &self,
        id: UserId,
        name: Option<String>,
        password_hash: Option<String>,
    ) -> Result<bool, DirectoryError> {
        let name = name.map(|name| checked_name("name", &name)).transpose()?;
        self.change(move |transaction| {
            if password_hash.is_some() {
                transaction.execute("DELETE FROM user_token WHERE person = ?1", [Id(id.0)])?;
            }
            let update = "UPDATE person SET name = coalesce(?2, name),
                          password_hash = coalesce(?3, password_hash) WHERE id = ?1";
            Ok(transaction.execute(update, params![Id(id.0), name, password_hash])? > 0)
        })
        .await
    }

    /// Forgets a person and their tokens. Returns whether there was such a person.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn remove_person(&self, id: UserId) -> Result<bool, DirectoryError> {
        self.change(move |transaction| {
            Ok(transaction.execute("DELETE FROM person WHERE id = ?1", [Id(id.0)])? > 0)
        })
        .await
    }

    /// The id and password hash that belong to an address.
    pub(super) async fn password_of(
        &self,
        email: String,
    ) -> Result<Option<(UserId, String)>, DirectoryError> {
        self.read(move |connection| {
            let select = "SELECT id, password_hash FROM person WHERE email = ?1";
            let mut statement = connection.prepare_cached(select)?;
            let found = statement
                .query_row([email], |row| Ok((UserId(row.get::<_, Id>(0)?.0), row.get(1)?)));
            Ok(found.optional()?)
        })
        .await
    }
}
