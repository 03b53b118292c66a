//! How far each machine's link secrets have come, and where clones were seen.

use hotseat_protocol::ids::{Generation, MachineId, WallTime};
use rusqlite::{OptionalExtension as _, params};

use super::DirectoryError;
use super::rows::{Id, Time};
use super::worker::Directory;

/// What is kept of a machine's links.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkRecord {
    /// The newest secret that the machine surely has, in the generation that was asked for; 0 when
    /// there is none, as after a restore.
    pub counted: u64,
    /// When another computer last used this machine's enrolment.
    pub clone_seen: Option<WallTime>,
}

impl Directory {
    /// What is known of a machine's links in a generation of the store.
    ///
    /// # Errors
    ///
    /// When the tables cannot be read.
    pub async fn link_record(
        &self,
        machine: MachineId,
        generation: Generation,
    ) -> Result<LinkRecord, DirectoryError> {
        self.read(move |connection| {
            let select =
                "SELECT generation, counted, clone_seen_ms FROM machine_link WHERE machine = ?1";
            let mut statement = connection.prepare_cached(select)?;
            let found = statement.query_row([Id(machine.0)], |row| {
                let counted = u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
                let same = row.get::<_, u32>(0)? == generation.0;
                let clone_seen = row.get::<_, Option<Time>>(2)?.map(|time| time.0);
                Ok(LinkRecord { counted: if same { counted } else { 0 }, clone_seen })
            });
            Ok(found.optional()?.unwrap_or_default())
        })
        .await
    }

    /// The machine surely has this secret: those before it are older from now on.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn count_link_secret(
        &self,
        machine: MachineId,
        generation: Generation,
        number: u64,
    ) -> Result<(), DirectoryError> {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.note(move |transaction| {
            let upsert = "INSERT INTO machine_link (machine, generation, counted)
                          VALUES (?1, ?2, ?3)
                          ON CONFLICT (machine) DO UPDATE
                          SET generation = excluded.generation, counted = excluded.counted
                          WHERE machine_link.generation <> excluded.generation
                             OR machine_link.counted < excluded.counted";
            transaction.execute(upsert, params![Id(machine.0), generation.0, number])?;
            Ok(())
        })
        .await
    }

    /// Another computer used this machine's enrolment.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub async fn note_clone(&self, machine: MachineId, at: WallTime) -> Result<(), DirectoryError> {
        self.note(move |transaction| {
            let update = "UPDATE machine_link SET clone_seen_ms = ?2 WHERE machine = ?1";
            transaction.execute(update, params![Id(machine.0), Time(at)])?;
            Ok(())
        })
        .await
    }
}
