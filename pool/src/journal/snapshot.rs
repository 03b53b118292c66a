//! A snapshot of the committed state: what a start reads instead of the whole journal.

use hotseat_protocol::ids::{Generation, Seq};
use hotseat_rules::{Contents, State};
use sha2::{Digest as _, Sha256};

use super::error::JournalError;
use super::stored;

/// A snapshot as a journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The last record that it contains.
    pub seq: Seq,
    /// The store's generation at that record.
    pub generation: Generation,
    /// The version of the payload's form.
    pub version: u32,
    /// SHA-256 over all the rest.
    pub checksum: [u8; 32],
    /// The state's contents, as JSON.
    pub payload: Vec<u8>,
}

impl StoredSnapshot {
    /// The form to store of a committed state's contents.
    #[must_use]
    pub fn of(contents: &Contents) -> Self {
        let payload = stored::encode_contents(contents);
        Self::sealed(contents.seq, contents.generation, stored::CONTENTS_VERSION, payload)
    }

    /// A snapshot with this payload and the checksum that belongs to it, whatever it says.
    ///
    /// What it says is looked at by [`Self::read`].
    #[must_use]
    pub fn sealed(seq: Seq, generation: Generation, version: u32, payload: Vec<u8>) -> Self {
        let checksum = checksum(seq, generation, version, &payload);
        Self { seq, generation, version, checksum, payload }
    }

    /// The state, if this is what was saved.
    ///
    /// # Errors
    ///
    /// [`JournalError::Newer`] when a newer program wrote it; [`JournalError::Unreadable`] when it
    /// is damaged, and an older one or the whole journal must do.
    pub fn read(&self) -> Result<State, JournalError> {
        let what = || format!("the snapshot at record {}", self.seq);
        let unreadable = |cause: String| JournalError::Unreadable { what: what(), cause };
        if self.checksum_now() != self.checksum {
            return Err(unreadable("its checksum is wrong".to_owned()));
        }
        let contents = stored::decode_contents(self.version, &self.payload)
            .map_err(|error| error.into_journal_error("a snapshot", what))?;
        if (contents.seq, contents.generation) != (self.seq, self.generation) {
            return Err(unreadable("it is of another record".to_owned()));
        }
        State::from_contents(contents).map_err(|broken| unreadable(broken.to_string()))
    }

    /// The checksum that its content has now.
    pub(crate) fn checksum_now(&self) -> [u8; 32] {
        checksum(self.seq, self.generation, self.version, &self.payload)
    }
}

fn checksum(seq: Seq, generation: Generation, version: u32, payload: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seq.0.to_be_bytes());
    hash.update(generation.0.to_be_bytes());
    hash.update(version.to_be_bytes());
    hash.update(payload);
    hash.finalize().into()
}
