//! The one version number of the broker's two conversations, with its history, and how a peer of
//! the version before is spoken with.
//!
//! Typed code knows the newest version only. What a peer of the version before hears and says is
//! translated as JSON, by the table in [`one`].

mod heard;
mod mended;
mod one;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use heard::{Heard, NoObject, Number, Unclear};
pub use one::Rename;

/// The version that this build speaks on IPC and on the link.
///
/// History:
///
/// * 1 (2026-11-24): first version.
/// * 2 (2026-11-30): seats, places and pools are no longer `gone` but `ended` or `removed`, seats
///   are `reclaimed` instead of `taken_back`; the notices `awake` and `pool_back` are
///   `resume_report` and `pool_reachable`, the request `seen` is `acknowledge_loss`, a warning
///   that nobody answered is `unanswered`, and a holder's `idle` is `idle_s` everywhere. The table
///   in `version/one.rs` has each name beside the older one.
pub const PROTOCOL_VERSION: u32 = 2;

/// The oldest version that this build still accepts: the last two are spoken.
pub const OLDEST_VERSION: u32 = if PROTOCOL_VERSION > 1 { PROTOCOL_VERSION - 1 } else { 1 };

/// Whether a peer that speaks `theirs` can be talked to.
///
/// A newer peer is accepted too: it is the newer side's duty to speak the older side's version,
/// and it refuses if it cannot.
#[must_use]
pub fn accepts(theirs: u32) -> bool {
    theirs >= OLDEST_VERSION
}

/// The version to speak with a peer that offers `theirs`, or `None` when there is none.
#[must_use]
pub fn negotiate(theirs: u32) -> Option<Spoken> {
    accepts(theirs).then(|| Spoken(theirs.min(PROTOCOL_VERSION)))
}

/// One direction of IPC or link.
pub trait Frame: Serialize + DeserializeOwned {
    /// What version 1 called otherwise.
    const RENAMED: &'static [Rename];
    /// The type of the frames that ask or answer, and the field with their number.
    const NUMBERED: (&'static str, &'static str);
    /// Whether those frames ask; else they answer.
    const ASKS: bool = false;
}

/// The version that both ends of a conversation speak: one of the last two.
///
/// Before the greetings are exchanged it is [`Spoken::newest`]. Greetings are the same in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spoken(u32);

impl Spoken {
    /// The newest version, [`PROTOCOL_VERSION`].
    #[must_use]
    pub fn newest() -> Self {
        Self(PROTOCOL_VERSION)
    }

    /// The version's number.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// Writes a frame in this version.
    ///
    /// # Errors
    ///
    /// When the frame has no JSON, which is a defect of its type.
    pub fn write<F: Frame>(self, frame: &F) -> serde_json::Result<String> {
        if self == Self::newest() {
            return serde_json::to_string(frame);
        }
        let mut value = serde_json::to_value(frame)?;
        one::to_one(F::RENAMED, &mut value);
        serde_json::to_string(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_of_the_two_is_spoken() {
        let spoken = |theirs| negotiate(theirs).map(Spoken::number);
        assert_eq!(spoken(PROTOCOL_VERSION + 1), Some(PROTOCOL_VERSION));
        assert_eq!(spoken(PROTOCOL_VERSION), Some(PROTOCOL_VERSION));
        assert_eq!(spoken(OLDEST_VERSION), Some(OLDEST_VERSION));
        assert_eq!(spoken(OLDEST_VERSION - 1), None);
    }
}
