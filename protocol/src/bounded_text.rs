//! Texts that come from outside: each kind is a type of its own, and has a length.
//!
//! On the wire it is a plain text. Lengths are counted in characters, as it was sent, and none has
//! characters that control a terminal, turn the direction of writing or cannot be seen (see
//! [`is_unseen`]). Whoever reads one that is not allowed gets an error that names field and
//! limits, so what is past this border needs no second look.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::ids::Secret;
use crate::stated::Limited;
use crate::text::{is_drawn, is_unseen};

/// Why a text is not allowed. What was sent is not repeated: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// It is too short or too long.
    #[error("{field} has {length} characters: use {least} to {most}")]
    Length {
        /// The field.
        field: &'static str,
        /// Its length in characters.
        length: usize,
        /// The least that are allowed.
        least: usize,
        /// The most that are allowed.
        most: usize,
    },
    /// It has characters that control, turn or hide text.
    #[error("{0} has control characters or others that cannot be seen: write it in one line")]
    Unseen(&'static str),
    /// There is nothing but spaces and characters that are not drawn.
    #[error("{0} has nothing that can be seen: write at least one letter, digit or sign")]
    Blank(&'static str),
}

/// The limits of one kind of text.
#[derive(Debug, Clone, Copy)]
struct Limits {
    field: &'static str,
    least: usize,
    most: usize,
}

impl Limits {
    fn check_length(self, text: &str) -> Result<(), TextError> {
        let Self { field, least, most } = self;
        let length = text.chars().count();
        if (least..=most).contains(&length) {
            return Ok(());
        }
        Err(TextError::Length { field, length, least, most })
    }

    fn check(self, text: &str) -> Result<(), TextError> {
        self.check_length(text)?;
        if text.chars().any(is_unseen) {
            return Err(TextError::Unseen(self.field));
        }
        if self.is_blank(text) {
            return Err(TextError::Blank(self.field));
        }
        Ok(())
    }

    /// Whether a text that must say something shows nothing.
    fn is_blank(self, text: &str) -> bool {
        self.least > 0 && !text.chars().any(is_drawn)
    }

    /// What is nearest to a text that was stored before there were these limits.
    fn clamped(self, text: &str) -> String {
        let seen =
            |character| if is_unseen(character) { char::REPLACEMENT_CHARACTER } else { character };
        let text: String = text.trim().chars().take(self.most).map(seen).collect();
        // Where it was cut there may be a space.
        let text = text.trim_end().to_owned();
        if text.chars().count() < self.least || self.is_blank(&text) {
            return char::REPLACEMENT_CHARACTER.to_string().repeat(self.least.max(1));
        }
        text
    }
}

/// One kind of text: its field on the wire, and its length in characters, both ends included.
macro_rules! bounded_text {
    ($(#[doc = $doc:literal])+ $name:ident, $field:literal, $least:literal..=$most:literal) => {
        $(#[doc = $doc])+
        ///
        /// A clone shares the text. Space around it is not part of it.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The least length, in characters.
            pub const CHARACTERS_MIN: usize = $least;
            /// The greatest length, in characters.
            pub const CHARACTERS_MAX: usize = $most;
            /// The field that carries it on the wire.
            pub const FIELD: &'static str = $field;

            const LIMITS: Limits = Limits { field: $field, least: $least, most: $most };

            /// Checks a text.
            ///
            /// # Errors
            ///
            /// When it is too short, too long, shows nothing, or has characters that cannot be seen;
            /// the error names field and limits.
            pub fn new(text: &str) -> Result<Self, TextError> {
                Self::LIMITS.check(text)?;
                Ok(Self(text.trim().into()))
            }

            /// The text that is nearest to `text`, for what was kept before there were limits:
            /// its beginning, with U+FFFD for what cannot be seen.
            #[must_use]
            pub fn clamped(text: &str) -> Self {
                Self(Self::LIMITS.clamped(text).into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Limited for $name {
            fn allowed(text: &str) -> String {
                Self::LIMITS.clamped(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema::text(concat!($($doc,)+), Self::LIMITS, schema::line($least), None)
            }
        }

        impl ToSchema for $name {}

        #[cfg(any(test, feature = "proptest"))]
        impl proptest::arbitrary::Arbitrary for $name {
            type Parameters = ();
            type Strategy = proptest::strategy::BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                use proptest::strategy::Strategy as _;
                let character = proptest::char::any().prop_filter("seen", |c| !is_unseen(*c));
                let text = proptest::collection::vec(character, $least..=$most as usize);
                let text = text.prop_map(String::from_iter);
                text.prop_filter_map("not blank", |text| Self::new(&text).ok()).boxed()
            }
        }
    };
}

bounded_text!(
    /// The name of a person, a pool, a service or a machine, for people: 1 to 100 characters.
    DisplayName, "name", 1..=100
);

bounded_text!(
    /// An e-mail address as somebody typed it: 1 to 254 characters. Whether it is one, and which
    /// other ways of typing it mean the same, the directory knows.
    EmailText, "email", 1..=254
);

bounded_text!(
    /// A person, by id or e-mail address: 1 to 254 characters.
    UserKey, "user", 1..=254
);

bounded_text!(
    /// What a holder is told of why a seat is reclaimed: up to 200 characters.
    Note, "note", 0..=200
);

bounded_text!(
    /// The fixed text that a client's application expects when there is no free seat: 1 to 500
    /// characters; the longest that is known has 77.
    LegacyMessage, "legacy_message", 1..=500
);

bounded_text!(
    /// An IP address: 1 to 64 characters.
    AddressText, "address", 1..=64
);

bounded_text!(
    /// A stable word of the history: 1 to 64 characters.
    HistoryWord, "what", 1..=64
);

bounded_text!(
    /// What else there is to know about a record of the history: up to 1,000 characters.
    HistoryNote, "note", 0..=1_000
);

/// One kind of secret: its field on the wire, and its length in characters, both ends included.
macro_rules! bounded_secret {
    (
        $(#[doc = $doc:literal])+
        $name:ident, $field:literal, $least:literal..=$most:literal, $format:literal,
        $pattern:expr, $check:expr
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(Secret);

        impl $name {
            /// The field that carries it on the wire.
            pub const FIELD: &'static str = $field;

            /// The greatest length, in characters.
            pub const CHARACTERS_MAX: usize = $most;

            const LIMITS: Limits = Limits { field: $field, least: $least, most: $most };

            /// Checks a text.
            ///
            /// # Errors
            ///
            /// When it is not allowed; the error names field and limits, never the text.
            pub fn new(text: Secret) -> Result<Self, TextError> {
                let check: fn(Limits, &str) -> Result<(), TextError> = $check;
                check(Self::LIMITS, text.expose())?;
                Ok(Self(text))
            }

            /// The secret.
            #[must_use]
            pub fn secret(&self) -> &Secret {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(Secret::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema::text(concat!($($doc,)+), Self::LIMITS, $pattern, Some($format))
            }
        }

        impl ToSchema for $name {}
    };
}

mod frames;
mod schema;

pub use frames::{BootId, DisplayText, OsUserText, ProgramText, Seal, Sentence, TokenText};

bounded_secret!(
    /// A password that somebody chooses: 8 to 1,024 characters, none of which controls a terminal.
    NewPassword, "password", 8..=1_024, "password", Some(schema::NO_CONTROLS), |limits, text| {
        limits.check_length(text)?;
        if text.chars().any(char::is_control) {
            return Err(TextError::Unseen(limits.field));
        }
        Ok(())
    }
);

bounded_secret!(
    /// A password as somebody types it to log in: 1 to 1,024 characters of any kind.
    TypedPassword, "password", 1..=1_024, "password", None, Limits::check_length
);

bounded_secret!(
    /// What an administrator made for a machine to enrol with: 1 to 512 characters.
    InvitationText, "invitation", 1..=512, "password", schema::line(1), Limits::check
);

#[cfg(test)]
mod tests;
