//! The clocks: the only file of the broker that has one read.

use hotseat_ipc::{boot_clock, wall_clock};

use hotseat_broker_core::Now;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Both clocks, read one right after the other.
    fn now(&self) -> Now;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { boot_ms: boot_clock::now_ms(), wall: wall_clock::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_time_clock_runs_forward() {
        let first = SystemClock.now();
        let second = SystemClock.now();
        assert!(first.boot_ms > 0);
        assert!(second.boot_ms >= first.boot_ms);
    }
}
