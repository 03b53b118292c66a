//! Becoming another user, for good, between fork and exec.

use std::ffi::CString;
use std::io;

use nix::libc;
use nix::unistd::{User, getgrouplist};
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use tokio::process::Command;

/// The program of this command will run as the user, in all of the user's groups.
///
/// # Errors
///
/// When the user database does not answer.
pub(crate) fn become_user(command: &mut Command, user: &User) -> io::Result<()> {
    let name = CString::new(user.name.as_str())?;
    let groups: Vec<Gid> = getgrouplist(&name, user.gid)?
        .into_iter()
        .map(|group| Gid::from_raw(group.as_raw()))
        .collect();
    let (uid, gid) = (Uid::from_raw(user.uid.as_raw()), Gid::from_raw(user.gid.as_raw()));
    let become_it = move || {
        close_on_exec()?;
        set_thread_groups(&groups)?;
        set_thread_res_gid(gid, gid, gid)?;
        set_thread_res_uid(uid, uid, uid)?;
        Ok(())
    };
    #[expect(unsafe_code, reason = "there is no other way to set the groups of a child")]
    // SAFETY: the child has one thread, and the closure makes four system calls: it allocates
    // nothing, takes no lock and reads only what was computed before the fork.
    unsafe {
        command.pre_exec(become_it);
    }
    Ok(())
}

/// Lets the program inherit nothing but its standard streams, not even what the broker itself
/// inherited from whoever started it.
fn close_on_exec() -> io::Result<()> {
    #[expect(unsafe_code, reason = "no library that is safe has this system call")]
    // SAFETY: it changes a flag of descriptors, and dereferences nothing.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC)
    };
    let error = io::Error::last_os_error();
    // Kernels before 5.11 do not know it; what the broker opens itself is never inherited.
    let unknown = [libc::ENOSYS, libc::EINVAL].map(Some).contains(&error.raw_os_error());
    if result == 0 || unknown { Ok(()) } else { Err(error) }
}
