//! What differs between operating systems. Each has the same functions:
//!
//! | name | what |
//! |---|---|
//! | `system_places`, `is_administrator` | where a service keeps its things, and whether this is one |
//! | `private_file`, `make_private_dir`, `sync_dir` | files that nobody else reads and that survive a power cut |
//! | `boot_id` | what is another text after each boot |
//! | `listen`, `socket_identity`, `remove_stale_socket`, `remove_own_socket`, `make_socket_dir`, `raise_file_limit` | the local socket |
//! | `Signals` | being told to end |
//! | `OsSessions` | who is logged in, and what the machine is about to do |
//! | `RUNS_HOOKS`, `only_root_writes`, `start_hook` | the application's own log-out |
//! | `notify_ready`, `notify_stopping`, `Watchdog` | the service manager |
//! | `host_name` | for people |

use std::path::PathBuf;

#[cfg(unix)]
mod unix;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    OsSessions, Watchdog, become_user, boot_id, notify_ready, notify_stopping, system_places,
};

#[cfg(all(unix, not(target_os = "linux")))]
mod macos;
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) use macos::{
    OsSessions, become_user, boot_id, notify_ready, notify_stopping, system_places,
};

#[cfg(not(target_os = "linux"))]
mod no_watchdog;
#[cfg(not(target_os = "linux"))]
pub(crate) use no_watchdog::Watchdog;

#[cfg(unix)]
pub(crate) use unix::{
    RUNS_HOOKS, Signals, SocketIdentity, host_name, is_administrator, listen, make_private_dir,
    make_socket_dir, only_root_writes, private_file, raise_file_limit, remove_own_socket,
    remove_stale_socket, socket_identity, socket_lock_file, start_hook, sync_dir,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    OsSessions, RUNS_HOOKS, Signals, SocketIdentity, boot_id, host_name, is_administrator, listen,
    make_private_dir, make_socket_dir, notify_ready, notify_stopping, only_root_writes,
    private_file, raise_file_limit, remove_own_socket, remove_stale_socket, socket_identity,
    socket_lock_file, start_hook, sync_dir, system_places,
};

/// Where a broker that serves the whole machine keeps its things.
#[derive(Debug, Clone)]
pub(crate) struct SystemPlaces {
    /// The configuration file.
    pub(crate) config: PathBuf,
    /// What must survive the broker.
    pub(crate) state_dir: PathBuf,
    /// Where programs find it.
    pub(crate) socket: PathBuf,
}

/// What a signal asks of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Sign everybody off and end.
    Terminate,
    /// End without signing anybody off: a new version starts in a moment.
    #[cfg_attr(windows, expect(dead_code, reason = "a console has no event that means this"))]
    Upgrade,
}
