//! Numbers on their way out: whatever the server states is in the range that others expect.

use std::time::Duration;

use hotseat_protocol::quantity::Quantity;

/// A number that machines are told.
///
/// One out of range is a defect of this server, on which a debug build stops. Others must not be
/// told it all the same: then the nearest in range is, and the log names it.
pub(crate) fn stated<Q: Quantity>(value: u64) -> Q {
    Q::new(value).unwrap_or_else(|| {
        debug_assert!(false, "{} is out of its range: {value}", Q::FIELD);
        tracing::error!(
            field = Q::FIELD,
            value,
            "a number is out of its range; the nearest in it is told"
        );
        Q::clamped(value)
    })
}

/// A duration that machines are told, in whole milliseconds.
pub(crate) fn stated_ms<Q: Quantity>(duration: Duration) -> Q {
    stated(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::quantity::LeftMs;

    use super::*;

    #[test]
    fn what_is_in_range_is_told_as_it_is() {
        assert_eq!(stated_ms::<LeftMs>(Duration::from_secs(90)).get(), 90_000);
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "left_ms is out of its range")]
    fn what_is_not_is_a_defect() {
        let _: LeftMs = stated_ms(Duration::MAX);
    }
}
