//! Unix: file modes, signals, the administration socket, the service manager's socket.

mod admin;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use hotseat_host::in_the_way::{Needed, explained};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::SystemPlaces;

pub(crate) use admin::{ASKS_BY_LOOPBACK, AdminListener, AdminStream, connect_admin};

/// `/run` is emptied at each boot; macOS has no such directory.
#[cfg(not(target_os = "macos"))]
const RUNTIME_DIR: &str = "/run/hotseat-pool";
#[cfg(target_os = "macos")]
const RUNTIME_DIR: &str = "/var/run/hotseat-pool";

/// Open files beyond which more are of no use: all connections, the store, and room to spare.
/// macOS allows no program more than a limit of its own and refuses to be asked for infinitely many.
const FILES_ENOUGH: u64 = 32_768;

/// Where a service keeps its things.
pub(crate) fn system_places() -> SystemPlaces {
    SystemPlaces {
        config: "/etc/hotseat/pool.toml".into(),
        data_dir: "/var/lib/hotseat-pool".into(),
        runtime_dir: Some(RUNTIME_DIR.into()),
    }
}

/// Whether this process may use the machine's own places.
pub(crate) fn is_administrator() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether a directory is this process's to use: its own one, and for root every one.
pub(crate) fn may_use(directory: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    is_administrator() || fs::metadata(directory).is_ok_and(|found| found.uid() == own)
}

/// The account that runs this process.
pub(crate) fn own_account() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// What an account is called; it may be asked of a directory service, which takes its time.
pub(crate) fn account_name(uid: u32) -> Option<String> {
    let user = nix::unistd::User::from_uid(uid.into()).ok()??;
    Some(user.name)
}

/// Makes a new file that only its owner reads; one that is there is an error.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// From here on, whatever this process makes is readable by its owner only.
pub(crate) fn private_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Makes a directory that only its owner enters; one that is there stays as it is, and must not be
/// another user's.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    hotseat_host::unix_only::trusted_place(path).map_err(|why| with_next(path, &why))?;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| explained(path, Needed::Directory, error))?;
    trusted_directory(path)
}

/// Sees that nobody else may replace what is in a directory, by the rule of
/// [`hotseat_host::trusted_directory`]; says what to do, too.
pub(crate) fn trusted_directory(path: &Path) -> io::Result<()> {
    hotseat_host::trusted_directory(path).map_err(|why| with_next(path, &why))
}

/// What root does with the store of another user, that user must do: in a directory of his he
/// decides what root would write.
fn with_next(path: &Path, why: &io::Error) -> io::Error {
    let there = path.ancestors().find_map(|above| fs::metadata(above).ok());
    let owner = there.map_or(0, |found| found.uid());
    let next = if is_administrator() && owner != 0 {
        match account_name(owner) {
            Some(name) => format!(
                "run it as that user: `runuser -u {name} -- hotseat-pool --data-dir {} …`",
                path.display()
            ),
            None => format!("run it as user {owner}"),
        }
    } else {
        "make it yours alone (chown, chmod go-w), or give another data_dir".to_owned()
    };
    io::Error::new(why.kind(), format!("{why}; {next}"))
}

/// Locks a file itself, whatever names it has and however its directory is reached. None where there
/// is no such file of ours, or no such lock: `flock` and the locks that SQLite takes (`fcntl`) know
/// nothing of each other on Linux only.
///
/// # Errors
///
/// When another program has it.
pub(crate) fn lock_itself(path: &Path) -> Result<Option<File>, TryLockError> {
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let Ok(file) = hotseat_host::open_private(path) else { return Ok(None) };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// Waits until the names in a file's directory are on the disk: a new name may otherwise be gone
/// after a power cut, although the file is not.
pub(crate) fn sync_directory(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// Raises the limit of open files to what the system allows. Returns the limit that holds then;
/// none: there is none.
pub(crate) fn raise_file_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    let hard = limit.maximum.unwrap_or(FILES_ENOUGH);
    let wanted = hard.min(FILES_ENOUGH).max(current);
    if wanted == current {
        return Some(current);
    }
    let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => Some(wanted),
        Err(error) => {
            tracing::warn!(%error, wanted, "the limit of open files could not be raised");
            Some(current)
        }
    }
}

/// The signals that end the server.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen; from here on the signals no longer kill the process.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns when one comes.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Tells the service manager, if there is one, that requests are served.
pub(crate) fn notify_ready() {
    notify(&[sd_notify::NotifyState::Ready]);
}

/// Tells the service manager, if there is one, that the server ends.
pub(crate) fn notify_stopping() {
    notify(&[sd_notify::NotifyState::Stopping]);
}

fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

#[cfg(test)]
mod moved_store;
