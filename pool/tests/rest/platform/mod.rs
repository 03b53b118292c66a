//! What differs between operating systems, for tests.

#[cfg(unix)]
mod output;
#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{is_private, terminate};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{is_private, terminate};
