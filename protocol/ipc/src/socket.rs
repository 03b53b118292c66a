//! How the two ends meet: a socket in the file system (a named pipe on Windows), found by its
//! path, with the kernel's word on who the peer is.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use interprocess::local_socket::tokio::{Stream, prelude::*};
use interprocess::local_socket::{GenericFilePath, Name, ToFsName};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::platform;

/// The kernel's word on who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    /// The OS user: the effective uid in decimal on Unix, the security identifier on Windows.
    pub user: OsUser,
    /// The process when it connected; none where the OS does not tell, or when the process is in a
    /// PID namespace of its own and has no number here. Information, never proof, because process
    /// ids are reused.
    pub pid: Option<u32>,
}

/// An OS user of this computer, as the kernel names him.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct OsUser(pub String);

impl std::fmt::Display for OsUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl OsUser {
    /// The user with this uid.
    #[must_use]
    pub fn from_uid(uid: u32) -> Self {
        Self(uid.to_string())
    }

    /// Whether this is the machine's administrator: root, or the local system.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        platform::is_administrator(self)
    }
}

/// Why a broker could not be reached.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// None of the usual places has a socket that answers.
    #[error("no broker answers at {}", places(.0))]
    NoBroker(Vec<PathBuf>),
    /// The socket belongs to somebody who could read what is said.
    #[error("the socket {path} is served by user {owner}, who is neither an administrator nor you", path = .path.display())]
    Untrusted {
        /// The socket.
        path: PathBuf,
        /// Who serves it.
        owner: OsUser,
    },
    /// A socket is there, and connecting failed for another reason.
    #[error("cannot connect to {path}", path = .path.display())]
    Failed {
        /// The socket.
        path: PathBuf,
        /// What the OS said.
        #[source]
        source: io::Error,
    },
}

fn places(paths: &[PathBuf]) -> String {
    let texts: Vec<String> = paths.iter().map(|p| p.display().to_string()).collect();
    texts.join(" or ")
}

/// A connection; shared, because both directions are used at once.
pub type Connection = Arc<Stream>;

/// The name by which interprocess knows a path.
///
/// # Errors
///
/// An I/O error when the path cannot be a socket's, for example because it is too long.
pub fn name(path: &Path) -> io::Result<Name<'_>> {
    path.to_fs_name::<GenericFilePath>()
}

/// Who is at the other end.
///
/// # Errors
///
/// An I/O error when the OS does not tell, or when it is somebody whom this process's user namespace
/// does not know, which all such users have in common: the connection must then be closed.
pub fn peer(stream: &Stream) -> io::Result<Peer> {
    let peer = platform::peer(stream)?;
    if platform::is_nobody_known(&peer.user) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the user is not known in this user namespace",
        ));
    }
    Ok(peer)
}

/// The paths at which a client looks for the broker when it is told none, best first.
///
/// `runtime_dir` is the user's own directory for sockets (`XDG_RUNTIME_DIR`).
#[must_use]
pub fn usual_places(runtime_dir: Option<&Path>) -> Vec<PathBuf> {
    [PathBuf::from(platform::SERVICE_SOCKET)].into_iter().chain(own_place(runtime_dir)).collect()
}

/// The path at which a broker that one user started for himself listens when it is told none;
/// `None` where there is no such place.
#[must_use]
pub fn own_place(runtime_dir: Option<&Path>) -> Option<PathBuf> {
    platform::own_place(runtime_dir)
}

/// Connects to the first of the paths that answers, and checks that its server is the
/// administrator or the caller.
///
/// # Errors
///
/// See [`ConnectError`]; [`ConnectError::NoBroker`] when no path has a listening socket.
pub async fn connect(paths: &[PathBuf]) -> Result<Connection, ConnectError> {
    for path in paths {
        let failed = |source| ConnectError::Failed { path: path.clone(), source };
        let stream = match Stream::connect(name(path).map_err(failed)?).await {
            Ok(stream) => stream,
            Err(e) if is_absence(&e) => continue,
            Err(e) => return Err(failed(e)),
        };
        let owner = platform::peer(&stream).map_err(failed)?.user;
        let trusted = if platform::is_nobody_known(&owner) {
            platform::is_the_services_place(path)
        } else {
            owner.is_administrator() || owner == platform::own_user().map_err(failed)?
        };
        if !trusted {
            return Err(ConnectError::Untrusted { path: path.clone(), owner });
        }
        return Ok(Arc::new(stream));
    }
    Err(ConnectError::NoBroker(paths.to_vec()))
}

/// Whether an error means that nobody listens there, so that the next place may be tried.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// A connection whose two directions are used by two tasks.
#[derive(Debug, Clone)]
pub struct Shared(pub Connection);

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_shutdown(context)
    }
}
