//! Who this machine is to the pool.

use std::path::Path;

use hotseat_protocol::ids::{MachineId, Secret};
use serde::{Deserialize, Serialize};

use super::{MACHINE_FILE, StoreError, durable, failed, parse, read_if_there};
use crate::platform;

/// The newest version of the file.
const VERSION: u64 = 1;

/// Who this machine is to the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Its id.
    pub id: MachineId,
    /// What proves it.
    pub credential: Secret,
    /// The pool server that enrolled it, as it was named then.
    pub server_url: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    version: u64,
    machine: MachineId,
    credential: Secret,
    server_url: String,
}

impl Machine {
    /// Reads it from a state directory; none when the machine was never enrolled.
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be understood.
    pub fn read(dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = dir.join(MACHINE_FILE);
        let Some(text) = read_if_there(&path)? else {
            return Ok(None);
        };
        let form: Form = parse(&path, &text, VERSION)?;
        Ok(Some(Self {
            id: form.machine,
            credential: form.credential,
            server_url: form.server_url,
        }))
    }

    /// Checks that [`Machine::write`] may write: nothing is there, or it may be replaced.
    ///
    /// # Errors
    ///
    /// When the machine is enrolled already, or the directory cannot be made.
    pub fn may_write(dir: &Path, replace: bool) -> Result<(), StoreError> {
        platform::make_private_dir(dir).map_err(failed("make the state directory", dir))?;
        if replace {
            return Ok(());
        }
        match Self::read(dir)? {
            None => Ok(()),
            Some(machine) => Err(StoreError::Enrolled {
                path: dir.join(MACHINE_FILE),
                server: machine.server_url,
            }),
        }
    }

    /// Writes it durably.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let path = dir.join(MACHINE_FILE);
        durable::replace(&path, &self.text()).map_err(failed("write", &path))
    }

    fn text(&self) -> Vec<u8> {
        let form = Form {
            version: VERSION,
            machine: self.id,
            credential: self.credential.clone(),
            server_url: self.server_url.clone(),
        };
        serde_json::to_vec_pretty(&form).expect("plain texts are always JSON")
    }
}
