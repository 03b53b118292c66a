//! Unix: file modes, directory flushes, signals, sockets, hooks.

mod hook;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::task::Poll;

use hotseat_host::FileIdentity;
use hotseat_host::in_the_way::{Needed, explained};
use hotseat_ipc::socket;
use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::Listener;
use interprocess::os::unix::local_socket::ListenerOptionsExt as _;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::Signal;

pub(crate) use hook::{RUNS_HOOKS, only_root_writes, start_hook};

/// Open files that the broker asks for: 4,096 connections and what else it needs.
const FILES_WANTED: u64 = 8_192;

/// Whether this process may serve every user of the machine.
pub(crate) fn is_administrator() -> bool {
    rustix::process::geteuid().is_root()
}

/// The machine's name, for the pool's administrators.
pub(crate) fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Opens for writing, empties, and makes where there is none: a file that only its owner reads. No
/// link is followed.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.custom_flags(nix::libc::O_NOFOLLOW);
    options
}

/// Makes a directory that only its owner enters; one that is there stays as it is, and must not be
/// another user's.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    hotseat_host::unix_only::trusted_place(path)?;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| explained(path, Needed::Directory, error))?;
    hotseat_host::trusted_directory(path)
}

/// Makes the directory of the socket: everybody may find the socket in it. One that is there stays
/// as it is, and must not be another user's.
pub(crate) fn make_socket_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return hotseat_host::trusted_directory(path);
    }
    hotseat_host::unix_only::trusted_place(path)?;
    let mode = if is_administrator() { 0o755 } else { 0o700 };
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|error| explained(path, Needed::Directory, error))?;
    hotseat_host::trusted_directory(path)?;
    // The mask of the process has taken away what a service needs.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Makes what was renamed or removed in a directory survive a power cut.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The file whose lock says that a broker listens at a socket.
pub(crate) fn socket_lock_file(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Removes the socket of a broker that was killed. Call it only under the socket's lock: another
/// program's socket is told by its being answered at.
pub(crate) fn remove_stale_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => match asked(path) {
            Err(Errno::CONNREFUSED) => fs::remove_file(path),
            Err(Errno::NOENT) => Ok(()),
            // A program that is too busy to answer has the socket all the same.
            Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Err(io::ErrorKind::AddrInUse.into()),
            Err(error) => Err(error.into()),
        },
        Ok(_) => Err(io::Error::other(
            "something that is not a socket is there: move it away, or name another place",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Asks for a connection, without waiting for one.
fn asked(path: &Path) -> Result<(), Errno> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)
}

/// Listens at a path. A service takes everybody (the kernel says who each one is), a broker of
/// one user only that user.
pub(crate) fn listen(path: &Path) -> io::Result<Listener> {
    // The same twice: `mode_t` has another width on macOS.
    let (at_first, mode) = if is_administrator() { (0o666, 0o666) } else { (0o600, 0o600) };
    let name = socket::name(path)?;
    // It is removed by `remove_own_socket`: something else may be there by then.
    let options = ListenerOptions::new().name(name).mode(at_first).reclaim_name(false);
    let listener = options.create_tokio()?;
    // The mask of the process has taken away what a service needs.
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    Ok(listener)
}

/// Which socket one is, whatever its name.
pub(crate) type SocketIdentity = FileIdentity;

/// Which socket has this name now.
pub(crate) fn socket_identity(path: &Path) -> io::Result<SocketIdentity> {
    FileIdentity::of(path)
}

/// Removes the socket, unless something else has taken its place.
pub(crate) fn remove_own_socket(path: &Path, own: SocketIdentity) {
    if socket_identity(path).is_ok_and(|found| found == own) {
        // What cannot be removed is stale, and the next broker says so.
        let _ = fs::remove_file(path);
    }
}

/// Lets the process open as many files as its connections need, as far as the system allows.
/// Returns the limit that holds then; none: there is none.
pub(crate) fn raise_file_limit() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current?;
    let wanted = limit.maximum.unwrap_or(u64::MAX).min(FILES_WANTED).max(current);
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

/// What ends the broker by signing everybody off.
const TERMINATING: [SignalKind; 3] =
    [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];

/// The signals that end the broker.
#[derive(Debug)]
pub(crate) struct Signals {
    terminating: Vec<Stream>,
    upgrade: Option<Stream>,
}

impl Signals {
    /// Begins to listen; from here on the signals no longer kill the process. Those that were
    /// ignored when it started (`nohup`) stay ignored.
    pub(crate) fn new() -> io::Result<Self> {
        let terminating = TERMINATING.into_iter().filter_map(unless_ignored);
        Ok(Self {
            terminating: terminating.collect::<io::Result<_>>()?,
            upgrade: unless_ignored(SignalKind::user_defined1()).transpose()?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            let mut came = |stream: &mut Stream| stream.poll_recv(context).is_ready();
            if self.terminating.iter_mut().any(&mut came) {
                return Poll::Ready(Signal::Terminate);
            }
            match self.upgrade.as_mut().is_some_and(came) {
                true => Poll::Ready(Signal::Upgrade),
                false => Poll::Pending,
            }
        })
        .await
    }
}

fn unless_ignored(kind: SignalKind) -> Option<io::Result<Stream>> {
    (!hotseat_host::is_ignored(kind.as_raw_value())).then(|| signal(kind))
}
