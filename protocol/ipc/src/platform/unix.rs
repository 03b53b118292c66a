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
    let ms = i128::from(time.tv_sec) * 1_000 + i128::from(time.tv_nsec) / 1_000_000;
    u64::try_from(ms - ahead_ms()).unwrap_or_default()
}

/// How far this process's time namespace sets the clock ahead of the computer's, in ms: the two ends
/// of a connection may live in two of them. It does not change while the process lives.
#[cfg(target_os = "linux")]
fn ahead_ms() -> i128 {
    static AHEAD: std::sync::LazyLock<i128> = std::sync::LazyLock::new(|| {
        let offsets = std::fs::read_to_string("/proc/self/timens_offsets");
        offsets.map_or(0, |offsets| boot_offset_ms(&offsets).unwrap_or_default())
    });
    *AHEAD
}

#[cfg(not(target_os = "linux"))]
fn ahead_ms() -> i128 {
    0
}

/// Reads `time_namespaces(7)`: on each line a clock, whole seconds, which may be negative, and
/// nanoseconds.
#[cfg(target_os = "linux")]
fn boot_offset_ms(offsets: &str) -> Option<i128> {
    offsets.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        // Kernels before 5.11 have the clock's number there.
        words.next().filter(|clock| matches!(*clock, "boottime" | "7"))?;
        let seconds: i128 = words.next()?.parse().ok()?;
        let nanoseconds: i128 = words.next()?.parse().ok()?;
        Some(seconds * 1_000 + nanoseconds / 1_000_000)
    })
}

/// The uid that stands for every user whom this process's user namespace does not know.
#[cfg(target_os = "linux")]
const OVERFLOW_UID_FILE: &str = "/proc/sys/kernel/overflowuid";

/// Whether a uid stands for users whom this process's user namespace does not know: any of them.
/// Where there may be such users, whoever has that uid in the namespace itself cannot be told from
/// them.
#[cfg(target_os = "linux")]
pub(crate) fn is_nobody_known(user: &OsUser) -> bool {
    static UNKNOWN: std::sync::LazyLock<Option<u32>> = std::sync::LazyLock::new(|| {
        let overflow = std::fs::read_to_string(OVERFLOW_UID_FILE).ok()?.trim().parse().ok()?;
        let known = std::fs::read_to_string("/proc/self/uid_map").ok()?;
        (!knows_everybody(&known)).then_some(overflow)
    });
    UNKNOWN.is_some_and(|uid| *user == OsUser::from_uid(uid))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_nobody_known(_: &OsUser) -> bool {
    false
}

/// Whether a map of `user_namespaces(7)` leaves nobody out: on each line the first uid inside, the
/// first outside, and how many.
#[cfg(target_os = "linux")]
fn knows_everybody(map: &str) -> bool {
    let counts = map.lines().filter_map(|line| line.split_whitespace().nth(2)?.parse::<u64>().ok());
    // The last uid of 32 bits is nobody's.
    counts.fold(0, u64::saturating_add) >= u64::from(u32::MAX)
}

/// Whether only the computer's administrator can have put a socket at this path, as far as a user
/// namespace shows it that does not know him.
pub(crate) fn is_the_services_place(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    let closed = |dir: &Path| {
        std::fs::symlink_metadata(dir).is_ok_and(|found| {
            let owner = OsUser::from_uid(found.uid());
            let theirs = is_administrator(&owner) || is_nobody_known(&owner);
            found.is_dir() && theirs && found.mode() & 0o022 == 0
        })
    };
    path == Path::new(SERVICE_SOCKET) && path.ancestors().skip(1).all(closed)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn offsets_of_time_namespaces_are_read_as_the_kernel_writes_them() {
        let ahead = "monotonic           0         0\nboottime        -1000 500000000\n";
        assert_eq!(boot_offset_ms(ahead), Some(-999_500));
        assert_eq!(boot_offset_ms("7 3600 0\n"), Some(3_600_000));
        for none in ["", "boottime", "boottime x 0", "monotonic 1 0"] {
            assert_eq!(boot_offset_ms(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_map_that_leaves_somebody_out_is_told_from_the_computers_own() {
        assert!(knows_everybody("         0          0 4294967295\n"));
        let halves = "0 0 2147483647\n2147483647 2147483647 2147483648\n";
        assert!(knows_everybody(halves));
        for part in ["0 1000 1\n", "1000 1000 1\n0 100000 65536\n", "", "x", "0 0"] {
            assert!(!knows_everybody(part), "{part:?}");
        }
    }
}
