//! What brokers want done, as one number: two cores that do the same in all plays have the same.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};

use hotseat_broker_core::{Core, Effect, next_deadline};

/// A hash over the effects of each step of a broker, and when it wants to be called next.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprint(DefaultHasher);

impl Fingerprint {
    pub(super) fn note(&mut self, effects: &[Effect], core: &Core) {
        write!(self, "{effects:?} {:?}", next_deadline(core)).expect("a hash takes everything");
    }

    pub(super) fn digest(&self) -> u64 {
        self.0.finish()
    }
}

impl fmt::Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
