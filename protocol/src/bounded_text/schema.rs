//! The limits of texts as JSON Schema has them: exactly what is judged.

use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, SchemaFormat};

use super::Limits;

/// The characters of [`is_unseen`](crate::text::is_unseen), as a class of a pattern has them. Those
/// beyond U+FFFF stand for themselves, because each dialect escapes them in another way; JSON Schema
/// wants patterns to be read as Unicode.
macro_rules! unseen {
    () => {
        concat!(
            r"\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e",
            r"\u2060-\u206f\ufeff\ufff9-\ufffb",
            "\u{e0000}-\u{e007f}",
        )
    };
}

/// Every space that is none of those.
macro_rules! space {
    () => {
        r" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
    };
}

/// What is allowed and not drawn beside space: see [`is_drawn`](crate::text::is_drawn).
macro_rules! undrawn {
    () => {
        concat!(
            r"\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\u2800\u3164",
            r"\ufe00-\ufe0f\uffa0\ufff0-\ufff8",
            "\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0080}-\u{e0fff}",
        )
    };
}

/// One line of text.
const LINE: &str = concat!("^[^", unseen!(), "]*$");

/// One line with something that is drawn.
const SEEN_LINE: &str = concat!(
    "^[",
    space!(),
    undrawn!(),
    "]*[^",
    unseen!(),
    space!(),
    undrawn!(),
    "][^",
    unseen!(),
    "]*$"
);

/// Anything that controls no terminal.
pub(super) const NO_CONTROLS: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// The pattern of a line with this least length: what must be there must be seen.
pub(super) fn line(least: usize) -> Option<&'static str> {
    Some(if least > 0 { SEEN_LINE } else { LINE })
}

/// Describes a kind of text.
pub(super) fn text(
    description: &str,
    limits: Limits,
    pattern: Option<&str>,
    format: Option<&str>,
) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description.trim()))
        .min_length(Some(limits.least))
        .max_length(Some(limits.most))
        .pattern(pattern)
        .format(format.map(|format| SchemaFormat::Custom(format.to_owned())))
        .build();
    RefOr::T(Schema::Object(object))
}
