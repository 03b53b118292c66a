//! Durations as they are told to people.

use std::time::Duration;

/// Writes "90 s", "20 min", "1 h 30 min".
pub(crate) fn written(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if !ms.is_multiple_of(1000) {
        return format!("{ms} ms");
    }
    if seconds <= 90 {
        return format!("{seconds} s");
    }
    let parts = [(hours, "h"), (minutes, "min"), (rest, "s")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// Milliseconds for the wire.
pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_well() {
        for (ms, text) in [
            (0, "0 s"),
            (1500, "1500 ms"),
            (90_000, "90 s"),
            (1_200_000, "20 min"),
            (5_405_000, "1 h 30 min 5 s"),
        ] {
            assert_eq!(written(ms), text);
        }
    }
}
