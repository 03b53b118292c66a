//! Durable writes: one under way at a time, what comes meanwhile goes into the next.
//!
//! A failed write is put back in front and tried again, so that the order of changes is kept.

use alloc::vec::Vec;

use hotseat_protocol::ids::RequestId;

use super::effect::Effect;
use super::input::WriteId;
use super::limits::WRITE_AGAIN_MS;
use super::saved::Change;

/// What waits for a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// The sign-on may be sent.
    Ask(RequestId),
    /// The askers of this request may hear that it is a seat, durable or not.
    TellSeated(RequestId),
    /// The acknowledgement may be given.
    Acknowledge(u64),
    /// The log-in is complete.
    LoggedIn(u64),
}

/// The state of the writes.
#[derive(Debug, Default, Clone)]
pub(super) struct Writes {
    last: u64,
    flight: Option<Batch>,
    next: Batch,
    /// Set after a failure: when to try again.
    again_at: Option<u64>,
}

#[derive(Debug, Default, Clone)]
struct Batch {
    changes: Vec<Change>,
    thens: Vec<Then>,
}

impl Batch {
    /// Adds a change; an earlier one of the same thing is superseded by it.
    fn add(&mut self, change: Change) {
        self.changes.retain(|earlier| !earlier.same_thing(&change));
        self.changes.push(change);
    }
}

impl Writes {
    /// Whether the last write succeeded.
    pub(super) fn writable(&self) -> bool {
        self.again_at.is_none()
    }

    /// Whether nothing waits to be written.
    pub(super) fn idle(&self) -> bool {
        self.flight.is_none() && self.next.changes.is_empty()
    }

    /// When a failed write is tried again.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.again_at.filter(|_| self.flight.is_none() && !self.next.changes.is_empty())
    }

    pub(super) fn save(&mut self, change: Change) {
        self.next.add(change);
    }

    pub(super) fn once_saved(&mut self, then: Then) {
        self.next.thens.push(then);
    }

    /// Begins the next write if none is under way and there is something to write; says what need
    /// not wait for one.
    pub(super) fn begin(&mut self, boot_ms: u64) -> (Vec<Then>, Option<Effect>) {
        if self.flight.is_some() {
            return (Vec::new(), None);
        }
        if self.next.changes.is_empty() {
            return (core::mem::take(&mut self.next.thens), None);
        }
        let wait = self.again_at.is_some_and(|at| boot_ms < at);
        if wait && self.next.thens.is_empty() {
            return (Vec::new(), None);
        }
        self.last = self.last.saturating_add(1);
        let batch = core::mem::take(&mut self.next);
        let store = Effect::Store { write: WriteId(self.last), changes: batch.changes.clone() };
        self.flight = Some(batch);
        (Vec::new(), Some(store))
    }

    /// A write has ended; says what waited for it.
    #[must_use]
    pub(super) fn ended(&mut self, write: WriteId, ok: bool, boot_ms: u64) -> Vec<Then> {
        if write != WriteId(self.last) {
            return Vec::new();
        }
        let Some(batch) = self.flight.take() else {
            return Vec::new();
        };
        if ok {
            self.again_at = None;
        } else {
            self.again_at = Some(boot_ms.saturating_add(WRITE_AGAIN_MS));
            let newer = core::mem::take(&mut self.next);
            self.next.changes = batch.changes;
            for change in newer.changes {
                self.next.add(change);
            }
            self.next.thens = newer.thens;
        }
        batch.thens
    }
}
