//! A frame as far as it can be read: one way for both conversations and both directions.
//!
//! Only what is no JSON object ends a conversation. A frame of a type that is not known is
//! ignored. A frame that asks is answered by its number, whatever else is wrong with it; one whose
//! number is none is answered with that number as it was said. What is stated and cannot be read is
//! passed over. A text with half of a character is no text to ask with, and stated it has U+FFFD there.

use std::marker::PhantomData;

use serde_json::Value;
use thiserror::Error;

use super::mended::{Mended, mended};
use super::{Frame, Spoken, one};
use crate::stated;
use crate::text::shortened;

/// A number that is none is said again up to this length, in bytes.
const ODD_NUMBER_BYTES_MAX: usize = 64;

/// Why a frame that asks is not taken with a text of which a part would be another.
const TORN: &str =
    "a text has half of a surrogate pair (\\ud800 to \\udfff), which is no character";

/// What ends a conversation: bytes that are no JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a frame is not a JSON object ({0})")]
pub struct NoObject(String);

/// A frame whose outside could be read, and whose contents could not: a number out of its range, a
/// text that is too long, something of another version.
#[derive(Debug, Clone, PartialEq)]
pub struct Unclear {
    /// The frame's type, where it has one.
    pub kind: String,
    /// By which number it is answered.
    pub number: Number,
    /// What cannot be read: the field and what it may be.
    pub why: String,
}

/// By which number a frame that cannot be read is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// By none: it neither asks nor answers.
    None,
    /// By this one.
    Some(u64),
    /// It has none that could be; here is what it has instead, null where that is nothing or long.
    Odd(Value),
}

/// A JSON object that may be a frame, with the names of the newest version.
#[derive(Debug, Clone)]
pub struct Heard<F> {
    said: Value,
    /// Texts have half characters in them.
    torn: bool,
    frame: PhantomData<fn() -> F>,
}

impl Spoken {
    /// Reads a frame that was written in this version.
    ///
    /// # Errors
    ///
    /// [`NoObject`] when it is no JSON object; else what is [`Unclear`] about it.
    pub fn read<F: Frame>(self, json: &[u8]) -> Result<Result<F, Unclear>, NoObject> {
        // Nearly every frame is one, and needs no second look.
        if self == Self::newest()
            && let Ok(frame) = serde_json::from_slice(json)
        {
            return Ok(Ok(frame));
        }
        self.hear(json).map(|heard| heard.read())
    }

    /// Reads what a frame is made from.
    ///
    /// # Errors
    ///
    /// When it is no JSON object.
    pub fn hear<F: Frame>(self, json: &[u8]) -> Result<Heard<F>, NoObject> {
        let (mut said, torn) = object(json)?;
        if self != Self::newest() {
            one::from_one(F::RENAMED, &mut said);
        }
        Ok(Heard { said, torn, frame: PhantomData })
    }
}

impl<F: Frame> Heard<F> {
    /// The frame.
    ///
    /// # Errors
    ///
    /// When it cannot be read; the text names field and range.
    pub fn read(&self) -> Result<F, Unclear> {
        let kind = self.said.get("type").and_then(Value::as_str).unwrap_or_default();
        let (numbered, by) = F::NUMBERED;
        let read = if self.torn && F::ASKS && kind == numbered {
            Err(TORN.to_owned())
        } else {
            // An error repeats what it is about, however long that was.
            F::deserialize(&self.said).map_err(|error| shortened(&error.to_string()))
        };
        read.map_err(|why| {
            let number = if kind == numbered { number(self.said.get(by)) } else { Number::None };
            Unclear { kind: shortened(kind), number, why }
        })
    }

    /// Where what was understood differs from what was said, for the log; without texts.
    #[must_use]
    pub fn differences(&self, frame: &F) -> Vec<String> {
        match serde_json::to_value(frame) {
            Ok(understood) => stated::differences(&self.said, &understood),
            Err(_) => Vec::new(),
        }
    }
}

fn number(said: Option<&Value>) -> Number {
    match said {
        Some(Value::Number(number)) => {
            number.as_u64().map_or_else(|| Number::Odd(number.clone().into()), Number::Some)
        }
        Some(Value::String(text)) if text.len() <= ODD_NUMBER_BYTES_MAX => {
            Number::Odd(text.clone().into())
        }
        Some(_) | None => Number::Odd(Value::Null),
    }
}

/// The object, and whether texts of it have half characters.
fn object(json: &[u8]) -> Result<(Value, bool), NoObject> {
    let wrong = |why: &str| NoObject(shortened(why));
    let whole = serde_json::from_slice(json).map(|value| (value, false));
    let (value, torn) = whole.or_else(|error| {
        let text = std::str::from_utf8(json).map_err(|_| wrong("it is not UTF-8"))?;
        let Mended { json, torn } = mended(text);
        let value = serde_json::from_str(&json).map_err(|_| wrong(&error.to_string()))?;
        Ok((value, torn))
    })?;
    match value {
        object @ Value::Object(_) => Ok((object, torn)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(wrong("it is another value"))
        }
    }
}

#[cfg(test)]
#[path = "heard_tests.rs"]
mod tests;
