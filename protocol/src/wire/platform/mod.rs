//! What differs between operating systems: who a peer is, who the administrator is, where the
//! socket lies. Each platform has the same functions.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::{boot_ms, is_administrator, own_user, peer, usual_places};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::{boot_ms, is_administrator, own_user, peer, usual_places};
