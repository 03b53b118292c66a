//! Machines and the invitations that enrol them.

use hotseat_protocol::ids::{MachineId, Secret, WallTime};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::lasting::{LIVES, Moment, is_over};
use super::rows::{Id, Time, hash};
use super::tokens::Token;
use super::worker::Directory;
use super::{DirectoryError, checked_name};
use crate::fresh;

/// Invitations that may be open at once.
const INVITATIONS_MAX: u32 = 1000;

/// A machine with what people need to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRecord {
    /// Which one.
    pub id: MachineId,
    /// The name for people.
    pub name: String,
    /// Since when.
    pub enrolled: WallTime,
    /// When another computer last used its enrolment.
    pub clone_seen: Option<WallTime>,
}

impl Directory {
    /// Makes an invitation, which is told once, and says when it ends.
    ///
    /// # Errors
    ///
    /// When too many are open, or the tables cannot be written.
    pub async fn invite_machine(&self) -> Result<(Secret, WallTime), DirectoryError> {
        let invitation = fresh::secret("hsi_");
        let hashed = hash(invitation.expose());
        let now = self.own_time().now();
        let expires = now.after(LIVES.invitation);
        self.note(move |transaction| {
            transaction.execute("DELETE FROM invitation WHERE expires_ms <= ?1", [now])?;
            let open: u32 =
                transaction.query_row("SELECT count(*) FROM invitation", [], |row| row.get(0))?;
            if open >= INVITATIONS_MAX {
                return Err(DirectoryError::Busy);
            }
            let insert = "INSERT INTO invitation (hash, expires_ms) VALUES (?1, ?2)";
            transaction.execute(insert, params![hashed, expires])?;
            Ok(())
        })
        .await?;
        Ok((invitation, self.own_time().shown(expires)))
    }

    /// Whether an invitation could be used now.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn is_invited(&self, invitation: Token) -> Result<bool, DirectoryError> {
        let now = self.own_time().now();
        self.read(move |connection| is_open(connection, invitation, now)).await
    }

    /// Makes an invitation worthless that nobody has used. Returns whether there was one.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn withdraw_invitation(&self, invitation: Token) -> Result<bool, DirectoryError> {
        self.change(move |transaction| {
            let delete = "DELETE FROM invitation WHERE hash = ?1";
            Ok(transaction.execute(delete, [invitation.hash()])? > 0)
        })
        .await
    }

    /// Uses up an invitation for a machine, and makes its credential, which is told once.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::InvitationOver`] when it was used meanwhile or has ended.
    pub async fn enroll_machine(
        &self,
        invitation: Token,
        machine: MachineRecord,
    ) -> Result<Secret, DirectoryError> {
        let name = checked_name("name", &machine.name)?;
        let credential = fresh::secret("hsm_");
        let hashed = hash(credential.expose());
        let now = self.own_time().now();
        self.change(move |transaction| {
            if !is_open(transaction, invitation, now)? {
                return Err(DirectoryError::InvitationOver);
            }
            transaction.execute("DELETE FROM invitation WHERE hash = ?1", [invitation.hash()])?;
            let insert = "INSERT INTO machine (id, name, credential_hash, enrolled_ms)
                          VALUES (?1, ?2, ?3, ?4)";
            transaction
                .execute(insert, params![Id(machine.id.0), name, hashed, Time(machine.enrolled)])?;
            Ok(())
        })
        .await?;
        Ok(credential)
    }

    /// The machine that shows this credential, revoked ones included.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn machine_by_credential(
        &self,
        credential: Token,
    ) -> Result<Option<MachineId>, DirectoryError> {
        self.read(move |connection| {
            let select = "SELECT id FROM machine WHERE credential_hash = ?1";
            let mut statement = connection.prepare_cached(select)?;
            let found = statement.query_row([credential.hash()], |row| row.get::<_, Id>(0));
            Ok(found.optional()?.map(|id| MachineId(id.0)))
        })
        .await
    }

    /// Every machine that was ever enrolled, by name.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn machines(&self) -> Result<Vec<MachineRecord>, DirectoryError> {
        self.read(|connection| {
            let select = "SELECT id, name, enrolled_ms, clone_seen_ms
                          FROM machine LEFT JOIN machine_link ON machine_link.machine = machine.id
                          ORDER BY name, enrolled_ms";
            let mut statement = connection.prepare_cached(select)?;
            let rows = statement.query_map([], |row| {
                Ok(MachineRecord {
                    id: MachineId(row.get::<_, Id>(0)?.0),
                    name: row.get(1)?,
                    enrolled: row.get::<_, Time>(2)?.0,
                    clone_seen: row.get::<_, Option<Time>>(3)?.map(|time| time.0),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Ends the log-ins of a machine.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn end_machine_tokens(&self, machine: MachineId) -> Result<(), DirectoryError> {
        self.note(move |transaction| {
            transaction.execute("DELETE FROM user_token WHERE machine = ?1", [Id(machine.0)])?;
            Ok(())
        })
        .await
    }
}

/// Whether an invitation can be used.
fn is_open(
    connection: &Connection,
    invitation: Token,
    now: Moment,
) -> Result<bool, DirectoryError> {
    let select = "SELECT expires_ms FROM invitation WHERE hash = ?1";
    let mut statement = connection.prepare_cached(select)?;
    let ends = statement.query_row([invitation.hash()], |row| row.get::<_, Moment>(0));
    Ok(ends.optional()?.is_some_and(|ends| !is_over(ends, now)))
}
