//! Windows: the user of the process at the pipe's other end, the local system account.

use std::io;
use std::path::{Path, PathBuf};
use std::ptr;

use interprocess::local_socket::tokio::{Stream, prelude::*};
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows_sys::Win32::Security::{GetTokenInformation, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcessId, OpenProcess, OpenProcessToken, PROCESS_QUERY_LIMITED_INFORMATION,
};

use crate::socket::{OsUser, Peer};

/// The local system account, under which services run.
const LOCAL_SYSTEM: &str = "S-1-5-18";

/// The group of administrators, which owns what an elevated administrator makes.
const ADMINISTRATORS: &str = "S-1-5-32-544";

pub(crate) fn peer(stream: &Stream) -> io::Result<Peer> {
    let pid =
        stream.peer_creds()?.pid().ok_or_else(|| io::Error::other("the OS names no process"))?;
    Ok(Peer { user: user_of(pid)?, pid: Some(pid) })
}

pub(crate) fn is_administrator(user: &OsUser) -> bool {
    user.0 == LOCAL_SYSTEM || user.0 == ADMINISTRATORS
}

pub(crate) fn own_user() -> io::Result<OsUser> {
    // SAFETY: takes nothing, returns a number, cannot fail.
    #[expect(unsafe_code, reason = "the Windows API is foreign code")]
    let pid = unsafe { GetCurrentProcessId() };
    user_of(pid)
}

pub(crate) const SERVICE_SOCKET: &str = r"\\.\pipe\hotseat-broker";

/// Pipes share one name space, so the user is part of the name.
pub(crate) fn own_place(_runtime_dir: Option<&Path>) -> Option<PathBuf> {
    Some(PathBuf::from(format!("{SERVICE_SOCKET}-{}", own_user().ok()?)))
}

/// A handle that is closed when it goes.
struct Owned(HANDLE);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle came from a call that made us its owner.
        #[expect(unsafe_code, reason = "the Windows API is foreign code")]
        unsafe {
            CloseHandle(self.0);
        }
    }
}

/// The security identifier of the user whose process this is.
#[expect(unsafe_code, reason = "the Windows API is foreign code")]
fn user_of(pid: u32) -> io::Result<OsUser> {
    // SAFETY: each call gets handles and buffers that live through it, with their true sizes;
    // each result is checked before it is used.
    unsafe {
        let process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
        if process.is_null() {
            return Err(io::Error::last_os_error());
        }
        let process = Owned(process);
        let mut token: HANDLE = ptr::null_mut();
        if OpenProcessToken(process.0, TOKEN_QUERY, &raw mut token) == 0 {
            return Err(io::Error::last_os_error());
        }
        let token = Owned(token);
        // A TOKEN_USER holds pointers: the buffer is made of words, so that it is aligned.
        let mut words = [0_u64; 64];
        let bytes = u32::try_from(size_of_val(&words)).map_err(io::Error::other)?;
        let mut needed = 0;
        if GetTokenInformation(
            token.0,
            TokenUser,
            words.as_mut_ptr().cast(),
            bytes,
            &raw mut needed,
        ) == 0
        {
            return Err(io::Error::last_os_error());
        }
        let user = &*words.as_ptr().cast::<TOKEN_USER>();
        let mut text: *mut u16 = ptr::null_mut();
        if ConvertSidToStringSidW(user.User.Sid, &raw mut text) == 0 {
            return Err(io::Error::last_os_error());
        }
        let length = (0..).take_while(|&i| *text.add(i) != 0).count();
        let sid = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
        LocalFree(text.cast());
        Ok(OsUser(sid))
    }
}

/// Every user has an identifier of his own.
pub(crate) fn is_nobody_known(_: &OsUser) -> bool {
    false
}

/// Asked only about users who are not known.
pub(crate) fn is_the_services_place(_: &Path) -> bool {
    false
}

pub(crate) fn boot_ms() -> u64 {
    // SAFETY: takes nothing, returns a number, cannot fail; it counts sleep and hibernation.
    #[expect(unsafe_code, reason = "the Windows API is foreign code")]
    unsafe {
        windows_sys::Win32::System::SystemInformation::GetTickCount64()
    }
}
