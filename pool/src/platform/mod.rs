//! What differs between operating systems. Each has the same functions:
//!
//! | name | what |
//! |---|---|
//! | `system_places`, `is_administrator` | where a service keeps its things, and whether this is one |
//! | `may_use` | whether a directory is this process's to use |
//! | `own_account`, `account_name` | the account that runs this process, and what one is called |
//! | `AdminListener`, `AdminStream`, `connect_admin`, `ASKS_BY_LOOPBACK` | the administration socket |
//! | `private_file`, `make_private_dir`, `private_umask` | files and directories that nobody else reads |
//! | `trusted_directory` | seeing that nobody else may replace what is in a directory |
//! | `lock_itself` | a lock on a file, whatever its names |
//! | `sync_directory` | making a file's name durable |
//! | `raise_file_limit` | as many open files as the system allows |
//! | `Signals` | being told to end |
//! | `notify_ready`, `notify_stopping` | telling the service manager |

use std::path::PathBuf;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{
    ASKS_BY_LOOPBACK, AdminListener, AdminStream, Signals, account_name, connect_admin,
    is_administrator, lock_itself, make_private_dir, may_use, notify_ready, notify_stopping,
    own_account, private_file, private_umask, raise_file_limit, sync_directory, system_places,
    trusted_directory,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{
    ASKS_BY_LOOPBACK, AdminListener, AdminStream, Signals, account_name, connect_admin,
    is_administrator, lock_itself, make_private_dir, may_use, notify_ready, notify_stopping,
    own_account, private_file, private_umask, raise_file_limit, sync_directory, system_places,
    trusted_directory,
};

/// Where a pool server that runs as a service keeps its things.
#[derive(Debug, Clone)]
pub(crate) struct SystemPlaces {
    /// The configuration file.
    pub(crate) config: PathBuf,
    /// The store and the administrator's token.
    pub(crate) data_dir: PathBuf,
    /// What lives as long as the server runs; none where the system has no such place.
    pub(crate) runtime_dir: Option<PathBuf>,
}
