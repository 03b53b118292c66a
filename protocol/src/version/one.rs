//! What version 1 called otherwise: a table for each direction, and the translation of JSON by it,
//! both ways.
//!
//! A row says where in a frame a name stands. Nothing else differs between the two versions, so a
//! frame that has none of these names is the same in both.

use serde_json::{Map, Value};

use super::Frame;
use crate::ipc::{FromBroker, ToBroker};
use crate::link::{FromPool, ToPool};

/// A step from a value to one inside it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// To the field of this name.
    In(&'static str),
    /// To each element of a list.
    Each,
}

/// One name that version 1 had another word for.
#[derive(Debug, Clone, Copy)]
pub struct Rename {
    at: &'static [Step],
    what: What,
    one: &'static str,
    two: &'static str,
}

/// What has the name.
#[derive(Debug, Clone, Copy)]
enum What {
    /// A field of the object at that place.
    Field,
    /// The text in this field of the object at that place.
    Text(&'static str),
}

/// A field that version 1 named `one` and version 2 names `two`.
const fn field(at: &'static [Step], one: &'static str, two: &'static str) -> Rename {
    Rename { at, what: What::Field, one, two }
}

/// A variant, or another text in a field, that is `one` in version 1 and `two` in version 2.
const fn text(
    at: &'static [Step],
    of: &'static str,
    one: &'static str,
    two: &'static str,
) -> Rename {
    Rename { at, what: What::Text(of), one, two }
}

/// The holders in a problem's facts at this place.
macro_rules! holders {
    ($($step:expr),*) => { field(&[$($step,)* In("holders"), Each], "idle", "idle_s") };
}

use Step::{Each, In};

impl Frame for ToPool {
    const NUMBERED: (&'static str, &'static str) = ("message", "n");
    const ASKS: bool = true;
    const RENAMED: &'static [Rename] = &[text(&[In("body")], "outcome", "no_answer", "unanswered")];
}

impl Frame for FromPool {
    const NUMBERED: (&'static str, &'static str) = ("answer", "n");
    const RENAMED: &'static [Rename] = &[
        text(&[In("items"), Each], "kind", "pool_gone", "pool_removed"),
        text(&[In("items"), Each], "kind", "seat_gone", "seat_ended"),
        text(&[In("items"), Each], "kind", "place_gone", "place_ended"),
        field(&[In("answer")], "gone", "ended"),
        field(&[In("answer")], "places_gone", "places_ended"),
        holders!(In("problem")),
        holders!(In("answer"), In("problem")),
        holders!(In("answer"), In("outcome"), In("problem")),
    ];
}

impl Frame for ToBroker {
    const NUMBERED: (&'static str, &'static str) = ("request", "id");
    const ASKS: bool = true;
    const RENAMED: &'static [Rename] =
        &[text(&[In("request")], "kind", "seen", "acknowledge_loss")];
}

impl Frame for FromBroker {
    const NUMBERED: (&'static str, &'static str) = ("reply", "id");
    const RENAMED: &'static [Rename] = &[
        text(&[In("changes"), Each], "kind", "pool_gone", "pool_removed"),
        text(&[In("notice")], "kind", "taken_back", "reclaimed"),
        text(&[In("notice")], "kind", "awake", "resume_report"),
        text(&[In("notice")], "kind", "pool_back", "pool_reachable"),
        holders!(In("problem")),
        holders!(In("reply"), In("problem")),
        holders!(In("reply"), In("outcome"), In("problem")),
        holders!(In("reply"), In("health"), In("link"), In("cause")),
        holders!(In("reply"), In("view"), In("link"), In("cause")),
        holders!(In("reply"), In("view"), In("trouble")),
        holders!(In("view"), In("link"), In("cause")),
        holders!(In("view"), In("trouble")),
        holders!(In("changes"), Each, In("link"), In("cause")),
        holders!(In("changes"), Each, In("trouble")),
    ];
}

/// Puts version 1's names into a frame of version 2.
pub(super) fn to_one(renamed: &[Rename], frame: &mut Value) {
    for Rename { at, what, one, two } in renamed {
        each_at(frame, at, &mut |object| rename(object, *what, two, one));
    }
}

/// Puts version 2's names into a frame of version 1.
pub(super) fn from_one(renamed: &[Rename], frame: &mut Value) {
    for Rename { at, what, one, two } in renamed {
        each_at(frame, at, &mut |object| rename(object, *what, one, two));
    }
}

fn rename(object: &mut Map<String, Value>, what: What, from: &str, to: &str) {
    match what {
        What::Field => {
            // Where both are there, the reader's own name wins, as with any field it knows.
            if !object.contains_key(to)
                && let Some(value) = object.remove(from)
            {
                object.insert(to.to_owned(), value);
            }
        }
        What::Text(field) => {
            if let Some(value) = object.get_mut(field)
                && value.as_str() == Some(from)
            {
                *value = Value::from(to);
            }
        }
    }
}

/// Shows each object at the end of a way; a way that is not there has none.
fn each_at(value: &mut Value, way: &[Step], shown: &mut impl FnMut(&mut Map<String, Value>)) {
    match way.split_first() {
        None => {
            if let Some(object) = value.as_object_mut() {
                shown(object);
            }
        }
        Some((In(name), rest)) => {
            if let Some(inner) = value.get_mut(*name) {
                each_at(inner, rest, shown);
            }
        }
        Some((Each, rest)) => {
            for inner in value.as_array_mut().into_iter().flatten() {
                each_at(inner, rest, shown);
            }
        }
    }
}
