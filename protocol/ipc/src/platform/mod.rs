//! What differs between operating systems: who a peer is, who the administrator is, where the
//! socket lies. Each platform has the same functions.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(super) use unix::{
    SERVICE_SOCKET, boot_ms, is_administrator, is_nobody_known, is_the_services_place, own_place,
    own_user, peer,
};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(super) use windows::{
    SERVICE_SOCKET, boot_ms, is_administrator, is_nobody_known, is_the_services_place, own_place,
    own_user, peer,
};
