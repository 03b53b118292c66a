//! Unix: file modes and signals.

mod away;
pub(crate) mod output;
mod pipes;
pub(crate) mod signals;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::desktop::Desktop;

/// The socket of a machine whose things lie in a directory.
pub(crate) fn socket_of(dir: &Path) -> PathBuf {
    dir.join("run/broker.sock")
}

/// Sees that only its owner reads it.
pub(crate) fn assert_private(path: &Path) {
    assert_eq!(mode_of(path), if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
}

fn mode_of(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn everybody_may_connect_to_a_service_and_only_its_owner_to_another() {
    let desktop = Desktop::new();
    let broker = desktop.start();
    let root = rustix::process::geteuid().is_root();
    let (socket, dir) = if root { (0o666, 0o755) } else { (0o600, 0o700) };
    assert_eq!(mode_of(&desktop.socket()), socket);
    assert_eq!(mode_of(desktop.socket().parent().unwrap()), dir);
    broker.stop().await;
}
