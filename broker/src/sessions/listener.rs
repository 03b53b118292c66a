//! The socket: bound under a lock, so that two brokers never fight over it; accepting never stops.

use std::fs::{File, TryLockError};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _};
use hotseat_broker_core::ConnectionId;
use hotseat_ipc::socket::{self, Connection, Shared};
use hotseat_protocol::ipc::FromBroker;
use hotseat_protocol::problem::Problem;
use interprocess::local_socket::tokio::{Listener, prelude::*};
use thiserror::Error;
use tokio::sync::mpsc;

use super::admission::{Admission, Admitted};
use super::intake::Doors;
use super::session::{self, Incoming, writer};
use super::{Limits, SessionEvent};
use crate::lifecycle::Lifecycle;
use crate::platform::{self, OsSessions, SocketIdentity};

/// The first wait after an accept that failed, usually for want of file descriptors.
const WAIT_FIRST: Duration = Duration::from_millis(50);

/// The longest.
const WAIT_LONGEST: Duration = Duration::from_secs(2);

/// Why the socket cannot be listened at.
#[derive(Debug, Error)]
pub enum BindError {
    /// The directory, the lock file or the socket cannot be made.
    #[error("cannot {what} {path}: {cause}. {next}", next = next_step(cause))]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Another broker listens there.
    #[error(
        "another program, likely a broker, listens at {0}. \
         Stop it first, or give this one a socket of its own with --socket"
    )]
    InUse(PathBuf),
}

/// What helps when the socket cannot be made.
#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds have one advice")]
fn next_step(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The disk is full: make room, or name another place with --socket"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "Nothing can be written there: name another place with --socket"
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => {
            "The path of a socket has at most 107 bytes: name a shorter one with --socket"
        }
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
            "The socket is named with --socket"
        }
        _ => "Check who owns the directory, or name another place with --socket",
    }
}

/// A bound socket and the lock on its path.
#[derive(Debug)]
pub struct Listening {
    listener: Listener,
    path: PathBuf,
    identity: SocketIdentity,
    /// Unlocked by the operating system when the process ends, however it does.
    _lock: File,
}

impl Listening {
    /// Listens at a path. What a killed broker left there is removed; a running one is not
    /// disturbed.
    ///
    /// # Errors
    ///
    /// When the path is in use or cannot be used.
    pub fn bind(path: &Path) -> Result<Self, BindError> {
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |cause| BindError::Io { what, path, cause }
        };
        let lock_path = platform::socket_lock_file(path);
        if let Some(dir) = lock_path.parent() {
            platform::make_socket_dir(dir).map_err(failed("use the directory", dir))?;
        }
        let file = hotseat_host::lock_file(&lock_path);
        let lock = file.map_err(failed("use the lock file", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BindError::InUse(path.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(failed("lock", &lock_path)(cause)),
        }
        match platform::remove_stale_socket(path) {
            Err(cause) if cause.kind() == io::ErrorKind::AddrInUse => {
                return Err(BindError::InUse(path.to_owned()));
            }
            removed => removed.map_err(failed("remove", path))?,
        }
        let listener = platform::listen(path).map_err(failed("listen at", path))?;
        let identity = platform::socket_identity(path).map_err(failed("look at", path))?;
        Ok(Self { listener, path: path.to_owned(), identity, _lock: lock })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        platform::remove_own_socket(&self.path, self.identity);
    }
}

/// Takes connections for as long as the broker lives.
pub(crate) async fn accept_all(
    listening: Listening,
    limits: Limits,
    os: OsSessions,
    mut doors: Doors,
    lifecycle: Lifecycle,
) {
    let admission = Admission::new(limits);
    let mut last = 0;
    let mut wait = WAIT_FIRST;
    loop {
        let accepted = tokio::select! {
            accepted = listening.listener.accept() => accepted,
            () = lifecycle.stopping() => return,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection; trying again");
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = lifecycle.stopping() => return,
                }
                wait = (wait * 2).min(WAIT_LONGEST);
                continue;
            }
        };
        wait = WAIT_FIRST;
        let peer = match socket::peer(&stream) {
            Ok(peer) => peer,
            Err(error) => {
                tracing::debug!(%error, "a connection ended before it said who it is");
                continue;
            }
        };
        let stream = Arc::new(stream);
        match admission.admit(&peer.user) {
            Err(problem) => refuse(stream, problem),
            Ok(admitted) => {
                let Some(hub) = doors.of(&peer.user).await else { return };
                last += 1;
                let incoming = Incoming {
                    id: ConnectionId(last),
                    stream,
                    peer,
                    limits,
                    os: os.clone(),
                    hub,
                    lifecycle: lifecycle.clone(),
                };
                lifecycle.spawn(serve(incoming, admitted));
            }
        }
    }
}

/// One connection, from its greeting to its end.
async fn serve(incoming: Incoming, admitted: Admitted) {
    let (connection, hub) = (incoming.id, incoming.hub.clone());
    guarded(connection, session::serve(incoming), &hub).await;
    drop(admitted);
}

/// Whatever happens in a conversation, a defect of ours included, the hub hears of its end and
/// nobody else notices.
async fn guarded(
    connection: ConnectionId,
    conversation: impl Future<Output = ()>,
    hub: &mpsc::Sender<SessionEvent>,
) {
    if AssertUnwindSafe(conversation).catch_unwind().await.is_err() {
        tracing::error!(connection = connection.0, "a connection ended by a defect of the broker");
    }
    // The hub is gone only when everything ends.
    let _ = hub.send(SessionEvent::Closed { connection }).await;
}

/// Says why there is no room, if that is possible without waiting.
fn refuse(stream: Connection, problem: Problem) {
    tracing::debug!(%problem, "a connection was refused");
    let mut writer = writer(Shared(stream));
    let _ = writer.send(&FromBroker::Refused { problem }).now_or_never();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hub_hears_of_the_end_of_a_connection_that_panicked() {
        let (hub, mut events) = mpsc::channel(1);
        let conversation = async { panic!("a defect, on purpose") };
        guarded(ConnectionId(7), conversation, &hub).await;
        let event = events.recv().await;
        assert!(
            matches!(event, Some(SessionEvent::Closed { connection: ConnectionId(7) })),
            "{event:?}"
        );
    }
}
