//! The time of day, for people only: nothing is decided by it.

use std::time::{SystemTime, UNIX_EPOCH};

use hotseat_protocol::ids::WallTime;

/// What the computer's clock shows; one that shows a time which cannot be written down shows the
/// nearest that can.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock's one home")]
pub fn now() -> WallTime {
    let ms = |since: std::time::Duration| i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    let unix_ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => ms(since),
        Err(before) => -ms(before.duration()),
    };
    WallTime { unix_ms }.clamp(WallTime::MIN, WallTime::MAX)
}
