//! The administration socket as the rest of the server knows it: who came in by it, and why there
//! is none. How it is made is the platform's.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What a service manager or a person names another place with.
const ANOTHER: &str = "name another place with admin_socket in the configuration file, \
                       HOTSEAT_POOL_ADMIN_SOCKET or --admin-socket";

/// Whom the operating system proved to be an administrator. It rides with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LocalAdministrator {
    /// The peer of a connection, by its numeric user id.
    Account(u32),
    /// This process: it has opened the store itself.
    ThisProcess,
}

/// Why there is no administration socket, or nobody trustworthy behind it.
#[derive(Debug, Error)]
pub enum AdminSocketError {
    /// The operating system's addresses are shorter than this path.
    #[error(
        "the administration socket {} cannot be used: a path of {bytes} bytes is too long for a \
         socket (about 100 fit); {ANOTHER}", .path.display()
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// Somebody else could put another socket there.
    #[error(
        "the administration socket cannot be made in {}: {why}. Make the directory yours alone \
         (chown, chmod go-w), or {ANOTHER}", .directory.display()
    )]
    Unsafe {
        /// The directory.
        directory: PathBuf,
        /// Who could.
        why: String,
    },
    /// There is a file, a directory or a link of this name.
    #[error(
        "the administration socket {} cannot be made: there is something else of that name, which \
         is left as it is; move it away, or {ANOTHER}", .0.display()
    )]
    NoSocket(PathBuf),
    /// Another server listens there.
    #[error(
        "the administration socket {} is in use by another pool server; stop that one, or {ANOTHER}",
        .0.display()
    )]
    InUse(PathBuf),
    /// Whoever listens is neither root nor who owns the data directory.
    #[error(
        "what listens at {} runs as the user with the id {uid}, who is neither root nor the owner \
         of the data directory: nothing was sent to it. Find out what it is, and start the pool \
         server", .path.display()
    )]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// The user who listens.
        uid: u32,
    },
    /// The operating system refused.
    #[error("cannot {what} {}: {cause}; {next}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
        /// What to do.
        next: &'static str,
    },
}
