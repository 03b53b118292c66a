//! Linux: systemd's places, the kernel's name of the boot, logind.

mod logind;
mod user;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SystemPlaces;

pub(crate) use logind::OsSessions;
pub(crate) use user::become_user;

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

/// Tells systemd that the hub still turns, if the unit asks for it.
#[derive(Debug)]
pub(crate) struct Watchdog {
    /// Twice as often as asked for; none: nobody asks.
    every_ms: Option<u64>,
    last: u64,
}

impl Watchdog {
    /// Reads what the service manager asked for.
    pub(crate) fn new() -> Self {
        let asked = sd_notify::watchdog_enabled();
        let half = |asked: Duration| u64::try_from(asked.as_millis() / 2).unwrap_or(u64::MAX);
        Self { every_ms: asked.map(half), last: 0 }
    }

    /// How often the hub must come round for its sake.
    pub(crate) fn every(&self) -> Duration {
        self.every_ms.map_or(Duration::MAX, Duration::from_millis)
    }

    /// The hub has come round, at this time of the boot-time clock.
    pub(crate) fn alive(&mut self, boot_ms: u64) {
        if self.every_ms.is_some_and(|every| boot_ms >= self.last.saturating_add(every)) {
            self.last = boot_ms;
            notify(sd_notify::NotifyState::Watchdog);
        }
    }
}

fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the service manager could not be told");
    }
}
