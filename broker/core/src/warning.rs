//! A warning that is running.

use alloc::string::String;

use hotseat_protocol::ids::WallTime;
use hotseat_protocol::ipc::Warning;

/// A warning that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunningWarning {
    pub(super) ends: u64,
    pub(super) ends_at: WallTime,
    pub(super) idle_s: u64,
    pub(super) idle_since: u64,
    pub(super) waiter: Option<String>,
    pub(super) wanted: bool,
}

impl RunningWarning {
    pub(super) fn view(&self) -> Warning {
        Warning {
            ends_boot_ms: self.ends,
            ends_at: self.ends_at,
            idle_s: self.idle_s,
            waiter: self.waiter.clone(),
            wanted: self.wanted,
        }
    }
}
