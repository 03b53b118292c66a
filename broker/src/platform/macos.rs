//! macOS: launchd's places, the kernel's name of the boot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hotseat_broker_core::{Inhibitor, OsEvent};
use hotseat_ipc::socket::Peer;
use tokio::sync::mpsc;

use super::SystemPlaces;
use crate::lifecycle::Lifecycle;

pub(crate) fn system_places() -> SystemPlaces {
    SystemPlaces {
        config: PathBuf::from("/etc/hotseat/broker.toml"),
        state_dir: PathBuf::from("/var/lib/hotseat"),
        socket: PathBuf::from("/var/run/hotseat/broker.sock"),
    }
}

/// What is another text after each boot. None when it cannot be told.
pub(crate) fn boot_id(file: Option<&Path>) -> Option<String> {
    let text = match file {
        Some(path) => fs::read_to_string(path).ok()?,
        None => {
            let mut sysctl = Command::new("/usr/sbin/sysctl");
            let answer = sysctl.args(["-n", "kern.bootsessionuuid"]).output().ok()?;
            String::from_utf8(answer.stdout).ok()?
        }
    };
    let id = text.trim().to_owned();
    (!id.is_empty()).then_some(id)
}

/// The program of this command will run as the user, in the user's first group.
#[expect(clippy::unnecessary_wraps, reason = "other systems ask a database for it")]
pub(crate) fn become_user(
    command: &mut tokio::process::Command,
    user: &nix::unistd::User,
) -> std::io::Result<()> {
    command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    Ok(())
}

pub(crate) fn notify_ready() {}

pub(crate) fn notify_stopping() {}

/// This system's sessions are not watched yet: a seat ends with its tray or process.
#[derive(Debug, Clone)]
pub(crate) struct OsSessions;

impl OsSessions {
    pub(crate) fn start(_lifecycle: &Lifecycle, _events: mpsc::Sender<OsEvent>) -> Self {
        Self
    }

    #[expect(clippy::unused_async, reason = "other systems ask a service for it")]
    pub(crate) async fn session_of(&self, _peer: &Peer) -> Option<String> {
        None
    }

    pub(crate) fn look_at(&self, _session: &str) {}

    pub(crate) fn release(&self, _inhibitor: Inhibitor) {}
}
