//! The forms in which events and snapshots are stored: versioned, and apart from the rules' types,
//! so that a change of the rules cannot silently change what old stores say.
//!
//! To change a form: raise its version, keep the old structs in a module of their own, bring them
//! up to the new ones in `decode_*`, and add golden files under `pool/golden/`. The old golden
//! files stay and must still read.

mod actor;
mod contents;
mod definition;
mod event;
mod event_convert;
mod parts;

use hotseat_rules::{Contents, Event};
use serde::de::DeserializeOwned;
use thiserror::Error;

use self::contents::StoredContents;
use self::event::StoredEvent;
use super::actor::Actor;
use super::error::JournalError;

/// The version of the form in which events are written.
pub(crate) const EVENT_VERSION: u32 = 3;

/// The version of the form in which snapshots are written.
pub(crate) const CONTENTS_VERSION: u32 = 2;

/// Why a stored form cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum FormError {
    /// A newer program wrote it.
    #[error("version {found} is newer than {known}")]
    Newer {
        /// Its version.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// It is damaged, or was never written by this program.
    #[error("{0}")]
    Damaged(String),
}

impl FormError {
    /// The error for people; `kind` as in "the store has a record of version 7", `which` names it.
    pub(crate) fn into_journal_error(
        self,
        kind: &'static str,
        which: impl FnOnce() -> String,
    ) -> JournalError {
        match self {
            Self::Newer { found, known } => JournalError::Newer { what: kind, found, known },
            Self::Damaged(cause) => JournalError::Unreadable { what: which(), cause },
        }
    }
}

/// An event in the newest form: its kind and its JSON.
pub(crate) fn encode_event(event: &Event) -> (&'static str, String) {
    let form = StoredEvent::from(event);
    (form.kind(), to_json(&form))
}

/// The same with whoever acted: one more member of the event's JSON.
pub(crate) fn encode_act(event: &Event, actor: Option<&Actor>) -> (&'static str, String) {
    let (kind, payload) = encode_event(event);
    match actor {
        Some(actor) => (kind, actor::add(payload, actor)),
        None => (kind, payload),
    }
}

/// An event from the form of `version`, and whoever acted.
pub(crate) fn decode_act(version: u32, payload: &str) -> Result<(Event, Option<Actor>), FormError> {
    Ok((decode_event(version, payload)?, actor::find(payload)?))
}

/// An event from the form of `version`.
pub(crate) fn decode_event(version: u32, payload: &str) -> Result<Event, FormError> {
    match version {
        // Version 2 has more kinds, and the refusal of a recovering pool; version 3 has the kinds
        // of records that were set aside.
        1 | 2 | EVENT_VERSION => Ok(from_json::<StoredEvent>(payload.as_bytes())?.into()),
        other => Err(unknown(other, EVENT_VERSION)),
    }
}

/// Whether there is such a kind of event.
pub(crate) fn is_kind(kind: &str) -> bool {
    let named = serde_json::json!({ "event": kind });
    match serde_json::from_value::<StoredEvent>(named) {
        Ok(_) => true,
        // One that is known lacks its fields.
        Err(error) => !error.to_string().starts_with("unknown variant"),
    }
}

/// A state's contents in the newest form.
pub(crate) fn encode_contents(contents: &Contents) -> Vec<u8> {
    to_json(&StoredContents::from(contents)).into_bytes()
}

/// A state's contents from the form of `version`.
pub(crate) fn decode_contents(version: u32, payload: &[u8]) -> Result<Contents, FormError> {
    match version {
        // Version 2 has the generations before this one, and the recovery.
        1 | CONTENTS_VERSION => Ok(from_json::<StoredContents>(payload)?.into()),
        other => Err(unknown(other, CONTENTS_VERSION)),
    }
}

fn unknown(found: u32, known: u32) -> FormError {
    if found > known {
        FormError::Newer { found, known }
    } else {
        FormError::Damaged(format!("there never was a version {found}"))
    }
}

fn to_json<T: serde::Serialize>(form: &T) -> String {
    serde_json::to_string(form).expect("stored forms have text keys and no custom serialisers")
}

fn from_json<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormError> {
    serde_json::from_slice(payload).map_err(|error| FormError::Damaged(error.to_string()))
}
