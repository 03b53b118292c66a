//! Unix: peer credentials of the socket, root, `/run/hotseat`.

use std::io;
use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::Stream;

use crate::socket::{OsUser, Peer};

/// Asks the kernel itself: a process of another PID namespace (a container, a sandbox) has no
/// number here, which `interprocess` takes for the end of the connection.
#[cfg(target_os = "linux")]
pub(crate) fn peer(stream: &Stream) -> io::Result<Peer> {
    use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

    let Stream::UdSocket(socket) = stream;
    let credentials = getsockopt(socket, PeerCredentials)?;
    // What the kernel says of a socket that has no peer.
    if credentials.uid() == u32::MAX {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    Ok(Peer {
        user: OsUser::from_uid(credentials.uid()),
        pid: u32::try_from(credentials.pid()).ok().filter(|pid| *pid > 0),
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn peer(stream: &Stream) -> io::Result<Peer> {
    use interprocess::local_socket::traits::StreamCommon as _;

    let credentials = stream.peer_creds()?;
    let uid = credentials.euid().ok_or_else(|| io::Error::other("the OS names no user"))?;
    Ok(Peer {
        user: OsUser::from_uid(uid),
        pid: credentials.pid().and_then(|pid| u32::try_from(pid).ok()),
    })
}

pub(crate) fn is_administrator(user: &OsUser) -> bool {
    user.0 == "0"
}

pub(crate) fn own_user() -> io::Result<OsUser> {
    Ok(OsUser::from_uid(rustix::process::geteuid().as_raw()))
}

#[cfg(target_os = "macos")]
pub(crate) const SERVICE_SOCKET: &str = "/var/run/hotseat/broker.sock";
#[cfg(not(target_os = "macos"))]
pub(crate) const SERVICE_SOCKET: &str = "/run/hotseat/broker.sock";

/// macOS has no directory for sockets; its directory of temporary files is each user's own.
#[cfg(target_os = "macos")]
fn fallback() -> Option<PathBuf> {
    Some(std::env::temp_dir())
}
#[cfg(not(target_os = "macos"))]
fn fallback() -> Option<PathBuf> {
    None
}

pub(crate) fn own_place(runtime_dir: Option<&Path>) -> Option<PathBuf> {
    let dir = runtime_dir.map(Path::to_path_buf).or_else(fallback)?;
    Some(dir.join("hotseat/broker.sock"))
}

/// On Linux `CLOCK_MONOTONIC` stands still during sleep; on Darwin it is the one that runs on.
#[cfg(target_os = "linux")]
const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

pub(crate) fn boot_ms() -> u64 {
    let time = rustix::time::clock_gettime(CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1000 + u64::try_from(time.tv_nsec).unwrap_or_default() / 1_000_000
}
