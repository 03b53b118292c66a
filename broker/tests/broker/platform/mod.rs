//! What differs between operating systems: where a socket lies, how to see that a file is private,
//! and the tests of what only some of them have.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{assert_private, socket_of};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{assert_private, socket_of};
