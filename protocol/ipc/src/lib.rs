//! The local socket between programs of one computer and its broker.
//!
//! [`frame`] says what the bytes are, [`socket`] how the two ends meet, [`client`] is the typed
//! client that tray, window and command line share, [`boot_clock`] the clock on which deadlines are
//! stated, [`wall_clock`] the one that people read.

pub mod frame;

pub mod socket;

pub mod client;

pub mod boot_clock;

pub mod wall_clock;

mod platform;
