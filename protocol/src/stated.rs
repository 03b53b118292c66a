//! What the other end states, read so that nothing in it can cost a conversation.
//!
//! Whoever asks is answered with field and range when a value is out of range. Whoever states facts
//! is not: a pool server or broker of another version may know other ranges, and the person in
//! front of the computer should not lose the link for it. So in facts a number that is out of range
//! is the nearest that is in it, a text is its allowed part, what is optional and cannot be read is
//! absent, and of a list the elements that can be read are left.
//!
//! The functions are for `deserialize_with`, on the fields of what is stated.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;

use crate::bounded_list::BoundedList;
use crate::bounded_text::TokenText;
use crate::ids::{Secret, Seq};

/// A number that can be read from any other.
pub trait Nearest: Sized {
    /// The value that is nearest to a number.
    fn nearest(number: u64) -> Self;
}

impl Nearest for u64 {
    fn nearest(number: u64) -> Self {
        number
    }
}

impl Nearest for u32 {
    fn nearest(number: u64) -> Self {
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

impl Nearest for Seq {
    fn nearest(number: u64) -> Self {
        Self(number)
    }
}

/// A kind of text with limits.
pub trait Limited {
    /// The allowed text that is nearest to `text`.
    fn allowed(text: &str) -> String;
}

/// Reads a number: the nearest that is in range. A fraction counts as what is before its point.
///
/// # Errors
///
/// When there is no number.
pub fn number<'de, Q: Nearest, D: Deserializer<'de>>(deserializer: D) -> Result<Q, D::Error> {
    struct Any<Q>(PhantomData<Q>);

    impl<Q: Nearest> Visitor<'_> for Any<Q> {
        type Value = Q;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Q, E> {
            Ok(Q::nearest(number))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Q, E> {
            Ok(Q::nearest(u64::try_from(number).unwrap_or(0)))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Q, E> {
            // The cast takes the nearest whole number that there is.
            Ok(Q::nearest(number as u64))
        }
    }

    deserializer.deserialize_any(Any(PhantomData))
}

/// Reads a number that may be null or unreadable, which are both absent.
///
/// # Errors
///
/// When there is no JSON.
pub fn number_or_none<'de, Q: Nearest, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Q>, D::Error> {
    Ok(number(Value::deserialize(deserializer)?).ok())
}

/// Reads the version that a program says it speaks: a whole number, however great. Anything else
/// is no version of any program, which 0 stands for; so the greeting is answered as one of another
/// version.
///
/// # Errors
///
/// When there is no JSON.
pub fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let said = Value::deserialize(deserializer)?;
    let is_whole = said.as_f64().is_some_and(|number| number >= 0.0 && number.fract() == 0.0);
    Ok(if is_whole { number(said).unwrap_or(0) } else { 0 })
}

/// Reads a yes or no; null or unreadable, it is a no.
///
/// # Errors
///
/// When there is no JSON.
pub fn yes_or_no<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_bool().unwrap_or(false))
}

/// Reads a span of two numbers that may be null or unreadable, which are both absent. What begins
/// after it ends, ends where it begins.
///
/// # Errors
///
/// When there is no JSON.
pub fn span_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<[u32; 2]>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let Some([from, to]) = value.as_array().map(Vec::as_slice) else { return Ok(None) };
    Ok(match (number::<u32, _>(from), number::<u32, _>(to)) {
        (Ok(from), Ok(to)) => Some([from, to.max(from)]),
        (Ok(_) | Err(_), _) => None,
    })
}

/// Reads a text: its allowed part.
///
/// # Errors
///
/// When there is no text.
pub fn text<'de, T: Limited, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(T::allowed(&String::deserialize(deserializer)?))
}

/// Reads a text that may be null or unreadable, which are both absent.
///
/// # Errors
///
/// When there is no JSON.
pub fn text_or_none<'de, T: Limited, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_str().map(T::allowed))
}

/// Reads a text that may be null or unreadable, which are both empty.
///
/// # Errors
///
/// When there is no JSON.
pub fn text_or_empty<'de, T: Limited, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    Ok(text_or_none::<T, _>(deserializer)?.unwrap_or_default())
}

/// Reads a text that means nothing when it is cut.
///
/// # Errors
///
/// When there is no text, or one that is not allowed.
pub fn whole_text<'de, T: Limited, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if T::allowed(&text) == text {
        Ok(text)
    } else {
        Err(D::Error::custom("a text is not allowed"))
    }
}

/// Reads a text that means nothing when it is cut; null or unreadable, it is absent.
///
/// # Errors
///
/// When there is no JSON.
pub fn whole_text_or_none<'de, T: Limited, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(whole_text::<T, _>(Value::deserialize(deserializer)?).ok())
}

/// Reads a secret that one program made for another.
///
/// # Errors
///
/// When there is no text, or one that is not allowed.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    TokenText::deserialize(deserializer).map(|text| text.secret().clone())
}

/// Reads a secret that one program made for another; null or unreadable, it is absent.
///
/// # Errors
///
/// When there is no JSON.
pub fn secret_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Secret>, D::Error> {
    Ok(secret(Value::deserialize(deserializer)?).ok())
}

/// Reads what may be null or unreadable, which are both absent.
///
/// # Errors
///
/// When there is no JSON.
pub fn or_none<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(deserializer)?).ok())
}

/// Reads the readable elements of a list, at most `MAX` of them.
///
/// # Errors
///
/// When there is no list.
pub fn list<'de, const MAX: usize, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    struct Elements<const MAX: usize, T>(PhantomData<T>);

    impl<'de, const MAX: usize, T: DeserializeOwned> Visitor<'de> for Elements<MAX, T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
            let mut read = Vec::new();
            while read.len() < MAX {
                let Some(element) = elements.next_element::<Value>()? else { return Ok(read) };
                read.extend(T::deserialize(element));
            }
            while elements.next_element::<IgnoredAny>()?.is_some() {}
            Ok(read)
        }
    }

    deserializer.deserialize_seq(Elements::<MAX, T>(PhantomData))
}

/// Reads the readable elements of a list, at most `MAX` of them; of what is no list there are none.
///
/// # Errors
///
/// When there is no JSON.
pub fn list_or_empty<'de, const MAX: usize, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(list::<MAX, T, _>(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// Reads a list that means nothing when a part of it is missing: at most `MAX` elements, each of
/// them readable.
///
/// # Errors
///
/// When there is no list, or one that is too long, or an element cannot be read.
pub fn whole_list<'de, const MAX: usize, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    BoundedList::<T, 0, MAX>::deserialize(deserializer).map(BoundedList::into_vec)
}

/// Where what was understood of a frame differs from what was said, for the log: the first few
/// places, with the numbers and without the texts.
///
/// Fields that are not known here are no difference: a newer version may say more.
#[must_use]
pub fn differences(said: &Value, understood: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", said, understood, &mut found);
    found
}

/// As many places as a line of a log can name.
const DIFFERENCES_MAX: usize = 5;

fn compare(at: &str, said: &Value, understood: &Value, found: &mut Vec<String>) {
    if found.len() >= DIFFERENCES_MAX {
        return;
    }
    match (said, understood) {
        (Value::Object(said), Value::Object(understood)) => {
            for (name, said) in said {
                if let Some(understood) = understood.get(name) {
                    compare(&format!("{at}/{name}"), said, understood, found);
                }
            }
        }
        (Value::Array(said), Value::Array(understood)) if said.len() == understood.len() => {
            for (index, (said, understood)) in said.iter().zip(understood).enumerate() {
                compare(&format!("{at}/{index}"), said, understood, found);
            }
        }
        (Value::Array(said), Value::Array(understood)) => {
            let (said, understood) = (said.len(), understood.len());
            found.push(format!("{at}: {understood} of {said} elements can be read"));
        }
        (said, understood) if said == understood => {}
        (said, understood) => {
            found.push(format!("{at}: {} is taken for {}", named(said), named(understood)));
        }
    }
}

/// A value for a log. No text is repeated: it may be a secret.
fn named(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => format!("a text of {} characters", text.chars().count()),
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => "something else".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Facts {
        #[serde(deserialize_with = "number")]
        seats: u32,
        #[serde(default, deserialize_with = "number_or_none")]
        idle_s: Option<u64>,
        #[serde(default, deserialize_with = "span_or_none")]
        waits: Option<[u32; 2]>,
        #[serde(default, deserialize_with = "list::<2, _, _>")]
        numbers: Vec<u8>,
    }

    fn read(value: Value) -> serde_json::Result<Facts> {
        serde_json::from_value(value)
    }

    #[test]
    fn any_number_is_the_nearest_that_can_be() {
        for (said, seats) in [
            ("-1", 0),
            ("0.5", 0),
            ("7", 7),
            ("1e308", u32::MAX),
            ("18446744073709551616", u32::MAX),
        ] {
            let text = format!("{{\"seats\":{said}}}");
            assert_eq!(serde_json::from_str::<Facts>(&text).unwrap().seats, seats, "{said}");
        }
        assert!(read(json!({"seats": "seven"})).is_err());
        assert_eq!(read(json!({"seats": 1, "idle_s": "long"})).unwrap().idle_s, None);
        assert_eq!(read(json!({"seats": 1, "idle_s": 1e308})).unwrap().idle_s, Some(u64::MAX));
        assert_eq!(read(json!({"seats": 1, "waits": [9, -1]})).unwrap().waits, Some([9, 9]));
    }

    #[test]
    fn what_can_be_read_of_a_list_is_read_up_to_its_limit() {
        let facts = read(json!({"seats": 1, "numbers": [1, 300, 2, 3]})).unwrap();
        assert_eq!(facts.numbers, [1, 2]);
    }

    #[test]
    fn differences_are_named_and_short() {
        let said = json!({"a": -1, "b": [1, 2], "more": 1, "t": "x".repeat(1_000_000), "s": 1});
        let understood = json!({"a": 0, "b": [1], "t": "", "s": 1});
        let found = differences(&said, &understood);
        assert_eq!(found[0], "/a: -1 is taken for 0");
        assert_eq!(found[1], "/b: 1 of 2 elements can be read");
        assert_eq!(
            found[2],
            "/t: a text of 1000000 characters is taken for a text of 0 characters"
        );
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
