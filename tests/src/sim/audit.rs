//! The auditor reads every committed event: promises 1, 5 and 6 and the safety of 3.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::rules::{Event, Place, Presence, RequestKey, State, check_invariants};
use hotseat_protocol::ids::{Epoch, PoolId, SeatId};
use hotseat_protocol::reason::ReleaseReason;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Why each seat was released.
    pub(super) released: BTreeMap<SeatId, ReleaseReason>,
    /// The newest epoch of each seat that was signed on to again.
    pub(super) renewed_epochs: BTreeMap<SeatId, Epoch>,
    granted: BTreeSet<RequestKey>,
    /// The first promise that was broken.
    pub(super) broken: Option<String>,
    /// Events of interest, for the report.
    pub(super) grants: u64,
    /// Offers made.
    pub(super) offers: u64,
}

impl Audit {
    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(what());
        }
    }

    /// One event was committed.
    pub(super) fn committed(
        &mut self,
        before: &State,
        event: &Event,
        after: &State,
        presence: &Presence,
    ) {
        if let Err(broken) = check_invariants(after) {
            self.must(false, || format!("after {event:?}: {broken}"));
        }
        match event {
            Event::SeatGranted { seat, asked, counted, offer, .. } => {
                self.grants += 1;
                self.must(!self.released.contains_key(seat), || {
                    format!("promise 3: seat {seat} was granted after its release")
                });
                let new = self.granted.insert(asked.request);
                self.must(new, || format!("promise 5: {:?} was granted twice", asked.request));
                if *counted {
                    self.invariant_number_not_exceeded(after, &asked.pool);
                    if offer.is_none() {
                        self.invariant_nobody_was_passed_over(before, &asked.pool, presence, None);
                    }
                }
            }
            Event::SeatReacquired { seat, asked } => {
                if let Some(seat) = after.seat(*seat) {
                    self.renewed_epochs.insert(seat.id, seat.epoch);
                }
                let new = self.granted.insert(asked.request);
                self.must(new, || format!("promise 5: {:?} was granted twice", asked.request));
            }
            Event::Offered { place, .. } => {
                self.offers += 1;
                if let Some(place) = before.place(*place) {
                    let pool = place.asked.pool.clone();
                    self.invariant_number_not_exceeded(after, &pool);
                    self.invariant_nobody_was_passed_over(before, &pool, presence, Some(place));
                }
            }
            Event::SeatReleased { seat, release } => {
                let old = self.released.insert(*seat, release.reason);
                self.must(old.is_none(), || format!("promise 3: seat {seat} was released twice"));
            }
            _ => {}
        }
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
        presence: &Presence,
        served: Option<&Place>,
    ) {
        let Some(pool) = before.pool(pool) else {
            return;
        };
        let first =
            pool.line.values().find(|place| place.offer.is_none() && presence.reachable(place));
        let served = served.map(|place| place.id);
        self.must(first.is_none_or(|first| Some(first.id) == served), || {
            format!("promise 6: {served:?} was served before {first:?}")
        });
    }
}
