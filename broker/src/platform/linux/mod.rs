//! Linux: systemd's places, the kernel's name of the boot, logind.

mod logind;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};

use super::SystemPlaces;

pub(crate) use logind::OsSessions;

/// What the kernel calls this boot.
const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

pub(crate) fn system_places() -> SystemPlaces {
    SystemPlaces {
        config: PathBuf::from("/etc/hotseat/broker.toml"),
        state_dir: PathBuf::from("/var/lib/hotseat"),
        socket: PathBuf::from("/run/hotseat/broker.sock"),
    }
}

/// What is another text after each boot: the kernel's word, or a file's. None when it cannot be
/// read.
pub(crate) fn boot_id(file: Option<&Path>) -> Option<String> {
    let path = file.unwrap_or(Path::new(BOOT_ID_FILE));
    let text = fs::read_to_string(path).inspect_err(|error| {
        tracing::warn!(
            %error,
            file = %path.display(),
            "this boot cannot be told from the last one; what was left is signed off at once"
        );
    });
    let id = text.ok()?.trim().to_owned();
    (!id.is_empty()).then_some(id)
}

/// Tells systemd that programs can connect.
pub(crate) fn notify_ready() {
    notify(sd_notify::NotifyState::Ready);
}

/// Tells systemd that the broker signs everybody off.
pub(crate) fn notify_stopping() {
    notify(sd_notify::NotifyState::Stopping);
}

fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
