//! The auditor reads every committed event: promises 1, 5 and 6 and the safety of 3.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::journal::StoredRecord;
use hotseat_pool::rules::{Event, Place, RequestKey, State, check_invariants};
use hotseat_protocol::ids::{Epoch, MachineId, PoolId, SeatId, UserId};
use hotseat_protocol::reason::ReleaseReason;

use super::reckoning::reachable;

/// The whole state is looked through after each so-manieth event, and at every start.
const THOROUGH_EVERY: u64 = 16;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Why each seat was released.
    pub(super) released: BTreeMap<SeatId, ReleaseReason>,
    /// The newest epoch of each seat that was signed on to again.
    pub(super) renewed_epochs: BTreeMap<SeatId, Epoch>,
    granted: BTreeSet<RequestKey>,
    /// Whose seat the last event ended in favour of a newer one.
    gave_up: Option<UserId>,
    /// The first promise that was broken.
    pub(super) broken: Option<String>,
    /// Events of interest, for the report.
    pub(super) grants: u64,
    /// Offers made.
    pub(super) offers: u64,
}

impl Audit {
    pub(super) fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(what());
        }
    }

    /// Another store takes the place of the one that was watched: what is in it counts.
    pub(super) fn begin_anew(&mut self, records: &[StoredRecord]) {
        self.released.clear();
        self.renewed_epochs.clear();
        self.granted.clear();
        self.gave_up = None;
        for stored in records {
            let record = stored.read().expect("a record that was written can be read");
            match record.event {
                Event::SeatGranted { asked, .. } => drop(self.granted.insert(asked.request)),
                Event::SeatReacquired { seat, asked } => {
                    self.granted.insert(asked.request);
                    let (generation, seq) = (record.generation, record.seq);
                    self.renewed_epochs.insert(seat, Epoch { generation, seq });
                }
                Event::SeatReleased { seat, release } => {
                    self.released.insert(seat, release.reason);
                }
                _ => {}
            }
        }
    }

    /// One event was committed, and is not applied yet.
    pub(super) fn will_apply(
        &mut self,
        before: &State,
        event: &Event,
        connected: &BTreeSet<MachineId>,
    ) {
        self.invariant_a_recovering_pool_grants_nothing(before, event);
        match event {
            // Whoever gives up a seat of their own for this one takes none from the line.
            Event::SeatGranted { asked, counted: true, offer: None, .. }
                if self.gave_up != Some(asked.user) =>
            {
                self.invariant_nobody_was_passed_over(before, &asked.pool, connected, None);
            }
            Event::Offered { place, .. } => {
                if let Some(place) = before.place(*place) {
                    let pool = &place.asked.pool;
                    self.invariant_nobody_was_passed_over(before, pool, connected, Some(place));
                }
            }
            _ => {}
        }
        self.gave_up = match event {
            Event::SeatReleased { seat, release }
                if release.reason == ReleaseReason::Superseded =>
            {
                before.seat(*seat).map(|seat| seat.asked.user)
            }
            Event::SeatLeaving { .. } => self.gave_up,
            _ => None,
        };
    }

    /// One event was committed and applied.
    pub(super) fn applied(&mut self, event: &Event, after: &State) {
        if after.seq().0.is_multiple_of(THOROUGH_EVERY) {
            self.invariant_state_is_possible(after);
        }
        match event {
            Event::SeatGranted { seat, asked, counted, .. } => {
                self.grants += 1;
                self.must(!self.released.contains_key(seat), || {
                    format!("promise 3: seat {seat} was granted after its release")
                });
                self.invariant_granted_once(asked.request);
                if *counted {
                    self.invariant_number_not_exceeded(after, &asked.pool);
                }
            }
            Event::SeatReacquired { seat, asked } => {
                if let Some(seat) = after.seat(*seat) {
                    self.renewed_epochs.insert(seat.id, seat.epoch);
                }
                self.invariant_granted_once(asked.request);
            }
            Event::Offered { place, .. } => {
                self.offers += 1;
                if let Some(place) = after.place(*place) {
                    let pool = place.asked.pool.clone();
                    self.invariant_number_not_exceeded(after, &pool);
                }
            }
            Event::SeatReleased { seat, release } => {
                let old = self.released.insert(*seat, release.reason);
                self.must(old.is_none(), || format!("promise 3: seat {seat} was released twice"));
            }
            _ => {}
        }
    }

    /// Promise 2, of a store that was turned back: while others may believe in seats that it does
    /// not know, it grants and offers none.
    fn invariant_a_recovering_pool_grants_nothing(&mut self, before: &State, event: &Event) {
        let grants = matches!(
            event,
            Event::SeatGranted { counted: true, .. }
                | Event::SeatReacquired { .. }
                | Event::Offered { .. }
        );
        self.must(!grants || before.recovery().is_none(), || {
            format!("promise 2: a pool that recovers grants: {event:?}")
        });
    }

    /// What the rules themselves say of every state.
    pub(super) fn invariant_state_is_possible(&mut self, state: &State) {
        if let Err(broken) = check_invariants(state) {
            self.must(false, || format!("state: at record {}: {broken}", state.seq()));
        }
    }

    /// Promise 5.
    fn invariant_granted_once(&mut self, request: RequestKey) {
        let new = self.granted.insert(request);
        self.must(new, || format!("promise 5: {request:?} was granted twice"));
    }

    /// Promise 1.
    fn invariant_number_not_exceeded(&mut self, after: &State, pool: &PoolId) {
        let seats = after.pool(pool).map_or(0, |pool| pool.definition.seats);
        let counts = after.counts(pool);
        self.must(counts.in_use + counts.offered <= seats, || {
            format!("promise 1: {} in use and {} offered of {seats}", counts.in_use, counts.offered)
        });
    }

    /// Promise 6: the one who is served is the first who can be reached and has no offer yet.
    fn invariant_nobody_was_passed_over(
        &mut self,
        before: &State,
        pool: &PoolId,
        connected: &BTreeSet<MachineId>,
        served: Option<&Place>,
    ) {
        let Some(pool) = before.pool(pool) else {
            return;
        };
        let first =
            pool.line.values().find(|place| place.offer.is_none() && reachable(place, connected));
        let served = served.map(|place| place.id);
        self.must(first.is_none_or(|first| Some(first.id) == served), || {
            format!("promise 6: {served:?} was served before {first:?}")
        });
    }
}
