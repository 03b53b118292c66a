//! The administration socket: a Unix socket that only its server's own user and root get in by,
//! and behind which a command believes only root, its own user and the owner of the store.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _,
};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
use tokio::net::{UnixListener, UnixStream};

use crate::admin_socket::AdminSocketError;

/// Here a command asks a server by the administration socket, never over the network.
pub(crate) const ASKS_BY_LOOPBACK: bool = false;

/// A connection of the administration socket.
pub(crate) type AdminStream = UnixStream;

const MODE_OTHERS_WRITE: u32 = 0o022;
const NEXT_OWNER: &str = "check who owns the directory, or name another place with admin_socket";
const NEXT_BUSY: &str = "try again, and look at the server's log";
const NEXT_WHO: &str = "only root and the user that the server runs as may administer it: run this \
                        as one of them";

/// A bound socket; its name is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct AdminListener {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode, so that no other server's socket is removed.
    made: (u64, u64),
    /// Unlocked by the operating system when the process ends, however it does.
    _lock: File,
}

impl AdminListener {
    /// Listens at a path. What a killed server left there is replaced; no link is followed, a
    /// running server is not disturbed, and a directory that others may write is refused.
    pub(crate) fn bind(path: &Path) -> Result<Option<Self>, AdminSocketError> {
        check_length(path)?;
        let directory = path.parent().unwrap_or(Path::new("/"));
        let is_trusted = |found: io::Result<()>| found.map_err(|why| unsafe_for(directory, &why));
        is_trusted(hotseat_host::unix_only::trusted_place(directory))?;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(failed("make the directory", directory))?;
        check_directory(directory)?;
        is_trusted(hotseat_host::trusted_directory(directory))?;
        let lock = lock(path)?;
        remove_stale(path)?;
        let listener = UnixListener::bind(path).map_err(failed("listen at", path))?;
        let mode = fs::set_permissions(path, Permissions::from_mode(0o600));
        mode.map_err(failed("set the mode of", path))?;
        let found = fs::symlink_metadata(path).map_err(failed("look at", path))?;
        let made = (found.dev(), found.ino());
        Ok(Some(Self { listener, path: path.to_owned(), made, _lock: lock }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The next connection of root or of this process's own user, and who it is. Others are let
    /// go without an answer.
    pub(crate) async fn accept(&self) -> io::Result<(AdminStream, u32)> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            match stream.peer_cred().map(|peer| peer.uid()) {
                Ok(uid) if uid == 0 || uid == own_user() => return Ok((stream, uid)),
                Ok(uid) => tracing::warn!(uid, "this user may not administer the server"),
                Err(error) => tracing::debug!(%error, "a connection ended before it said whose"),
            }
        }
    }
}

impl Drop for AdminListener {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.made) {
            // Whoever starts next replaces one that stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Connects to the server at `path`; none when nobody listens there.
pub(crate) async fn connect_admin(
    path: &Path,
    data_dir: &Path,
) -> Result<Option<AdminStream>, AdminSocketError> {
    check_length(path)?;
    let stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        Err(error) => {
            let kind = error.kind();
            let nobody =
                [ErrorKind::NotFound, ErrorKind::ConnectionRefused, ErrorKind::NotADirectory];
            if nobody.contains(&kind) {
                return Ok(None);
            }
            let denied = kind == ErrorKind::PermissionDenied;
            return Err(AdminSocketError::Io {
                what: "connect to",
                path: path.to_owned(),
                cause: error,
                next: if denied { NEXT_WHO } else { NEXT_BUSY },
            });
        }
    };
    let uid = stream.peer_cred().map_err(failed("learn who listens at", path))?.uid();
    let owner = fs::metadata(data_dir).ok().map(|found| found.uid());
    if is_trusted(uid, own_user(), owner) {
        Ok(Some(stream))
    } else {
        Err(AdminSocketError::Foreign { path: path.to_owned(), uid })
    }
}

/// Whether a server of this user is believed to be the store's.
fn is_trusted(server: u32, own: u32, owner: Option<u32>) -> bool {
    server == 0 || server == own || owner == Some(server)
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn failed<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> AdminSocketError + use<'a> {
    let path = path.to_owned();
    move |cause| AdminSocketError::Io { what, path, cause, next: NEXT_OWNER }
}

fn check_length(path: &Path) -> Result<(), AdminSocketError> {
    match SocketAddr::from_pathname(path) {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(AdminSocketError::TooLong { path: path.to_owned(), bytes: path.as_os_str().len() })
        }
    }
}

/// Nobody else may put a socket of his own into the directory.
fn check_directory(directory: &Path) -> Result<(), AdminSocketError> {
    let found = fs::metadata(directory).map_err(failed("look at", directory))?;
    let refused = |why| Err(AdminSocketError::Unsafe { directory: directory.to_owned(), why });
    if found.uid() != 0 && found.uid() != own_user() {
        return refused(format!("it belongs to the user with the id {}", found.uid()));
    }
    if found.mode() & MODE_OTHERS_WRITE != 0 {
        return refused(format!("others may write in it (mode {:o})", found.mode() & 0o7777));
    }
    Ok(())
}

fn unsafe_for(directory: &Path, why: &io::Error) -> AdminSocketError {
    AdminSocketError::Unsafe { directory: directory.to_owned(), why: why.to_string() }
}

/// Two servers that are given the same path would otherwise take it from each other.
fn lock(socket: &Path) -> Result<File, AdminSocketError> {
    let mut path = socket.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let file = hotseat_host::lock_file(&path).map_err(failed("open the lock file", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AdminSocketError::InUse(socket.to_owned())),
        Err(TryLockError::Error(cause)) => Err(failed("lock", &path)(cause)),
    }
}

/// Removes the socket of a server that was killed, and nothing else. Called under the lock.
fn remove_stale(path: &Path) -> Result<(), AdminSocketError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) => return Err(AdminSocketError::NoSocket(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at", path)(error)),
    }
    match probe(path) {
        // The lock is free: this is some other program's.
        Ok(()) | Err(Errno::AGAIN) => Err(AdminSocketError::InUse(path.to_owned())),
        Err(_) => fs::remove_file(path).map_err(failed("remove", path)),
    }
}

/// Whether somebody listens; never waits, even for one who takes no connections.
fn probe(path: &Path) -> Result<(), Errno> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_a_third_user_is_believed_by_nobody() {
        let (root, own, owner, other) = (0, 1000, 990, 1001);
        for server in [root, own, owner] {
            assert!(is_trusted(server, own, Some(owner)));
        }
        assert!(!is_trusted(other, own, Some(owner)));
        assert!(!is_trusted(other, own, None));
        assert!(!is_trusted(other, root, Some(owner)));
    }

    #[tokio::test]
    async fn a_dead_servers_socket_is_replaced_and_a_live_ones_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let first = AdminListener::bind(&path).unwrap().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(AdminListener::bind(&path), Err(AdminSocketError::InUse(_))));
        assert!(connect_admin(&path, folder.path()).await.unwrap().is_some());
        drop(first);
        assert!(!path.exists());
        assert!(connect_admin(&path, folder.path()).await.unwrap().is_none());
        // Without the lock: some other program's.
        let _live = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(matches!(AdminListener::bind(&path), Err(AdminSocketError::InUse(_))));
        assert!(path.exists());
    }

    #[tokio::test]
    async fn no_link_is_followed_and_nothing_of_somebody_elses_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, target) = (folder.path().join("admin.sock"), folder.path().join("target"));
        let lock = folder.path().join("admin.sock.lock");
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(matches!(AdminListener::bind(&path), Err(AdminSocketError::NoSocket(_))));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert!(matches!(AdminListener::bind(&path), Err(AdminSocketError::NoSocket(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        fs::remove_file(&path).unwrap();
        fs::remove_file(&lock).unwrap();
        std::os::unix::fs::symlink(&target, &lock).unwrap();
        assert!(matches!(AdminListener::bind(&path), Err(AdminSocketError::Io { .. })));
        assert!(!target.exists() && !path.exists());
    }

    #[tokio::test]
    async fn a_directory_that_others_may_write_and_a_path_that_is_too_long_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o1777, 0o770] {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            let refused = AdminListener::bind(&folder.path().join("admin.sock"));
            let said = refused.unwrap_err().to_string();
            assert!(said.contains(&folder.path().display().to_string()), "{said}");
            assert!(said.contains("others may write"), "{said}");
        }
        let long = Path::new("/run").join("long/".repeat(40)).join("admin.sock");
        let said = AdminListener::bind(&long).unwrap_err().to_string();
        assert!(said.contains("too long") && said.contains("admin_socket"), "{said}");
        let said = connect_admin(&long, folder.path()).await.unwrap_err().to_string();
        assert!(said.contains("too long"), "{said}");
    }
}
