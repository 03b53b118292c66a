//! Names of things: each kind of id is a type of its own, so that one cannot stand in for another.

mod epoch;
mod secret;
mod wall_time;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use utoipa::ToSchema;
use utoipa::openapi::SchemaFormat;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

pub use epoch::Epoch;
pub use secret::Secret;
pub use wall_time::WallTime;

/// Why a text is not a valid id or name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdError {
    /// The text is not a UUID.
    #[error("{0:?} is not an id: expected a UUID such as 6f2c7c3e-0c0f-4f5a-9d52-0a4a3f8f6a01")]
    NotAUuid(String),
    /// The text is not an epoch.
    #[error("{0:?} is not an epoch: expected GENERATION.NUMBER")]
    NotAnEpoch(String),
    /// The text is not a name.
    #[error("{0:?} is not a name: use 1 to 64 of a-z, 0-9 and -, and begin with a letter or digit")]
    NotAName(String),
    /// A session is too long, or empty.
    #[error("a session may have 1 to 128 characters, not {0}")]
    SessionLength(usize),
}

/// Says in the REST description which text a type is on the wire.
macro_rules! text_schema {
    ($name:ident, $description:literal, $format:expr, $pattern:expr) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $crate::ids::text($description, $format, $pattern)
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}
use text_schema;

fn text(
    description: &str,
    format: Option<&str>,
    pattern: Option<&str>,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .format(format.map(|format| SchemaFormat::Custom(format.to_owned())))
        .pattern(pattern);
    text.build().into()
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = "uuid")]
        pub struct $name(pub Uuid);

        impl $name {
            /// An id from 128 random bits; the caller brings the randomness.
            #[must_use]
            pub fn from_random(bits: u128) -> Self {
                Self(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(UuidText).map(Self)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                uuid(text).map(Self).ok_or_else(|| IdError::NotAUuid(text.to_owned()))
            }
        }
    };
}

/// Reads a UUID in its one form on the wire, with hyphens.
fn uuid(text: &str) -> Option<Uuid> {
    let has_hyphens = text.len() == uuid::fmt::Hyphenated::LENGTH;
    Uuid::try_parse(text).ok().filter(|_| has_hyphens)
}

struct UuidText;

impl Visitor<'_> for UuidText {
    type Value = Uuid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UUID with hyphens")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Uuid, E> {
        uuid(text).ok_or_else(|| E::custom(IdError::NotAUuid(text.to_owned())))
    }
}

uuid_id!(
    /// One stay of one holder in a pool. Random, never reused.
    SeatId
);
uuid_id!(
    /// A person with a log-in.
    UserId
);
uuid_id!(
    /// A computer with one broker.
    MachineId
);
uuid_id!(
    /// A place in a pool's line.
    PlaceId
);
uuid_id!(
    /// A freed seat, set aside for one waiter.
    OfferId
);
uuid_id!(
    /// Made by the outermost caller for each intent; a repeat changes nothing.
    RequestId
);
uuid_id!(
    /// An application server or script with a token of its own.
    ServiceId
);

/// The random number that a store gets when it is made or restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// The number of a record in the journal, from 1, without gaps; 0 is "before the first".
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A seat and the epoch that the speaker believes in: what every message about a seat carries.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
pub struct SeatRef {
    /// The seat.
    pub id: SeatId,
    /// Its fencing number.
    pub epoch: Epoch,
}

impl fmt::Display for SeatRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.epoch)
    }
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A clone shares the text: a pool speaks of the same few names in all that it keeps.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ToSchema)]
        #[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text: 1 to 64 of `a-z`, `0-9` and `-`, beginning with a letter or digit.
            ///
            /// # Errors
            ///
            /// [`IdError::NotAName`] when it is anything else.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                let valid = (1..=64).contains(&text.len())
                    && !text.starts_with('-')
                    && text.bytes().all(allowed);
                if valid { Ok(Self(text.into())) } else { Err(IdError::NotAName(text)) }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
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
                Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

name_id!(
    /// One product's set of concurrent licences, for example `infor-crm`.
    PoolId
);
name_id!(
    /// The way a user comes in, for example `network` or `web`.
    ClientName
);
name_id!(
    /// What a client is doing when it asks, for example `log-in` or `send-to-crm`.
    Operation
);

/// What a seat is bound to, as its keeper names it: opaque, 1 to 128 characters.
///
/// A machine names an OS session or one process's connection; an application server names
/// whatever tells its own log-ins apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, min_length = 1, max_length = 128)]
pub struct Anchor(String);

impl Anchor {
    /// Checks the length.
    ///
    /// # Errors
    ///
    /// [`IdError::SessionLength`] when it is empty or over 128 characters.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let length = text.chars().count();
        if (1..=128).contains(&length) {
            Ok(Self(text))
        } else {
            Err(IdError::SessionLength(length))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Anchor({:?})", self.0)
    }
}

impl<'de> Deserialize<'de> for Anchor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
