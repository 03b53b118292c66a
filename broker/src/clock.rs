//! The clocks: the only file of the broker that reads one.

use hotseat_ipc::boot_clock;
use hotseat_protocol::ids::WallTime;

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
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        let wall = jiff::Timestamp::now();
        Now { boot_ms: boot_clock::now_ms(), wall: WallTime { unix_ms: wall.as_millisecond() } }
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
