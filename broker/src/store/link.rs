//! What the pool has told this machine to show when it greets again: `link.json`.

use std::path::{Path, PathBuf};

use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::link::JournalPosition;
use serde::{Deserialize, Serialize};

use super::{LINK_FILE, StoreError, durable, failed, parse, read_if_there};

/// The newest version of the file.
const VERSION: u64 = 1;

/// What the next greeting shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The newest link secret.
    pub secret: Option<Secret>,
    /// The newest place in the pool's journal, with the pool's seal on it.
    pub seen: Option<(JournalPosition, String)>,
}

/// The file. It belongs to one enrolment: another machine's is as good as none.
#[derive(Debug, Clone)]
pub struct LinkFile {
    path: PathBuf,
    machine: MachineId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u64,
    machine: MachineId,
    secret: Option<Secret>,
    seen: Option<Seen>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    position: JournalPosition,
    seal: String,
}

impl LinkFile {
    /// The file of an enrolment in a state directory, and what is in it.
    ///
    /// # Errors
    ///
    /// When it is there and cannot be understood: a machine that showed nothing instead would look
    /// like a clone of itself.
    pub fn open(dir: &Path, machine: MachineId) -> Result<(Self, Remembered), StoreError> {
        let file = Self { path: dir.join(LINK_FILE), machine };
        let remembered = file.read()?;
        Ok((file, remembered))
    }

    /// Checks that [`LinkFile::clear_damaged`] would leave nothing in the way.
    ///
    /// # Errors
    ///
    /// When the file is of a newer version, or something that cannot be read.
    pub fn may_clear_damaged(dir: &Path) -> Result<(), StoreError> {
        match read(&dir.join(LINK_FILE)) {
            Err(StoreError::Damaged { .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a damaged file out of the way of a new enrolment, which has no use for it.
    ///
    /// # Errors
    ///
    /// When it cannot be removed, or is of a newer version.
    pub fn clear_damaged(dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(LINK_FILE);
        match read(&path) {
            Err(StoreError::Damaged { .. }) => {
                durable::remove(&path).map_err(failed("remove", &path))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    fn read(&self) -> Result<Remembered, StoreError> {
        let Some(form) = read(&self.path)? else {
            return Ok(Remembered::default());
        };
        if form.machine != self.machine {
            return Ok(Remembered::default());
        }
        let seen = form.seen.map(|seen| (seen.position, seen.seal));
        Ok(Remembered { secret: form.secret, seen })
    }

    /// Writes it durably. Blocks.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, remembered: &Remembered) -> Result<(), StoreError> {
        durable::replace(&self.path, &self.text(remembered)).map_err(failed("write", &self.path))
    }

    fn text(&self, remembered: &Remembered) -> Vec<u8> {
        let seen = remembered.seen.clone();
        let form = Form {
            version: VERSION,
            machine: self.machine,
            secret: remembered.secret.clone(),
            seen: seen.map(|(position, seal)| Seen { position, seal }),
        };
        serde_json::to_vec_pretty(&form).expect("plain texts are always JSON")
    }

    /// Where it is, for people.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn read(path: &Path) -> Result<Option<Form>, StoreError> {
    match read_if_there(path)? {
        Some(text) => parse(path, &text, VERSION).map(Some),
        None => Ok(None),
    }
}
