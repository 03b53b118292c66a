//! Durable writes: one under way at a time, what comes meanwhile goes into the next.
//!
//! A failed write is put back in front and tried again, so that the order of changes is kept.

use alloc::vec::Vec;

use hotseat_protocol::ids::RequestId;

use super::Core;
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
}

impl Core {
    /// Makes a change durable with the next write.
    pub(super) fn save(&mut self, change: Change) {
        self.writes.next.add(change);
    }

    /// Lets something wait for all that was saved so far.
    pub(super) fn once_saved(&mut self, then: Then) {
        self.writes.next.thens.push(then);
    }

    /// Begins the next write if none is under way.
    pub(super) fn flush_writes(&mut self) {
        let writes = &mut self.writes;
        if writes.flight.is_some() {
            return;
        }
        if writes.next.changes.is_empty() {
            for then in core::mem::take(&mut writes.next.thens) {
                self.written(then, true);
            }
            return;
        }
        let wait = writes.again_at.is_some_and(|at| self.now.boot_ms < at);
        if wait && writes.next.thens.is_empty() {
            return;
        }
        writes.last = writes.last.saturating_add(1);
        let batch = core::mem::take(&mut writes.next);
        self.out
            .push(Effect::Store { write: WriteId(writes.last), changes: batch.changes.clone() });
        writes.flight = Some(batch);
    }

    /// A write has ended.
    pub(super) fn stored(&mut self, write: WriteId, ok: bool) {
        if write != WriteId(self.writes.last) {
            return;
        }
        let Some(batch) = self.writes.flight.take() else {
            return;
        };
        if ok {
            self.writes.again_at = None;
        } else {
            self.writes.again_at = Some(self.now.boot_ms.saturating_add(WRITE_AGAIN_MS));
            let newer = core::mem::take(&mut self.writes.next);
            self.writes.next.changes = batch.changes;
            for change in newer.changes {
                self.writes.next.add(change);
            }
            self.writes.next.thens = newer.thens;
        }
        for then in batch.thens {
            self.written(then, ok);
        }
    }

    fn written(&mut self, then: Then, ok: bool) {
        match then {
            Then::Ask(request) => self.intent_saved(request, ok),
            Then::TellSeated(request) => self.tell_seated(request),
            Then::Acknowledge(ack) => self.acknowledge(ack, ok),
            Then::LoggedIn(ask) => self.log_in_saved(ask, ok),
        }
    }
}
