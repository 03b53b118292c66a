//! One record: an event with its number and its time, and the form in which it is stored.

use std::borrow::Cow;

use hotseat_protocol::ids::{Generation, RequestId, Seq, WallTime};
use hotseat_rules::{At, Event};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::actor::{Actor, ActorAddress};
use super::error::JournalError;
use super::stored;

/// A fact of the journal with its number and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// From 1, without gaps.
    pub seq: Seq,
    /// When it was written, for people only.
    pub at: WallTime,
    /// The store's generation when it was written.
    pub generation: Generation,
    /// What happened.
    pub event: Event,
    /// Who wanted it, where the event does not say it.
    pub actor: Option<Actor>,
}

/// A record as a journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// From 1, without gaps.
    pub seq: Seq,
    /// When it was written.
    pub at: WallTime,
    /// The store's generation when it was written.
    pub generation: Generation,
    /// The version of the payload's form.
    pub version: u32,
    /// The payload's kind, so that a report need not read every payload.
    pub kind: Cow<'static, str>,
    /// The request that caused it, when there is one.
    pub request: Option<RequestId>,
    /// The event, as JSON.
    pub payload: String,
    /// From where whoever acted asked, to be kept beside it; none of one that was read.
    pub from: Option<ActorAddress>,
}

/// A record that would not be read as what it was written as.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a record of kind {kind} could not be read again ({cause}), so it was not written")]
pub struct NotItself {
    /// The record's kind.
    pub kind: Cow<'static, str>,
    /// What would be wrong with it.
    pub cause: String,
}

impl Record {
    /// Where its event stands.
    #[must_use]
    pub fn at(&self) -> At {
        At { seq: self.seq, time: self.at }
    }

    /// The form to append: the stored one, after it was seen to say the same as this.
    ///
    /// # Errors
    ///
    /// When it does not, so that a start, a report or a backup could not read it.
    pub fn store_checked(&self) -> Result<StoredRecord, NotItself> {
        let stored = self.store();
        let cause = match stored.read() {
            Ok(again) if again == *self => return Ok(stored),
            Ok(_) => "it would say something else".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(NotItself { kind: stored.kind, cause })
    }

    /// The form to store, always of the newest version.
    #[must_use]
    pub fn store(&self) -> StoredRecord {
        let (kind, payload) = stored::encode_act(&self.event, self.actor.as_ref());
        StoredRecord {
            seq: self.seq,
            at: self.at,
            generation: self.generation,
            version: stored::EVENT_VERSION,
            kind: kind.into(),
            request: request_of(&self.event),
            payload,
            from: None,
        }
    }
}

impl StoredRecord {
    /// SHA-256 over all of it: what a disk changed by itself is noticed.
    #[must_use]
    pub(crate) fn checksum(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seq.0.to_be_bytes());
        hash.update(self.at.unix_ms.to_be_bytes());
        hash.update(self.generation.0.to_be_bytes());
        hash.update(self.version.to_be_bytes());
        // Each text ends with a byte that is in none, so that nothing can move between them.
        hash.update(self.kind.as_bytes());
        hash.update([0xff]);
        hash.update(self.request.map_or([0; 16], |request| request.0.into_bytes()));
        hash.update(self.payload.as_bytes());
        hash.finalize().into()
    }

    /// The record, brought up from whatever version it was stored in.
    ///
    /// # Errors
    ///
    /// [`JournalError::Newer`] when a newer program wrote it, [`JournalError::Unreadable`] when it
    /// is damaged.
    pub fn read(&self) -> Result<Record, JournalError> {
        let (event, actor) = stored::decode_act(self.version, &self.payload).map_err(|error| {
            error.into_journal_error("a record", || format!("record {}", self.seq))
        })?;
        Ok(Record { seq: self.seq, at: self.at, generation: self.generation, event, actor })
    }
}

/// The request that caused an event, when it was one.
fn request_of(event: &Event) -> Option<RequestId> {
    match event {
        Event::SignOnRefused { asked, .. }
        | Event::SeatGranted { asked, .. }
        | Event::SeatReacquired { asked, .. }
        | Event::PlaceTaken { asked, .. }
        | Event::PlaceMoved { asked, .. } => Some(asked.request.id),
        Event::RequestCancelled { request } => Some(request.id),
        Event::Initialised { .. }
        | Event::PoolDefined { .. }
        | Event::PoolRemoved { .. }
        | Event::UserAdded { .. }
        | Event::UserChanged { .. }
        | Event::UserRemoved { .. }
        | Event::MachineAdded { .. }
        | Event::MachineRevoked { .. }
        | Event::SeatLeaving { .. }
        | Event::SeatReleased { .. }
        | Event::PlaceEnded { .. }
        | Event::Offered { .. }
        | Event::OfferWithdrawn { .. }
        | Event::ChecksRefused { .. }
        | Event::SeatWarned { .. }
        | Event::WarningAnswered { .. }
        | Event::Overdraft { .. }
        | Event::IdleSpell { .. }
        | Event::RequestsAged
        | Event::FoundBehind { .. }
        | Event::GenerationBegan { .. }
        | Event::RecoveryEnded
        | Event::RecordSetAside { .. }
        | Event::Quarantined { .. }
        | Event::MachineConfirmed { .. } => None,
    }
}
