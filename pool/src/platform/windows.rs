//! Windows: inherited access lists in place of file modes, console events in place of signals.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::windows::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::ptr;

use hotseat_host::in_the_way::{Needed, explained};
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::UI::Shell::IsUserAnAdmin;
use windows_sys::core::{PCWSTR, w};

use super::SystemPlaces;
use crate::admin_socket::AdminSocketError;

/// Where a service keeps its things.
pub(crate) fn system_places() -> SystemPlaces {
    let base = PathBuf::from("C:\\ProgramData\\Hotseat");
    SystemPlaces { config: base.join("pool.toml"), data_dir: base.join("Pool"), runtime_dir: None }
}

/// There is no runtime directory here.
pub(crate) fn may_use(_directory: &Path) -> bool {
    false
}

/// Accounts have no numbers here.
pub(crate) fn own_account() -> Option<u32> {
    None
}

/// Accounts have no numbers here.
pub(crate) fn account_name(_uid: u32) -> Option<String> {
    None
}

/// Here a command asks a server over the loopback, with the administrator's token: whoever listens
/// on the server's port while it is stopped can read it. The server says so at its start.
pub(crate) const ASKS_BY_LOOPBACK: bool = true;

/// Nothing: there is no administration socket here.
pub(crate) type AdminStream = tokio::net::TcpStream;

/// Nothing: there is no administration socket here.
#[derive(Debug)]
pub(crate) enum AdminListener {}

impl AdminListener {
    /// There is none.
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    pub(crate) fn bind(_path: &Path) -> Result<Option<Self>, AdminSocketError> {
        Ok(None)
    }

    pub(crate) fn path(&self) -> &Path {
        match *self {}
    }

    #[expect(clippy::unused_async, reason = "elsewhere it waits")]
    pub(crate) async fn accept(&self) -> io::Result<(AdminStream, u32)> {
        match *self {}
    }
}

/// Nobody listens.
pub(crate) async fn connect_admin(
    _path: &Path,
    _data_dir: &Path,
) -> Result<Option<AdminStream>, AdminSocketError> {
    Ok(None)
}

/// Whether this process may use the machine's own places.
#[expect(unsafe_code, reason = "the Windows API is foreign code")]
pub(crate) fn is_administrator() -> bool {
    // SAFETY: takes nothing, returns a truth value.
    unsafe { IsUserAnAdmin() != 0 }
}

/// Makes a new file; who reads it follows from the access list of its directory.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

/// Nothing: new files inherit the access list of their directory.
pub(crate) fn private_umask() {}

/// The system, administrators and the owner do everything in a directory and in what is made in
/// it. Nothing is inherited from above: below `ProgramData` everybody may read.
const PRIVATE: PCWSTR = w!("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)");

/// Makes a directory that only its owner enters, and its parents likewise; one that is there stays
/// as it is.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_private_dir(parent)?;
    }
    let made = create_private(path);
    let explain = |error| explained(path, Needed::Directory, error);
    if path.is_dir() { Ok(()) } else { made.map_err(explain) }
}

/// Nothing: a lock on the file itself would keep SQLite out.
pub(crate) fn lock_itself(_path: &Path) -> Result<Option<File>, TryLockError> {
    Ok(None)
}

/// Every directory is trusted: its access list was set when it was made.
pub(crate) fn trusted_directory(path: &Path) -> io::Result<()> {
    hotseat_host::trusted_directory(path)
}

#[expect(unsafe_code, reason = "the Windows API is foreign code")]
fn create_private(path: &Path) -> io::Result<()> {
    let name: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let mut attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).map_err(io::Error::other)?,
        lpSecurityDescriptor: ptr::null_mut(),
        bInheritHandle: 0,
    };
    // SAFETY: both texts end with a zero; the descriptor is ours to free, and lives through the
    // call that reads it.
    unsafe {
        if ConvertStringSecurityDescriptorToSecurityDescriptorW(
            PRIVATE,
            SDDL_REVISION_1,
            &raw mut attributes.lpSecurityDescriptor,
            ptr::null_mut(),
        ) == 0
        {
            return Err(io::Error::last_os_error());
        }
        let made = CreateDirectoryW(name.as_ptr(), &raw const attributes);
        let error = io::Error::last_os_error();
        LocalFree(attributes.lpSecurityDescriptor);
        if made == 0 { Err(error) } else { Ok(()) }
    }
}

/// Nothing: the file system's own journal makes names durable.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn sync_directory(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// There is no such limit.
pub(crate) fn raise_file_limit() -> Option<u64> {
    None
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
