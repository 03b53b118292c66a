//! The lists of a machine's messages: each kind is a type of its own with a greatest length, as
//! numbers have a range and texts a length.
//!
//! Whoever sends a longer one is told the field and its limit, and nothing of it is kept.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::ids::{RequestId, SeatRef};
use crate::link::ClaimedSeat;

/// One kind of list: its field on the wire, its items, and how many there may be.
macro_rules! frame_list {
    ($(#[doc = $doc:literal])+ $name:ident, $field:literal, $item:ty, 0..=$most:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(Vec<$item>);

        impl $name {
            /// The field that carries it on the wire.
            pub const FIELD: &'static str = $field;
            /// The most items.
            pub const ITEMS_MAX: usize = $most;

            /// The list; none when it is too long.
            #[must_use]
            pub fn new(items: Vec<$item>) -> Option<Self> {
                (items.len() <= Self::ITEMS_MAX).then_some(Self(items))
            }

            /// As many lists as it takes to say all of the items, in their order; none for none.
            #[must_use]
            pub fn split(items: &[$item]) -> Vec<Self> {
                items.chunks(Self::ITEMS_MAX).map(|part| Self(part.to_vec())).collect()
            }

            /// The items.
            #[must_use]
            pub fn into_vec(self) -> Vec<$item> {
                self.0
            }
        }

        impl Deref for $name {
            type Target = [$item];

            fn deref(&self) -> &[$item] {
                &self.0
            }
        }

        impl From<$item> for $name {
            fn from(item: $item) -> Self {
                Self(vec![item])
            }
        }

        impl<const N: usize> From<[$item; N]> for $name {
            /// A list whose length is known to whoever writes it.
            fn from(items: [$item; N]) -> Self {
                const { assert!(N <= $most) }
                Self(items.into())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let items = Items { field: $field, most: $most, item: PhantomData };
                deserializer.deserialize_seq(items).map(Self)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let list = ArrayBuilder::new()
                    .description(Some(concat!($($doc,)+).trim()))
                    .items(RefOr::T(Schema::default()))
                    .max_items(Some(Self::ITEMS_MAX));
                RefOr::T(Schema::Array(list.build()))
            }
        }

        impl ToSchema for $name {}
    };
}

frame_list!(
    /// The seats that a machine claims in one renewal: up to 2,048, so that the answer fits into a
    /// frame. A machine that has more sends more than one renewal.
    ClaimedSeats, "seats", ClaimedSeat, 0..=2_048
);

frame_list!(
    /// The requests whose places a machine claims in one renewal: up to 2,048, as for seats.
    ClaimedPlaces, "places", RequestId, 0..=2_048
);

frame_list!(
    /// Seats that are being reclaimed and no longer used: up to 256. A machine says one at a time,
    /// as its people leave.
    LeftSeats, "seats", SeatRef, 0..=256
);

/// Reads no further than the limit, and names field and limit.
struct Items<T> {
    field: &'static str,
    most: usize,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.most {
            let Some(item) = list.next_element()? else { return Ok(items) };
            items.push(item);
        }
        match list.next_element::<IgnoredAny>()? {
            None => Ok(items),
            Some(_) => Err(A::Error::custom(format_args!("too many items, expected {self}"))),
        }
    }
}

impl<T> fmt::Display for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to be a list of 0 to {} items", self.field, self.most)
    }
}
