//! Times of day and year.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time on the wall clock, for people only: nothing is decided by it.
///
/// Milliseconds since 1970 inside, RFC 3339 in UTC on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
}

super::text_schema!(
    WallTime,
    "A time on the server's wall clock, in UTC, for people only: nothing is decided by it.",
    Some("date-time"),
    None
);

impl WallTime {
    /// The earliest time that has a text: -009999-01-02T01:59:59.000Z.
    pub const MIN: Self = Self { unix_ms: -377_705_023_201_000 };
    /// The latest time that has a text: 9999-12-30T22:00:00.000Z.
    pub const MAX: Self = Self { unix_ms: 253_402_207_200_000 };

    /// This many milliseconds later, [`Self::MAX`] at the latest.
    #[must_use]
    pub fn later_by_ms(self, ms: u64) -> Self {
        Self { unix_ms: self.unix_ms.saturating_add_unsigned(ms) }.clamp(Self::MIN, Self::MAX)
    }

    /// This many milliseconds earlier, [`Self::MIN`] at the earliest.
    #[must_use]
    pub fn earlier_by_ms(self, ms: u64) -> Self {
        Self { unix_ms: self.unix_ms.saturating_sub_unsigned(ms) }.clamp(Self::MIN, Self::MAX)
    }
}

/// A time beyond [`WallTime::MIN`] or [`WallTime::MAX`] is shown as that, so that whatever is
/// written can be read.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unix_ms = (*self).clamp(Self::MIN, Self::MAX).unix_ms;
        let time = jiff::Timestamp::from_millisecond(unix_ms).map_err(|_| fmt::Error)?;
        write!(f, "{time:.3}")
    }
}

impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time: jiff::Timestamp =
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)?;
        let time = Self { unix_ms: time.as_millisecond() };
        // The last second that can be read has times that are written as another.
        if !(Self::MIN..=Self::MAX).contains(&time) {
            let (least, most) = (Self::MIN, Self::MAX);
            return Err(D::Error::custom(format_args!("use a time from {least} to {most}")));
        }
        Ok(time)
    }
}
