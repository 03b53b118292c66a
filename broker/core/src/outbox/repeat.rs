//! What is said to the pool until it is answered: on every new link, and again after an error.

use crate::limits::{REPEAT_FIRST_MS, REPEAT_MAX_MS};

/// When to say it (again).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repeat {
    in_flight: bool,
    errors: u32,
    again_at: u64,
}

impl Repeat {
    /// Whether it is to be said now.
    pub(crate) fn due(&self, boot_ms: u64) -> bool {
        !self.in_flight && boot_ms >= self.again_at
    }

    /// Whether it was said and not answered yet.
    pub(crate) fn under_way(&self) -> bool {
        self.in_flight
    }

    /// It was said.
    pub(crate) fn sent(&mut self) {
        self.in_flight = true;
    }

    /// It was answered by an error.
    pub(crate) fn failed(&mut self, boot_ms: u64) {
        self.in_flight = false;
        let wait = REPEAT_FIRST_MS.saturating_mul(1 << self.errors.min(10)).min(REPEAT_MAX_MS);
        self.errors = self.errors.saturating_add(1);
        self.again_at = boot_ms.saturating_add(wait);
    }

    /// The link is gone; whether the pool heard it is not known.
    pub(crate) fn link_gone(&mut self) {
        *self = Self::default();
    }

    /// When it becomes due, while it is not under way.
    pub(crate) fn deadline(&self) -> Option<u64> {
        (!self.in_flight).then_some(self.again_at)
    }
}
