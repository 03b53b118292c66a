//! Durations as people type them.

use std::time::Duration;

use hotseat_protocol::quantity::LeaseMs;
use hotseat_rules::HOLD_USUALLY;
use jiff::SignedDuration;

pub(super) use crate::durations::{ms, written};

/// Reads "90s", "20min", "1h30m".
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration: use for example 90s, 20min or 1h30m");
    let parsed: SignedDuration = text.trim().parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

/// Reads a lease: a duration that a pool's definition may state as one.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let given = duration(text)?;
    if LeaseMs::new(ms(given)).is_some() {
        return Ok(given);
    }
    let (least, most) = (written(LeaseMs::MIN.get()), written(LeaseMs::MAX.get()));
    Err(format!("{text:?} is no lease ({}): expected {least} to {most}", LeaseMs::FIELD))
}

/// How long a passed check sets a seat aside; none: not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hold(pub(super) Option<Duration>);

/// Reads "on", "off", "5s".
pub(super) fn hold(text: &str) -> Result<Hold, String> {
    match text.trim() {
        "off" => Ok(Hold(None)),
        "on" => Ok(Hold(Some(HOLD_USUALLY))),
        other => {
            let wrong = |_| format!("{text:?} is no time: use on, off, or 1s to 60s");
            let given = duration(other).map_err(wrong)?;
            Ok(Hold(Some(given)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, seconds) in [("90s", 90), ("20min", 1200), ("20 min", 1200), ("1h30m", 5400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "20", "soon", "-5s"] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn no_lease_is_longer_than_one_that_can_be_defined() {
        assert_eq!(lease("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(lease("168h"), Ok(Duration::from_secs(7 * 24 * 3600)));
        for bad in ["9s", "169h", "999999999h", "0s"] {
            let said = lease(bad).unwrap_err();
            assert!(said.contains("lease_ms") && said.contains("10 s to 168 h"), "{said}");
        }
    }

    #[test]
    fn a_hold_is_on_off_or_a_time() {
        assert_eq!(hold("off"), Ok(Hold(None)));
        assert_eq!(hold("on"), Ok(Hold(Some(Duration::from_secs(5)))));
        assert_eq!(hold("12s"), Ok(Hold(Some(Duration::from_secs(12)))));
        assert!(hold("5").unwrap_err().contains("on, off, or 1s to 60s"));
    }
}
