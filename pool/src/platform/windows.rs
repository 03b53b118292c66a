//! Windows: inherited access lists in place of file modes, console events in place of signals.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

use super::SystemPlaces;

/// Where a service keeps its things.
pub(crate) fn system_places() -> SystemPlaces {
    let base = PathBuf::from("C:\\ProgramData\\Hotseat");
    SystemPlaces {
        config: base.join("pool.toml"),
        data_dir: base.join("Pool"),
    }
}

/// Whether this process may use the machine's own places: it can open the folder that only
/// administrators and the system may write into.
pub(crate) fn is_administrator() -> bool {
    fs::read_dir("C:\\Windows\\System32\\config").is_ok()
}

/// Makes a new file; who reads it follows from the access list of its directory, which
/// administrators own below `ProgramData` and the user owns below `AppData`.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

/// Makes a directory; one that is there stays as it is.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// The console events that end the server.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: CtrlC,
    stop: CtrlBreak,
    close: CtrlClose,
    shut_down: CtrlShutdown,
}

impl Signals {
    /// Begins to listen; from here on the events no longer kill the process.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            stop: ctrl_break()?,
            close: ctrl_close()?,
            shut_down: ctrl_shutdown()?,
        })
    }

    /// Returns when one comes.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.stop.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shut_down.recv() => {}
        }
    }
}

/// There is no service manager to tell.
pub(crate) fn notify_ready() {}

/// There is no service manager to tell.
pub(crate) fn notify_stopping() {}
