//! Unix: file modes, signals, the administration socket.

mod administration;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// Whether only the owner may read it.
pub(crate) fn is_private(path: &Path) -> bool {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o077 == 0
}

/// Asks a process to end.
pub(crate) fn terminate(child: &mut Child) {
    let pid = Pid::from_child(child);
    kill_process(pid, Signal::TERM).unwrap();
}
