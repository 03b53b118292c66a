//! Tokens: who shows them, and what they open. Only their SHA-256 is kept.

use std::time::Duration;

use hotseat_protocol::ids::{MachineId, Secret, UserId, WallTime};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::DirectoryError;
use super::lasting::{LIVES, Moment, is_over};
use super::rows::{Id, Time, hash};
use super::services::{Service, service_by_hash};
use super::worker::Directory;
use crate::fresh;

/// How long a log-in lasts without being used.
pub(super) const TOKEN_LIFE: Duration = LIVES.log_in;
/// Log-ins over REST that one person may have at once: browsers, phones and scripts. The one that
/// ends first makes room; those at machines are counted apart, so that no script logs a desktop out.
const TOKENS_OVER_REST_MAX: u32 = 100;
/// Log-ins that one person may have at once on one machine: one for each account there that is
/// theirs.
const TOKENS_ON_A_MACHINE_MAX: u32 = 20;

/// Who shows a token over REST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An administrator.
    Admin,
    /// An application server or a script.
    Service(Service),
    /// A person, for themselves only.
    User(UserId),
}

/// A person's token as it was issued.
#[derive(Debug, Clone)]
pub struct UserToken {
    /// The token itself: told once, kept nowhere.
    pub token: Secret,
    /// When it ends unless it is used, as the wall clock goes now; for people.
    pub expires_at: WallTime,
}

/// A token as it is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// The hash of what was shown.
    #[must_use]
    pub fn shown(secret: &str) -> Self {
        Self(hash(secret))
    }

    /// The hash itself, in 64 hexadecimal digits: it names what was shown, and opens nothing.
    #[must_use]
    pub fn to_hex(self) -> String {
        use std::fmt::Write as _;
        self.0.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// From its hash in 64 hexadecimal digits; none when it is not that.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        if text.len() != 2 * hash.len() {
            return None;
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).ok().filter(|text| !text.contains('+'))?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(hash))
    }

    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Directory {
    /// Who shows this token over REST; none: nobody that is known.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn principal(&self, token: Token) -> Result<Option<Principal>, DirectoryError> {
        let now = self.own_time().now();
        let found = self
            .read(move |connection| {
                if is_admin(connection, token)? {
                    return Ok(Some((Principal::Admin, None)));
                }
                if let Some(service) = service_by_hash(connection, &token.0)? {
                    return Ok(Some((Principal::Service(service), None)));
                }
                let user = user_by_token(connection, token, None, now)?;
                Ok(user.map(|(user, ends)| (Principal::User(user), ends)))
            })
            .await?;
        let Some((principal, ends)) = found else { return Ok(None) };
        if let Some(ends) = ends {
            self.note_use(token, ends).await?;
        }
        Ok(Some(principal))
    }

    /// Whose token this is on a machine; none: nobody's, or not on this one.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn user_on_machine(
        &self,
        token: Token,
        machine: MachineId,
    ) -> Result<Option<UserId>, DirectoryError> {
        let now = self.own_time().now();
        let found = self
            .read(move |connection| user_by_token(connection, token, Some(machine), now))
            .await?;
        let Some((user, ends)) = found else { return Ok(None) };
        if let Some(ends) = ends {
            self.note_use(token, ends).await?;
        }
        Ok(Some(user))
    }

    /// Who is logged in on a machine.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub(crate) async fn logged_in_on(
        &self,
        machine: MachineId,
    ) -> Result<Vec<UserId>, DirectoryError> {
        let now = self.own_time().now();
        self.read(move |connection| {
            let select = "SELECT DISTINCT person FROM user_token
                          WHERE machine = ?1 AND expires_ms > ?2 ORDER BY person";
            let mut statement = connection.prepare_cached(select)?;
            let people = statement
                .query_map(params![Id(machine.0), now], |row| Ok(UserId(row.get::<_, Id>(0)?.0)))?;
            Ok(people.collect::<Result<Vec<UserId>, _>>()?)
        })
        .await
    }

    /// Gives a person a token: for a machine, or for REST.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn issue_token(
        &self,
        user: UserId,
        machine: Option<MachineId>,
    ) -> Result<UserToken, DirectoryError> {
        let token = fresh::secret("hsu_");
        let hashed = hash(token.expose());
        let now = self.own_time().now();
        let expires = now.after(TOKEN_LIFE);
        let expires_at = self.own_time().shown(expires);
        self.note(move |transaction| {
            make_room(transaction, user, machine, now)?;
            let insert = "INSERT INTO user_token (hash, person, machine, created_ms, expires_ms)
                          VALUES (?1, ?2, ?3, ?4, ?5)";
            let machine = machine.map(|machine| Id(machine.0));
            let values = params![hashed, Id(user.0), machine, now, expires];
            transaction.execute(insert, values)?;
            Ok(())
        })
        .await?;
        Ok(UserToken { token, expires_at })
    }

    /// Ends a person's token, wherever it is good. One that is not there has ended.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn end_token(&self, token: Token) -> Result<(), DirectoryError> {
        self.note(move |transaction| {
            transaction.execute("DELETE FROM user_token WHERE hash = ?1", [token.0])?;
            Ok(())
        })
        .await
    }

    /// Makes the given token an administrator's, and no other one.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn set_admin_token(&self, token: Token, now: WallTime) -> Result<(), DirectoryError> {
        self.note(move |transaction| set_admin(transaction, token, now)).await
    }

    async fn note_use(&self, token: Token, ends: Moment) -> Result<(), DirectoryError> {
        if self.reads_only() {
            return Ok(());
        }
        self.note(move |transaction| {
            let update = "UPDATE user_token SET expires_ms = ?2 WHERE hash = ?1";
            transaction.execute(update, params![token.0, ends])?;
            Ok(())
        })
        .await
    }
}

/// Makes the given token an administrator's, and no other one.
pub(crate) fn set_admin(
    connection: &Connection,
    token: Token,
    now: WallTime,
) -> Result<(), DirectoryError> {
    connection.execute("DELETE FROM admin_token", [])?;
    let insert = "INSERT INTO admin_token (hash, created_ms) VALUES (?1, ?2)";
    connection.execute(insert, params![token.0, Time(now)])?;
    Ok(())
}

/// Whether this is the administrator's token.
pub(crate) fn is_admin(connection: &Connection, token: Token) -> Result<bool, DirectoryError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM admin_token WHERE hash = ?1")?;
    Ok(statement.exists([token.0])?)
}

/// Whose token it is in this scope, and its new end, where its use is to be written down.
fn user_by_token(
    connection: &Connection,
    token: Token,
    machine: Option<MachineId>,
    now: Moment,
) -> Result<Option<(UserId, Option<Moment>)>, DirectoryError> {
    let select = "SELECT person, expires_ms FROM user_token WHERE hash = ?1 AND machine IS ?2";
    let mut statement = connection.prepare_cached(select)?;
    let machine = machine.map(|machine| Id(machine.0));
    let found = statement.query_row(params![token.0, machine], |row| {
        Ok((UserId(row.get::<_, Id>(0)?.0), row.get::<_, Moment>(1)?))
    });
    let good = found.optional()?.filter(|(_, ends)| !is_over(*ends, now));
    Ok(good.map(|(user, ends)| (user, LIVES.used(ends, now))))
}

/// Ends what is over, and of this person's log-ins there those beyond the number.
fn make_room(
    transaction: &Transaction<'_>,
    user: UserId,
    machine: Option<MachineId>,
    now: Moment,
) -> Result<(), DirectoryError> {
    transaction.execute("DELETE FROM user_token WHERE expires_ms <= ?1", [now])?;
    let most = match machine {
        Some(_) => TOKENS_ON_A_MACHINE_MAX,
        None => TOKENS_OVER_REST_MAX,
    };
    let delete = "DELETE FROM user_token WHERE person = ?1 AND machine IS ?3 AND hash NOT IN (
                      SELECT hash FROM user_token WHERE person = ?1 AND machine IS ?3
                      ORDER BY expires_ms DESC LIMIT ?2)";
    let machine = machine.map(|machine| Id(machine.0));
    transaction.execute(delete, params![Id(user.0), most - 1, machine])?;
    Ok(())
}
