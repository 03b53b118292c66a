//! Who this machine is to the pool, and the news that it was enrolled while the broker runs.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::PROGRAM;
use crate::RunError;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::pool_link::Target;
use crate::server_url::ServerUrl;
use crate::store::{LinkFile, Machine};

/// The file is read this often. It is a few hundred bytes, and whoever has just enrolled a computer
/// looks whether it works; watching it is another thing on each operating system.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// Enrolments that may wait for the hub: a newer one is read again.
pub(crate) const ENROLMENTS_MAX: usize = 1;

/// Where it is written down who this machine is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    state_dir: PathBuf,
    /// Beats the address at which the machine was enrolled.
    server_url: Option<ServerUrl>,
    boot_id: String,
}

impl Identity {
    pub(crate) fn new(config: &Config, boot_id: Option<&str>) -> Self {
        Self {
            state_dir: config.state_dir.clone(),
            server_url: config.server_url.clone(),
            boot_id: boot_id.unwrap_or_default().to_owned(),
        }
    }

    /// Who the machine is and with whom it talks; none when it was never enrolled. Blocks.
    ///
    /// # Errors
    ///
    /// When a file is there and cannot be understood.
    pub(crate) fn read(&self) -> Result<Option<(Machine, Target)>, RunError> {
        let Some(machine) = Machine::read(&self.state_dir)? else {
            return Ok(None);
        };
        let server = match &self.server_url {
            Some(url) => url.clone(),
            None => machine.server_url.parse().map_err(|cause| RunError::ServerUrl {
                address: machine.server_url.clone(),
                cause,
            })?,
        };
        let target = Target {
            shown: LinkFile::open(&self.state_dir, machine.id)?,
            server,
            machine: machine.id,
            credential: machine.credential.clone(),
            boot_id: self.boot_id.clone(),
            program: PROGRAM.to_owned(),
        };
        Ok(Some((machine, target)))
    }

    /// Tells of each enrolment that is another one than `known`, until the broker ends. One that
    /// cannot be read changes nothing: what is known goes on to count.
    pub(crate) async fn watch(
        self,
        mut known: Option<Machine>,
        enrolled: mpsc::Sender<Target>,
        lifecycle: Lifecycle,
    ) {
        let mut complaint = None;
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOKED_AT_EVERY) => {}
                () = lifecycle.stopping() => return,
            }
            let identity = self.clone();
            // A reading that panicked has said so; the next one may not.
            let Ok(read) = spawn_blocking(move || identity.read()).await else {
                continue;
            };
            match read {
                Ok(Some((machine, target))) if known.as_ref() != Some(&machine) => {
                    tracing::info!(machine = %machine.id, server = %target.server, "enrolled");
                    known = Some(machine);
                    complaint = None;
                    if enrolled.send(target).await.is_err() {
                        return;
                    }
                }
                Ok(_) => complaint = None,
                Err(error) => {
                    let error = error.to_string();
                    if complaint.as_ref() != Some(&error) {
                        tracing::error!(%error, "the enrolment cannot be read; it stays as it was");
                        complaint = Some(error);
                    }
                }
            }
        }
    }
}
