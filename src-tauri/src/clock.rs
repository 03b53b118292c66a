//! The two clocks, read in one place: everything else is told what time it is.

use hotseat_ipc::{boot_clock, wall_clock};
use hotseat_protocol::ids::WallTime;

/// One moment on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on the clock that runs on while the computer sleeps; deadlines are on it.
    pub boot_ms: u64,
    /// The time of day, for people only.
    pub wall: WallTime,
}

/// Reads both clocks.
pub fn now() -> Now {
    Now { boot_ms: boot_clock::now_ms(), wall: wall_clock::now() }
}
