//! Who this machine is to the pool.

use std::path::Path;

use hotseat_protocol::ids::{MachineId, Secret};
use serde::{Deserialize, Serialize};

use super::{MACHINE_FILE, StoreError, durable, failed, parse, read_if_there};
use crate::platform;

/// Written and removed again, to see whether the disk takes it.
const TRIAL_FILE: &str = "machine.json.trial";

/// More than the file will have.
const TRIAL_BYTES: usize = 4 * 1024;

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

    /// Checks that [`Machine::write`] may write and can: nothing is there, or it may be replaced,
    /// and the disk takes as much as it will have to.
    ///
    /// # Errors
    ///
    /// When the machine is enrolled already, or the directory cannot be made or written.
    pub fn may_write(dir: &Path, replace: bool) -> Result<(), StoreError> {
        platform::make_private_dir(dir).map_err(failed("make the state directory", dir))?;
        if !replace && let Some(machine) = Self::read(dir)? {
            let path = dir.join(MACHINE_FILE);
            return Err(StoreError::Enrolled { path, server: machine.server_url });
        }
        let trial = dir.join(TRIAL_FILE);
        let tried = durable::replace(&trial, &[b' '; TRIAL_BYTES]);
        durable::remove(&trial).and(tried).map_err(failed("write", &trial))
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
