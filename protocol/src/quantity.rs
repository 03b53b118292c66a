//! Numbers that come from outside: each kind is a type of its own, and has a range.
//!
//! On the wire a quantity is a plain whole number. Whoever reads one that is out of range gets an
//! error that names field and range, so what is past this border needs no second look: sums of
//! quantities stay far below what a [`Duration`](std::time::Duration) or a
//! [`WallTime`](crate::ids::WallTime) can hold.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::stated::Nearest;

/// A kind of number, whichever it is.
pub trait Quantity: Sized {
    /// The field that carries it on the wire.
    const FIELD: &'static str;

    /// The quantity; none when `value` is out of range.
    fn new(value: u64) -> Option<Self>;

    /// The quantity that is nearest to `value`.
    fn clamped(value: u64) -> Self;
}

/// One kind of number: its field on the wire, its unit, and its range, both ends included.
macro_rules! quantity {
    ($(#[doc = $doc:literal])+ $name:ident, $field:literal, $unit:literal, $least:literal..=$most:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The least value.
            pub const MIN: Self = Self($least);
            /// The greatest value.
            pub const MAX: Self = Self($most);
            /// The field that carries it on the wire.
            pub const FIELD: &'static str = $field;

            const RANGE: Range = Range { field: $field, unit: $unit, least: $least, most: $most };

            /// The quantity; none when `value` is out of range.
            #[must_use]
            pub fn new(value: u64) -> Option<Self> {
                ($least..=$most).contains(&value).then_some(Self(value))
            }

            /// The quantity that is nearest to `value`.
            #[must_use]
            pub fn clamped(value: u64) -> Self {
                Self(value.clamp($least, $most))
            }

            /// The number.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl Quantity for $name {
            const FIELD: &'static str = $field;

            fn new(value: u64) -> Option<Self> {
                Self::new(value)
            }

            fn clamped(value: u64) -> Self {
                Self::clamped(value)
            }
        }

        impl Nearest for $name {
            fn nearest(number: u64) -> Self {
                Self::clamped(number)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self(deserializer.deserialize_u64(Self::RANGE)?))
            }
        }

        impl FromStr for $name {
            type Err = QuantityError;

            /// Reads decimal digits and nothing else, as a query parameter has them.
            fn from_str(text: &str) -> Result<Self, QuantityError> {
                Self::RANGE.read(text).map(Self)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema(concat!($($doc,)+), $least, $most)
            }
        }

        impl ToSchema for $name {}

        #[cfg(any(test, feature = "proptest"))]
        impl proptest::arbitrary::Arbitrary for $name {
            type Parameters = ();
            type Strategy = proptest::strategy::BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                use proptest::strategy::Strategy as _;
                ($least..=$most as u64).prop_map(Self).boxed()
            }
        }
    };
}

quantity!(
    /// How long somebody has been idle, in seconds, up to ten years: longer than a computer runs.
    IdleSeconds, "idle_s", "seconds", 0..=315_576_000
);

quantity!(
    /// How long work without a seat lasted, in milliseconds, up to ten years: longer than a
    /// computer runs.
    OverdraftMs, "lasted_ms", "milliseconds", 0..=315_576_000_000
);

quantity!(
    /// A lease that a pool states to a machine, in milliseconds: ten seconds to seven days, as a
    /// pool's definition allows.
    LeaseMs, "lease_ms", "milliseconds", 10_000..=604_800_000
);

quantity!(
    /// The seats of a pool, or of those that are in use: as many as a pool may have.
    SeatCount, "seats", "seats", 0..=100_000
);

quantity!(
    /// How long a seat kept by calls lives without a renewal when its client has no session
    /// time-out, in milliseconds: a second to seven days.
    CallsTimeoutMs, "calls_timeout_ms", "milliseconds", 1_000..=604_800_000
);

quantity!(
    /// How long a held seat may be without activity, in milliseconds: a second to seven days.
    SessionTimeoutMs, "session_timeout_ms", "milliseconds", 1_000..=604_800_000
);

quantity!(
    /// How long a freed seat is set aside for whom it is offered to, in milliseconds: a second to
    /// seven days.
    OfferMs, "offer_ms", "milliseconds", 1_000..=604_800_000
);

quantity!(
    /// How long a passed check sets its seat aside, in milliseconds: a second, for a call and its
    /// answer, to a minute, in which a person fills in a form.
    ProvisionalHoldMs, "provisional_hold_ms", "milliseconds", 1_000..=60_000
);

quantity!(
    /// How long a seat outlives its tray, in milliseconds: up to seven days.
    TrayGraceMs, "tray_grace_ms", "milliseconds", 0..=604_800_000
);

quantity!(
    /// The idle time after which a holder is warned, in milliseconds: a second to seven days.
    WarnAfterMs, "warn_after_ms", "milliseconds", 1_000..=604_800_000
);

quantity!(
    /// The idle time after which a holder is signed off, in milliseconds: a second to seven days.
    SignOffAfterMs, "sign_off_after_ms", "milliseconds", 1_000..=604_800_000
);

quantity!(
    /// What is left of a lease or of an offer, in milliseconds: up to seven days.
    LeftMs, "left_ms", "milliseconds", 0..=604_800_000
);

quantity!(
    /// How long ago something happened, in milliseconds, up to ten years: longer than a computer
    /// runs.
    AgoMs, "ago_ms", "milliseconds", 0..=315_576_000_000
);

quantity!(
    /// How many people: in a line, before somebody in it, or in one record.
    PeopleCount, "count", "people", 0..=4_294_967_295
);

quantity!(
    /// The days that one's own history reaches back: as long as a journal keeps it by default.
    HistoryDays, "days", "days", 1..=400
);

quantity!(
    /// The records of one answer.
    HistoryLimit, "limit", "records", 1..=1_000
);

quantity!(
    /// The number of a record in the journal, 0 before the first: at most what every reader of
    /// JSON holds exactly.
    RecordNumber, "after", "records", 0..=9_007_199_254_740_991
);

/// Why a text is not a quantity: the field, and what it may be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{given:?} is not possible: expected {expected}")]
pub struct QuantityError {
    given: String,
    expected: String,
}

/// Reads a quantity from a text, as queries and forms carry it; for `deserialize_with`.
///
/// # Errors
///
/// When the text is not a whole number in range; the error names field, unit and range.
pub fn from_text<'de, Q, D>(deserializer: D) -> Result<Option<Q>, D::Error>
where
    Q: FromStr<Err = QuantityError>,
    D: Deserializer<'de>,
{
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// Reads a whole number that is in range, and names field and range where it is not.
#[derive(Debug, Clone, Copy)]
struct Range {
    field: &'static str,
    unit: &'static str,
    least: u64,
    most: u64,
}

impl Range {
    fn read(self, text: &str) -> Result<u64, QuantityError> {
        // A sign and leading zeros are no digits of a number, whatever the reader of the standard
        // library thinks of them.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        let number = is_plain.then(|| text.parse().ok()).flatten();
        number.filter(|number| (self.least..=self.most).contains(number)).ok_or_else(|| {
            let given = text.chars().take(GIVEN_CHARACTERS_MAX).collect();
            QuantityError { given, expected: self.to_string() }
        })
    }
}

/// What an error repeats of a text that should have been a number.
const GIVEN_CHARACTERS_MAX: usize = 40;

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, unit, least, most } = self;
        write!(f, "{field} to be a whole number of {unit} from {least} to {most}")
    }
}

impl Visitor<'_> for Range {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        if (self.least..=self.most).contains(&value) {
            Ok(value)
        } else {
            Err(E::invalid_value(Unexpected::Unsigned(value), &self))
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }
}

fn schema(description: &str, least: u64, most: u64) -> RefOr<Schema> {
    let object: Object = ObjectBuilder::new()
        .description(Some(description.trim()))
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(least))
        .maximum(Some(most))
        .build();
    RefOr::T(Schema::Object(object))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ids::WallTime;

    proptest! {
        #[test]
        fn a_quantity_is_a_plain_number_on_the_wire(idle: IdleSeconds, lasted: OverdraftMs) {
            let text = serde_json::to_string(&(idle, lasted)).unwrap();
            prop_assert_eq!(&text, &format!("[{},{}]", idle.get(), lasted.get()));
            let read: (IdleSeconds, OverdraftMs) = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, (idle, lasted));
        }

        #[test]
        fn whatever_is_out_of_range_is_refused_with_field_and_range(value: u64) {
            let read = serde_json::from_str::<OverdraftMs>(&value.to_string());
            prop_assert_eq!(read.is_ok(), value <= OverdraftMs::MAX.get());
            prop_assert_eq!(read.ok(), OverdraftMs::new(value));
            let nearest = OverdraftMs::clamped(value);
            prop_assert_eq!(nearest.get(), value.min(OverdraftMs::MAX.get()));
        }

        #[test]
        fn any_time_is_written_so_that_it_can_be_read(unix_ms: i64, ms: u64) {
            let time = WallTime { unix_ms };
            let bounded = time.clamp(WallTime::MIN, WallTime::MAX);
            for time in [time.later_by_ms(ms), time.earlier_by_ms(ms), bounded] {
                let text = serde_json::to_string(&time).unwrap();
                prop_assert_eq!(serde_json::from_str::<WallTime>(&text).unwrap(), time, "{}", text);
            }
            prop_assert_eq!(time.to_string(), bounded.to_string());
        }
    }

    #[test]
    fn an_error_names_field_unit_and_range() {
        let words = "idle_s to be a whole number of seconds from 0 to 315576000";
        for wrong in ["315576001", "9223372036854775808", "-1", "0.5", "1e308", "\"7\"", "null"] {
            let error = serde_json::from_str::<IdleSeconds>(wrong).unwrap_err().to_string();
            assert!(error.contains(words), "{wrong}: {error}");
        }
        let error = serde_json::from_str::<OverdraftMs>("18446744073709551616").unwrap_err();
        assert!(error.to_string().contains("lasted_ms to be"), "{error}");
    }

    #[test]
    fn a_quantity_of_a_query_is_its_digits() {
        assert_eq!("400".parse(), Ok(HistoryDays::MAX));
        for wrong in ["0", "401", "+7", "07", " 7", "7.0", "", "1e2", "99999999999999999999"] {
            let error = wrong.parse::<HistoryDays>().unwrap_err().to_string();
            let words = "expected days to be a whole number of days from 1 to 400";
            assert!(error.ends_with(words), "{wrong}: {error}");
        }
    }

    #[test]
    fn the_ends_of_time_are_those_of_its_text() {
        for (time, text) in [
            (WallTime::MIN, "-009999-01-02T01:59:59.000Z"),
            (WallTime::MAX, "9999-12-30T22:00:00.000Z"),
        ] {
            assert_eq!(time.to_string(), text);
            assert_eq!(serde_json::from_str::<WallTime>(&format!("{text:?}")).unwrap(), time);
        }
    }

    #[test]
    fn the_description_has_the_range() {
        let RefOr::T(Schema::Object(schema)) = IdleSeconds::schema() else { panic!() };
        let schema = serde_json::to_value(schema).unwrap();
        assert_eq!((&schema["minimum"], &schema["maximum"]), (&0.into(), &315_576_000.into()));
    }
}
