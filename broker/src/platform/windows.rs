//! Windows: `ProgramData`, a named pipe, the console's signals.

mod hook;

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::ptr;

use directories::ProjectDirs;
use hotseat_broker_core::{Inhibitor, OsEvent};
use hotseat_host::in_the_way::{Needed, explained};
use hotseat_ipc::socket::{self, Peer};
use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::Listener;
use interprocess::os::windows::local_socket::ListenerOptionsExt as _;
use interprocess::os::windows::security_descriptor::{
    AsSecurityDescriptorExt as _, SecurityDescriptor,
};
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown};
use tokio::sync::mpsc;
use widestring::{U16CStr, U16CString, u16cstr};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_DWORD, RegGetValueW};
use windows_sys::Win32::UI::Shell::IsUserAnAdmin;

use super::{Signal, SystemPlaces};
use crate::lifecycle::Lifecycle;

pub(crate) use hook::{RUNS_HOOKS, only_root_writes, start_hook};

/// Where services keep their things.
const PROGRAM_DATA: &str = r"C:\ProgramData\Hotseat";

/// Counts the boots of the machine.
const BOOT_KEY: &U16CStr = u16cstr!(
    r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
);

pub(crate) fn system_places() -> SystemPlaces {
    let data = Path::new(PROGRAM_DATA);
    SystemPlaces {
        config: data.join("broker.toml"),
        state_dir: data.join("state"),
        socket: PathBuf::from(r"\\.\pipe\hotseat-broker"),
    }
}

/// Whether this process may serve every user of the machine.
#[expect(unsafe_code, reason = "the Windows API is foreign code")]
pub(crate) fn is_administrator() -> bool {
    // SAFETY: takes nothing, returns a truth value.
    unsafe { IsUserAnAdmin() != 0 }
}

/// The machine's name, for the pool's administrators.
pub(crate) fn host_name() -> String {
    let mut hostname = std::process::Command::new("hostname");
    let answer = hostname.output().ok();
    let name = answer.and_then(|answer| String::from_utf8(answer.stdout).ok());
    name.map_or_else(|| "windows".to_owned(), |name| name.trim().to_owned())
}

/// Opens for writing, empties, and makes where there is none. Who may read it, its directory says.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options
}

/// The system, administrators and the owner do everything in a directory and in what is made in
/// it. Nothing is inherited from above: below `ProgramData` everybody may read.
const PRIVATE: &U16CStr = u16cstr!("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;OW)");

/// Makes a directory that only its owner enters, and its parents likewise; one that is there stays
/// as it is.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_private_dir(parent)?;
    }
    let name = U16CString::from_os_str(path).map_err(io::Error::other)?;
    let descriptor = SecurityDescriptor::deserialize(PRIVATE)?;
    let mut attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).map_err(io::Error::other)?,
        lpSecurityDescriptor: ptr::null_mut(),
        bInheritHandle: 0,
    };
    descriptor.write_to_security_attributes(&mut attributes);
    // SAFETY: the name ends with a zero, and the descriptor lives longer than the call.
    #[expect(unsafe_code, reason = "the Windows API is foreign code")]
    let made = unsafe { CreateDirectoryW(name.as_ptr(), &raw const attributes) };
    let error = io::Error::last_os_error();
    let explained = |error| Err(explained(path, Needed::Directory, error));
    if made != 0 || path.is_dir() { Ok(()) } else { explained(error) }
}

/// Pipes have no directory, but the lock beside them does; nobody else may hold it.
pub(crate) fn make_socket_dir(path: &Path) -> io::Result<()> {
    make_private_dir(path)
}

/// A rename is durable here once the file was flushed; directories cannot be.
pub(crate) fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The file whose lock says that a broker listens at a pipe.
pub(crate) fn socket_lock_file(socket: &Path) -> PathBuf {
    let name = socket.file_name().unwrap_or(socket.as_os_str());
    let own = ProjectDirs::from("", "", "hotseat").filter(|_| !is_administrator());
    let dir = own.map_or_else(|| PathBuf::from(PROGRAM_DATA), |own| own.data_local_dir().into());
    let mut file = dir.join(name).into_os_string();
    file.push(".lock");
    PathBuf::from(file)
}

/// A pipe is gone with its process.
pub(crate) fn remove_stale_socket(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// What people may do with a service's pipe: those at this machine may talk, nobody from the
/// network, and nobody but the system may make another instance of it. 0x12019b is "generic read,
/// write data" without the right to create instances, which generic write would bring along.
const FOR_EVERYBODY: &U16CStr =
    u16cstr!("D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;0x12019b;;;IU)");

/// A broker that a user started for himself talks to him and to administrators.
const FOR_ITS_OWNER: &U16CStr = u16cstr!("D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;OW)");

/// Listens at a pipe.
pub(crate) fn listen(path: &Path) -> io::Result<Listener> {
    let rights = if is_administrator() { FOR_EVERYBODY } else { FOR_ITS_OWNER };
    ListenerOptions::new()
        .name(socket::name(path)?)
        .security_descriptor(SecurityDescriptor::deserialize(rights)?)
        .create_tokio()
}

/// There is no such limit here.
pub(crate) fn raise_file_limit() -> Option<u64> {
    None
}

/// What is another text after each boot. None when it cannot be told.
#[expect(unsafe_code, reason = "the Windows API is foreign code")]
pub(crate) fn boot_id(file: Option<&Path>) -> Option<String> {
    if let Some(path) = file {
        let text = fs::read_to_string(path).ok()?;
        let id = text.trim().to_owned();
        return (!id.is_empty()).then_some(id);
    }
    let mut count: u32 = 0;
    let mut bytes: u32 = 4;
    // SAFETY: both texts end with a zero, and the buffer has the stated size and type.
    let result = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            BOOT_KEY.as_ptr(),
            u16cstr!("BootId").as_ptr(),
            RRF_RT_REG_DWORD,
            ptr::null_mut(),
            (&raw mut count).cast(),
            &raw mut bytes,
        )
    };
    (result == 0).then(|| format!("boot {count}"))
}

pub(crate) fn notify_ready() {}

pub(crate) fn notify_stopping() {}

/// What ends a console program.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: CtrlC,
    broken: CtrlBreak,
    close: CtrlClose,
    shut_down: CtrlShutdown,
}

impl Signals {
    /// Begins to listen.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
            broken: tokio::signal::windows::ctrl_break()?,
            close: tokio::signal::windows::ctrl_close()?,
            shut_down: tokio::signal::windows::ctrl_shutdown()?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.broken.recv() => {}
            _ = self.close.recv() => {}
            _ = self.shut_down.recv() => {}
        }
        Signal::Terminate
    }
}

/// This system's sessions are not watched yet: a seat ends with its tray or process.
#[derive(Debug, Clone)]
pub(crate) struct OsSessions;

impl OsSessions {
    pub(crate) fn start(_lifecycle: &Lifecycle, _events: mpsc::Sender<OsEvent>) -> Self {
        Self
    }

    #[expect(clippy::unused_async, reason = "other systems ask a service for it")]
    pub(crate) async fn session_of(&self, _peer: &Peer) -> Option<String> {
        None
    }

    pub(crate) fn look_at(&self, _session: &str) {}

    pub(crate) fn release(&self, _inhibitor: Inhibitor) {}
}

/// A named pipe is its process's own: nothing can take its place while the process lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SocketIdentity;

/// Nothing needs to be told. To look at a pipe is to open it, as a program that connects does.
pub(crate) fn socket_identity(_: &Path) -> io::Result<SocketIdentity> {
    Ok(SocketIdentity)
}

/// A named pipe ends with the process that made it.
pub(crate) fn remove_own_socket(_: &Path, _: SocketIdentity) {}
