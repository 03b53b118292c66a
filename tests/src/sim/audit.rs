//! The auditor reads every committed event: promises 1, 5 and 6 and the safety of 3.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::journal::StoredRecord;
use hotseat_protocol::ids::{Epoch, MachineId, PoolId, SeatId, Seq, UserId};
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{Caller, Event, Keeper, Place, RequestKey, Seat, State, check_invariants};

use super::held::Held;
use super::reckoning::reachable;
use super::trust::Trust;

/// The whole state is looked through after each so-manieth event, and at every start.
const THOROUGH_EVERY: u64 = 16;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Audit {
    /// Why each seat was released.
    pub(super) released: BTreeMap<SeatId, ReleaseReason>,
    /// The newest epoch of each seat that was signed on to again.
    pub(super) renewed_epochs: BTreeMap<SeatId, Epoch>,
    /// The newest record that was looked at.
    seen: Seq,
    granted: BTreeMap<RequestKey, SeatId>,
    /// Which seats each machine has said to end, and why.
    said: BTreeSet<(MachineId, SeatId, ReleaseReason)>,
    /// The same of requests.
    said_of_requests: BTreeSet<(RequestKey, ReleaseReason)>,
    /// Whose seat the last event ended in favour of a newer one.
    gave_up: Option<UserId>,
    /// Who may say what.
    pub(super) trust: Trust,
    /// What checks have set aside.
    pub(super) held: Held,
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
        self.seen = Seq(0);
        self.catches_up(records);
    }

    /// A server starts: what the one before it wrote, and died before it could say so, counts too.
    pub(super) fn catches_up(&mut self, records: &[StoredRecord]) {
        let seen = self.seen;
        for stored in records.iter().filter(|stored| stored.seq > seen) {
            let record = stored.read().expect("a record that was written can be read");
            self.seen = record.seq;
            self.trust.learns(&record.event);
            match record.event {
                Event::SeatGranted { seat, asked, .. } => {
                    self.invariant_granted_once(asked.request, seat);
                }
                Event::SeatReacquired { seat, asked } => {
                    self.invariant_granted_once(asked.request, seat);
                    let (generation, seq) = (record.generation, record.seq);
                    self.renewed_epochs.insert(seat, Epoch { generation, seq });
                }
                Event::SeatReleased { seat, release } => {
                    self.invariant_released_once(seat, release.reason);
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
        if let Some(wrong) = self.trust.judge(before, event) {
            self.must(false, || wrong);
        }
        match event {
            Event::SeatReleased { seat, release } => {
                if let Some(seat) = before.seat(*seat) {
                    self.invariant_the_reason_is_true(seat, release.reason);
                }
            }
            // Whoever gives up a seat of their own for this one takes none from the line, nor does
            // who had it set aside.
            Event::SeatGranted { asked, counted: true, offer: None, .. }
                if self.gave_up != Some(asked.user) && !self.held.was_used_by(&asked.request) =>
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
        self.seen = after.seq();
        self.trust.learns(event);
        if after.seq().0.is_multiple_of(THOROUGH_EVERY) {
            self.invariant_state_is_possible(after);
        }
        match event {
            Event::SeatGranted { seat, asked, counted, .. } => {
                self.grants += 1;
                self.must(!self.released.contains_key(seat), || {
                    format!("promise 3: seat {seat} was granted after its release")
                });
                self.invariant_granted_once(asked.request, *seat);
                if *counted {
                    self.invariant_number_not_exceeded(after, &asked.pool);
                }
            }
            Event::SeatReacquired { seat, asked } => {
                if let Some(seat) = after.seat(*seat) {
                    self.renewed_epochs.insert(seat.id, seat.epoch);
                }
                self.invariant_granted_once(asked.request, *seat);
            }
            Event::Offered { place, .. } => {
                self.offers += 1;
                if let Some(place) = after.place(*place) {
                    let pool = place.asked.pool.clone();
                    self.invariant_number_not_exceeded(after, &pool);
                }
            }
            Event::SeatReleased { seat, release } => {
                self.invariant_released_once(*seat, release.reason);
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

    /// A machine says that a seat ends.
    pub(super) fn says(&mut self, machine: MachineId, body: &MachineMessage) {
        self.trust.says(machine, body);
        match body {
            MachineMessage::SignOff { seat, reason } => {
                self.said.insert((machine, seat.id, *reason));
            }
            MachineMessage::Cancel { request, reason } => {
                let key = RequestKey { caller: Caller::Machine(machine), id: *request };
                self.said_of_requests.insert((key, *reason));
            }
            _ => {}
        }
    }

    /// Promise 3, its reason: a seat that is taken back ends for that; another of a machine ends
    /// for what only the pool can know, or for what one of its computers has said.
    fn invariant_the_reason_is_true(&mut self, seat: &Seat, reason: ReleaseReason) {
        let id = seat.id;
        if let Some(leaving) = &seat.leaving {
            let first = leaving.release.reason;
            return self.must(reason == first, || {
                format!("promise 3: seat {id} was taken back as {first}, and ended as {reason}")
            });
        }
        let Keeper::Machine(machine) = seat.keeper else {
            return;
        };
        let is_of = |key: &RequestKey| self.granted.get(key) == Some(&id);
        let mut ends = self.said_of_requests.iter();
        let said = reason.is_the_pools()
            || self.said.contains(&(machine, id, reason))
            || ends.any(|(key, why)| *why == reason && is_of(key));
        self.must(said, || format!("promise 3: seat {id} ended as {reason}, which nobody said"));
    }

    /// What the rules themselves say of every state.
    pub(super) fn invariant_state_is_possible(&mut self, state: &State) {
        if let Err(broken) = check_invariants(state) {
            self.must(false, || format!("state: at record {}: {broken}", state.seq()));
        }
    }

    /// Promise 3, its safety.
    fn invariant_released_once(&mut self, seat: SeatId, reason: ReleaseReason) {
        let old = self.released.insert(seat, reason);
        self.must(old.is_none(), || format!("promise 3: seat {seat} was released twice"));
    }

    /// Promise 5.
    fn invariant_granted_once(&mut self, request: RequestKey, seat: SeatId) {
        let old = self.granted.insert(request, seat);
        self.must(old.is_none(), || format!("promise 5: {request:?} was granted twice"));
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
