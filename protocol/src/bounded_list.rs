//! Lists and maps that come from outside: each has a greatest length, and is read no further.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::{PartialSchema, ToSchema};

mod frames;

pub use frames::{ClaimedPlaces, ClaimedSeats, LeftSeats};

/// A list of `LEAST` to `MOST` items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BoundedList<T, const LEAST: usize, const MOST: usize>(Vec<T>);

impl<T, const LEAST: usize, const MOST: usize> BoundedList<T, LEAST, MOST> {
    /// The list; none when it is too short or too long.
    #[must_use]
    pub fn new(items: Vec<T>) -> Option<Self> {
        (LEAST..=MOST).contains(&items.len()).then_some(Self(items))
    }

    /// As many of the items as are allowed, for what was kept before there was this limit.
    #[must_use]
    pub fn clamped(mut items: Vec<T>) -> Self {
        items.truncate(MOST);
        Self(items)
    }

    /// The items.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The items.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<'de, T: Deserialize<'de>, const LEAST: usize, const MOST: usize> Deserialize<'de>
    for BoundedList<T, LEAST, MOST>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items::<T, LEAST, MOST>(PhantomData)).map(Self)
    }
}

impl<T: ToSchema, const LEAST: usize, const MOST: usize> PartialSchema
    for BoundedList<T, LEAST, MOST>
{
    fn schema() -> RefOr<Schema> {
        let list = ArrayBuilder::new()
            .items(reference::<T>())
            .min_items((LEAST > 0).then_some(LEAST))
            .max_items(Some(MOST));
        RefOr::T(Schema::Array(list.build()))
    }
}

impl<T: ToSchema, const LEAST: usize, const MOST: usize> ToSchema for BoundedList<T, LEAST, MOST> {
    fn name() -> Cow<'static, str> {
        format!("{}List", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// A map of `LEAST` to `MOST` keys, each of them once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct BoundedMap<K, V, const LEAST: usize, const MOST: usize>(BTreeMap<K, V>);

impl<K, V, const LEAST: usize, const MOST: usize> BoundedMap<K, V, LEAST, MOST> {
    /// The map; none when it has too few keys or too many.
    #[must_use]
    pub fn new(items: BTreeMap<K, V>) -> Option<Self> {
        (LEAST..=MOST).contains(&items.len()).then_some(Self(items))
    }

    /// As many of the keys as are allowed, for what was kept before there was this limit.
    #[must_use]
    pub fn clamped(items: BTreeMap<K, V>) -> Self
    where
        K: Ord,
    {
        Self(items.into_iter().take(MOST).collect())
    }

    /// Keys and values.
    #[must_use]
    pub fn as_map(&self) -> &BTreeMap<K, V> {
        &self.0
    }

    /// Keys and values.
    #[must_use]
    pub fn into_map(self) -> BTreeMap<K, V> {
        self.0
    }

    /// The values, to be changed; keys stay as they are.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.values_mut()
    }

    /// The value of a key, to be changed; keys stay as they are.
    #[must_use]
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V>
    where
        K: Ord,
    {
        self.0.get_mut(key)
    }
}

impl<'de, K, V, const LEAST: usize, const MOST: usize> Deserialize<'de>
    for BoundedMap<K, V, LEAST, MOST>
where
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys::<K, V, LEAST, MOST>(PhantomData)).map(Self)
    }
}

impl<K: ToSchema, V: ToSchema, const LEAST: usize, const MOST: usize> PartialSchema
    for BoundedMap<K, V, LEAST, MOST>
{
    fn schema() -> RefOr<Schema> {
        map_schema(K::schema(), reference::<V>(), LEAST, MOST)
    }
}

impl<K: ToSchema, V: ToSchema, const LEAST: usize, const MOST: usize> ToSchema
    for BoundedMap<K, V, LEAST, MOST>
{
    fn name() -> Cow<'static, str> {
        format!("{}Map", V::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((V::name().into_owned(), V::schema()));
        V::schemas(schemas);
    }
}

/// A map whose values may be null.
impl<K, V, const LEAST: usize, const MOST: usize> BoundedMap<K, Option<V>, LEAST, MOST>
where
    K: ToSchema,
    V: ToSchema,
{
    /// The description.
    #[must_use]
    pub fn nullable_schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(Type::Null);
        let value = OneOfBuilder::new().item(null).item(V::schema());
        map_schema(K::schema(), value.into(), LEAST, MOST)
    }
}

fn map_schema(
    key: RefOr<Schema>,
    value: RefOr<Schema>,
    least: usize,
    most: usize,
) -> RefOr<Schema> {
    let mut map = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::RefOr(value)))
        .max_properties(Some(most));
    if let RefOr::T(key) = key {
        map = map.property_names(Some(key));
    }
    let mut map = map.build();
    map.min_properties = (least > 0).then_some(least);
    RefOr::T(Schema::Object(map))
}

/// The description of a type by its name, so that generated clients have a type for it, too.
fn reference<T: ToSchema>() -> RefOr<Schema> {
    utoipa::openapi::Ref::from_schema_name(T::name()).into()
}

fn expected(f: &mut fmt::Formatter<'_>, what: &str, least: usize, most: usize) -> fmt::Result {
    write!(f, "{least} to {most} {what}")
}

struct Items<T, const LEAST: usize, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LEAST: usize, const MOST: usize> Visitor<'de>
    for Items<T, LEAST, MOST>
{
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expected(f, "items", LEAST, MOST)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            if items.len() == MOST {
                return Err(A::Error::custom(format_args!(
                    "too many items: use {LEAST} to {MOST}"
                )));
            }
            items.push(item);
        }
        if items.len() < LEAST {
            let have = items.len();
            return Err(A::Error::custom(format_args!("{have} items: use {LEAST} to {MOST}")));
        }
        Ok(items)
    }
}

struct Keys<K, V, const LEAST: usize, const MOST: usize>(PhantomData<(K, V)>);

impl<'de, K, V, const LEAST: usize, const MOST: usize> Visitor<'de> for Keys<K, V, LEAST, MOST>
where
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expected(f, "keys with values", LEAST, MOST)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BTreeMap<K, V>, A::Error> {
        let mut items = BTreeMap::new();
        while let Some(key) = map.next_key::<K>()? {
            if items.contains_key(&key) {
                return Err(A::Error::custom(format_args!("{key} is there twice")));
            }
            if items.len() == MOST {
                return Err(A::Error::custom(format_args!("too many keys: use {LEAST} to {MOST}")));
            }
            items.insert(key, map.next_value()?);
        }
        if items.len() < LEAST {
            let have = items.len();
            return Err(A::Error::custom(format_args!("{have} keys: use {LEAST} to {MOST}")));
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::ClientName;

    type Pair = BoundedList<u8, 1, 2>;
    type Names = BoundedMap<ClientName, Option<u8>, 1, 2>;

    #[test]
    fn a_list_has_its_length() {
        assert_eq!(serde_json::from_str::<Pair>("[1, 2]").unwrap().as_slice(), [1, 2]);
        for (text, words) in [
            ("[]", "0 items: use 1 to 2"),
            ("[1, 2, 3]", "too many items: use 1 to 2"),
            ("{}", "expected 1 to 2 items"),
        ] {
            let error = serde_json::from_str::<Pair>(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(Pair::new(vec![]).is_none());
    }

    #[test]
    fn a_map_has_each_key_once_and_not_too_many() {
        let read = serde_json::from_str::<Names>(r#"{"web": 1, "xbar": null}"#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"web":1,"xbar":null}"#);
        for (text, words) in [
            ("{}", "0 keys: use 1 to 2"),
            (r#"{"a": 1, "b": 1, "c": 1}"#, "too many keys: use 1 to 2"),
            (r#"{"a": 1, "a": 1}"#, "a is there twice"),
            (r#"{"A b": 1}"#, "is not a name"),
        ] {
            let error = serde_json::from_str::<Names>(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn the_description_has_the_limits() {
        let schema = serde_json::to_value(Names::nullable_schema()).unwrap();
        assert_eq!((&schema["minProperties"], &schema["maxProperties"]), (&1.into(), &2.into()));
        assert!(schema["propertyNames"]["pattern"].is_string(), "{schema}");
        let schema = serde_json::to_value(BoundedList::<ClientName, 0, 7>::schema()).unwrap();
        assert_eq!((&schema["minItems"], &schema["maxItems"]), (&().into(), &7.into()));
    }
}
