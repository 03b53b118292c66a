//! The clock of every client: the boot-time clock, on which brokers state deadlines.

use rustix::time::{ClockId, clock_gettime};

use super::history::Micros;

/// Servers count in whole milliseconds, and so may be this much early by a finer clock.
pub(super) const ROUNDING: Micros = 2_000;

/// Now.
pub(super) fn micros() -> Micros {
    let now = clock_gettime(ClockId::Boottime);
    let whole = u64::try_from(now.tv_sec).unwrap_or_default();
    let part = u64::try_from(now.tv_nsec).unwrap_or_default();
    whole * 1_000_000 + part / 1_000
}
