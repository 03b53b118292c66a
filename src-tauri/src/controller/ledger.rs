//! Which notifications are open and what each is about, and which ends a person was told of. Pure.

use std::collections::{BTreeMap, VecDeque};

use hotseat_protocol::ids::{PlaceId, SeatId};
use hotseat_protocol::ipc::EndedSeat;
use hotseat_protocol::reason::ReleaseReason;

use crate::app_state::AppState;
use crate::clock::Now;
use crate::desktop::NoteKey;
use crate::subject::Subject;

/// Ends that are remembered, so that none is told twice; a day has fewer.
const ENDS_MAX: usize = 64;

/// What the person was told.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    open: BTreeMap<NoteKey, Subject>,
    ends: VecDeque<End>,
    /// No view has come yet since the broker was connected.
    fresh: bool,
}

/// An end that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Of a seat. One that was kept after all may end a second time, beyond its old deadline.
    Seat {
        /// Which.
        id: SeatId,
        /// Until when it was believed, on the boot-time clock, in ms.
        deadline_boot_ms: u64,
        /// Why it ended.
        reason: ReleaseReason,
        /// Whether it was told who has the seats now.
        full: bool,
    },
    /// Of a place.
    Place(PlaceId),
}

impl End {
    pub(super) fn of_seat(seat: &EndedSeat, reason: ReleaseReason, full: bool) -> Self {
        let EndedSeat { id, deadline_boot_ms, .. } = *seat;
        Self::Seat { id, deadline_boot_ms, reason, full }
    }

    /// Whether `self`, told before, leaves nothing to tell of `other`.
    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Place(told), Self::Place(place)) => told == place,
            (
                Self::Seat { id: told, deadline_boot_ms: until, reason: why, full },
                Self::Seat { id, deadline_boot_ms, reason, full: fuller },
            ) => {
                let same = until == deadline_boot_ms && why == reason && (full || !fuller);
                told == id && (until > deadline_boot_ms || same)
            }
            (Self::Place(_), Self::Seat { .. }) | (Self::Seat { .. }, Self::Place(_)) => false,
        }
    }
}

impl Ledger {
    /// A connection to the broker began.
    pub(super) fn connected(&mut self) {
        self.fresh = true;
    }

    /// Whether this is the first view of a connection: what was told in between was not heard.
    pub(super) fn take_fresh(&mut self, state: &AppState) -> bool {
        state.view.is_some() && std::mem::take(&mut self.fresh)
    }

    /// Whether an end was not told yet; from now on it was.
    pub(super) fn is_news(&mut self, end: End) -> bool {
        if self.ends.iter().any(|told| told.covers(end)) {
            return false;
        }
        self.ends.push_back(end);
        if self.ends.len() > ENDS_MAX {
            self.ends.pop_front();
        }
        true
    }

    /// Whether a notification stands for this very subject, be it that it was dismissed.
    pub(super) fn tells(&self, key: &NoteKey, subject: &Subject) -> bool {
        self.open.get(key) == Some(subject)
    }

    pub(super) fn open(&mut self, key: NoteKey, subject: Subject) {
        self.open.insert(key, subject);
    }

    /// Whether it was open.
    pub(super) fn close(&mut self, key: &NoteKey) -> bool {
        self.open.remove(key).is_some()
    }

    /// The open ones whose subject is over.
    pub(super) fn over(&self, state: &AppState, now: Now) -> Vec<NoteKey> {
        let over = self.open.iter().filter(|(_, subject)| subject.is_over(state, now));
        over.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn keys(&self) -> Vec<NoteKey> {
        self.open.keys().cloned().collect()
    }
}
