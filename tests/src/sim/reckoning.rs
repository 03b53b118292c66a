//! Promises 7 and 8, by an account of its own: when each seat, place and offer may end by the
//! pool's clock, and when it must have ended.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::engine::Work;
use hotseat_protocol::ids::{MachineId, PoolId, SeatRef};
use hotseat_protocol::link::Renewal;
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};
use hotseat_rules::{
    Became, Caller, Command, Event, Keeper, Place, PoolDefinition, RequestKey, State,
};

pub(super) use super::spans::Item;
use super::spans::{PLACE_BY_CALLS, Span, place_time, seat_time, times};
use super::words::ms;

/// A longer gap between two turns of the pool is a pause: design 4.
const PAUSE: u64 = 2_000;

/// So late may an end be: the engine naps for some ms, and tries again a second after a failure.
const LATE: u64 = 50;
const RETRY: u64 = 1_100;

/// What a failed batch leaves behind of an item.
#[derive(Debug, Clone, Copy)]
enum Undone {
    /// It is there again, for as long as if it were new.
    Anew,
    /// It lives at most so long after the batch was decided.
    Kept(u64),
}

/// The account.
#[derive(Debug, Default)]
pub(super) struct Reckoning {
    ends: BTreeMap<Item, Span>,
    turn: u64,
    /// Until when after the start nobody in line is passed over.
    grace: u64,
    /// When the journal last failed; what was undone then gets its full time again.
    failed_at: u64,
    /// When the batch under way was decided.
    decided: u64,
    /// What that batch gives new time to, should it fail, and until when: an end that is undone
    /// gets all of its time again, a place that is moved back keeps the time that it had there.
    undone: BTreeMap<Item, Undone>,
    /// The first promise that was broken.
    pub(super) broken: Option<String>,
}

impl Reckoning {
    /// The pool starts: everything has the longest time that somebody may have been told of, from
    /// now.
    pub(super) fn starts(&mut self, state: &State, now: u64) {
        self.ends.clear();
        (self.turn, self.failed_at) = (now, now.saturating_sub(RETRY));
        self.grace = now;
        let believed = ms(state.waits().whole());
        for pool in state.contents().pools.values() {
            let mut grace = ms(pool.definition.lease);
            for seat in pool.seats.values() {
                let (full, longest) = (seat_time(pool, seat), ms(seat.longest_lease).max(believed));
                self.ends.insert(Item::Seat(seat.id), Span::new(full, longest, now));
            }
            for place in pool.line.values() {
                let (full, longest) = (place_time(pool, place), ms(place.longest_lease));
                grace = grace.max(longest);
                self.ends.insert(Item::Place(place.id), Span::new(full, longest, now));
                if let Some(offer) = place.offer {
                    let full = ms(offer.stands);
                    self.ends.insert(Item::Offer(offer.id), Span::new(full, full, now));
                }
            }
            self.grace = self.grace.max(now + grace);
        }
    }

    /// A turn of the pool: after a pause everything ends later by the gap.
    pub(super) fn turns(&mut self, now: u64) {
        let gap = now.saturating_sub(self.turn);
        self.turn = self.turn.max(now);
        if gap > PAUSE {
            self.grace += gap;
            self.failed_at += gap;
            self.decided += gap;
            for span in self.ends.values_mut() {
                span.soonest += gap;
                span.latest += gap;
                span.read = span.read.map(|read| read + gap);
            }
        }
    }

    /// A machine's renewal was read, which begins a turn: from now on everything that it rightly claims has its full
    /// time.
    pub(super) fn read(&mut self, state: &State, machine: MachineId, body: &Renewal, now: u64) {
        self.turns(now);
        if state.machine(machine).is_none_or(|machine| machine.revoked) {
            return;
        }
        for claim in body.seats.iter() {
            self.seat_read(state, Keeper::Machine(machine), claim.seat, now);
        }
        for request in body.places.iter() {
            let key = RequestKey { caller: Caller::Machine(machine), id: *request };
            self.place_read(state, &key, now);
        }
    }

    /// A call was read.
    pub(super) fn call_read(&mut self, state: &State, work: &Work, now: u64) {
        self.turns(now);
        match work {
            Work::RenewCalls { seats, .. } => {
                for seat in seats {
                    self.seat_read(state, Keeper::Calls, *seat, now);
                }
            }
            Work::Command(Command::AskRequest { request, .. }) => {
                self.place_read(state, request, now);
            }
            _ => {}
        }
    }

    /// A seat was claimed in a message that was read now.
    pub(super) fn seat_read(&mut self, state: &State, keeper: Keeper, claim: SeatRef, now: u64) {
        let seat = state.seat(claim.id).filter(|seat| seat.seat_ref() == claim);
        if seat.is_some_and(|seat| seat.keeper == keeper && seat.leaving.is_none()) {
            self.read_item(Item::Seat(claim.id), now);
        }
    }

    /// A place was claimed in a message that was read now.
    pub(super) fn place_read(&mut self, state: &State, key: &RequestKey, now: u64) {
        if let Some(Became::Waiting(place)) = state.request(key).map(|request| &request.became) {
            self.read_item(Item::Place(*place), now);
        }
    }

    fn read_item(&mut self, item: Item, now: u64) {
        if let Some(span) = self.ends.get_mut(&item) {
            let full = [span.decided, span.asked].into_iter().flatten().fold(span.full, u64::min);
            span.soonest = span.soonest.max(now + full);
            span.read = Some(now);
        }
    }

    /// The pool answered a claim, which it decided now or before.
    pub(super) fn answered(&mut self, item: Item, now: u64) {
        if let Some(span) = self.ends.get_mut(&item) {
            // What was decided with it is told of after this.
            let full = span.full.max(span.decided.unwrap_or_default());
            span.latest = span.latest.max(now + full);
        }
    }

    /// When it ends at the latest, whatever was read and not answered yet.
    #[must_use]
    pub(super) fn latest(&self, item: Item) -> Option<u64> {
        self.ends.get(&item).map(|span| span.latest.max(span.soonest))
    }

    /// The journal failed: what was undone is there again, and nothing else gets any time.
    pub(super) fn fails(&mut self, now: u64) {
        self.failed_at = now;
        self.undoes(now);
    }

    fn undoes(&mut self, now: u64) {
        for (item, undone) in &self.undone {
            if let Some(span) = self.ends.get_mut(item) {
                let until = match undone {
                    Undone::Anew => now + span.longest,
                    Undone::Kept(full) => self.decided + full,
                };
                span.latest = span.latest.max(until);
            }
        }
    }

    /// Promise 7: what was decided now to have ended by the clock has really come to its end.
    pub(super) fn invariant_nothing_expires_too_soon(
        &mut self,
        before: &State,
        event: &Event,
        now: u64,
    ) {
        let item = match event {
            Event::SeatReleased { seat, release }
                if matches!(
                    release.reason,
                    ReleaseReason::LeaseExpired | ReleaseReason::SessionTimeOut
                ) && before.seat(*seat).is_some_and(|seat| seat.leaving.is_none()) =>
            {
                Item::Seat(*seat)
            }
            Event::PlaceEnded { place, end: PlaceEnd::Lapsed, .. } => Item::Place(*place),
            Event::PlaceEnded { end: PlaceEnd::OfferLapsed, offer: Some(offer), .. } => {
                Item::Offer(*offer)
            }
            _ => return,
        };
        let soonest = self.ends.get(&item).map(|span| span.soonest);
        if soonest.is_some_and(|soonest| now < soonest) && self.broken.is_none() {
            self.broken = Some(format!(
                "promise 7: {item:?} expires at {now}, and could not before {soonest:?}"
            ));
        }
    }

    /// When the batch under way was decided.
    pub(super) fn decided_at(&self) -> u64 {
        self.decided
    }

    /// A batch is decided; the one before it has failed, if nothing of it was committed.
    pub(super) fn decides(&mut self, now: u64) {
        self.undoes(now);
        self.undone.clear();
        self.decided = now;
        self.ends.values_mut().for_each(|span| (span.decided, span.asked) = (None, None));
    }

    /// An administrator asks for this definition.
    pub(super) fn asked(&mut self, state: &State, definition: &PoolDefinition) {
        for (item, full) in times(state, definition) {
            if let Some(span) = self.ends.get_mut(&item) {
                span.asked = Some(span.asked.map_or(full, |asked| asked.min(full)));
            }
        }
    }

    /// An event of the batch that is decided now, before anything of it is known to be written.
    pub(super) fn will_append(&mut self, before: &State, event: &Event) {
        match event {
            Event::SeatReacquired { seat, .. } | Event::SeatReleased { seat, .. } => {
                self.undone.insert(Item::Seat(*seat), Undone::Anew);
            }
            Event::PlaceMoved { place, .. } => {
                let times = before.place(*place).map(|place| {
                    let machine = before.pool(&place.asked.pool).map(|pool| pool.definition.lease);
                    ms(machine.unwrap_or_default().max(place.longest_lease))
                });
                let full = times.unwrap_or(0).max(PLACE_BY_CALLS);
                self.undone.entry(Item::Place(*place)).or_insert(Undone::Kept(full));
            }
            Event::PlaceEnded { place, offer, .. } => {
                self.undone.insert(Item::Place(*place), Undone::Anew);
                if let Some(offer) = offer {
                    self.undone.insert(Item::Offer(*offer), Undone::Anew);
                }
            }
            Event::OfferWithdrawn { offer, .. } => {
                self.undone.insert(Item::Offer(*offer), Undone::Anew);
            }
            Event::PoolDefined { definition } => {
                for (item, full) in times(before, definition) {
                    if let Some(span) = self.ends.get_mut(&item) {
                        span.decided = Some(full);
                    }
                }
            }
            _ => {}
        }
    }

    /// An event of the batch under way was committed.
    pub(super) fn committed(&mut self, after: &State, event: &Event) {
        let decided = self.decided;
        self.undone.clear();
        match event {
            Event::SeatGranted { seat, .. } | Event::SeatReacquired { seat, .. } => {
                if let Some(seat) = after.seat(*seat)
                    && let Some(pool) = after.pool(&seat.asked.pool)
                {
                    self.again(Item::Seat(seat.id), seat_time(pool, seat), decided);
                }
            }
            Event::SeatReleased { seat, .. } => drop(self.ends.remove(&Item::Seat(*seat))),
            Event::PlaceTaken { place, .. } | Event::PlaceMoved { place, .. } => {
                if let Some(place) = after.place(*place)
                    && let Some(pool) = after.pool(&place.asked.pool)
                {
                    self.again(Item::Place(place.id), place_time(pool, place), decided);
                }
            }
            Event::PlaceEnded { place, offer, .. } => {
                self.ends.remove(&Item::Place(*place));
                if let Some(offer) = offer {
                    self.ends.remove(&Item::Offer(*offer));
                }
            }
            Event::Offered { place, offer } => {
                let pool = after.place(*place).and_then(|place| after.pool(&place.asked.pool));
                if let Some(pool) = pool {
                    self.again(Item::Offer(*offer), ms(pool.definition.offer), decided);
                }
            }
            Event::OfferWithdrawn { offer, .. } => drop(self.ends.remove(&Item::Offer(*offer))),
            Event::PoolDefined { definition } => self.redefined(times(after, definition)),
            _ => {}
        }
    }

    /// An administrator changed the pool. No end comes sooner for it: what was claimed before lives
    /// by the definition of then.
    fn redefined(&mut self, times: Vec<(Item, u64)>) {
        let decided = self.decided;
        for (item, full) in times {
            if let Some(span) = self.ends.get_mut(&item) {
                // It may have been decided with the definition, and before that.
                let claimed = span.read.map_or(0, |read| read.max(decided) + span.full);
                span.latest = span.latest.max(claimed);
                (span.full, span.decided) = (full, None);
                span.longest = span.longest.max(full);
            }
        }
    }

    fn again(&mut self, item: Item, full: u64, now: u64) {
        let end = now + full;
        let span = self.ends.entry(item).or_insert(Span::new(full, full, now));
        // A place that moved to another keeper lives by that one's rule; and what was claimed since
        // this was decided, by an older request or epoch, counts for nothing.
        span.full = full;
        // Of a place that moved its keeper knows no longer time than this.
        span.longest = if matches!(item, Item::Place(_)) { full } else { span.longest.max(full) };
        span.soonest = end;
        span.latest = span.latest.max(end);
    }

    /// Promise 8, asked when nothing is under way and the disk works: what has come to its end is
    /// gone.
    pub(super) fn invariant_nothing_outlives_its_end(&mut self, now: u64) {
        if now < self.failed_at + RETRY {
            return;
        }
        let late = self.ends.iter().find(|(_, span)| span.latest + LATE < now);
        if let Some((item, span)) = late
            && self.broken.is_none()
        {
            self.broken =
                Some(format!("promise 8: {item:?} is there at {now}, its end was {}", span.latest));
        }
    }

    /// Promise 6, its level: where a seat is free, the first who may be offered has an offer.
    pub(super) fn invariant_the_line_is_served(
        &mut self,
        state: &State,
        connected: &BTreeSet<MachineId>,
        free: impl Fn(&PoolId) -> u32,
        now: u64,
    ) {
        if now < self.failed_at + RETRY || self.broken.is_some() || state.recovery().is_some() {
            return;
        }
        for pool in state.pools().filter(|pool| free(&pool.definition.id) > 0) {
            let grace = now < self.grace;
            let mut waits = pool.line.values().filter(|place| place.offer.is_none());
            let next = if grace {
                waits.next().filter(|place| reachable(place, connected))
            } else {
                waits.find(|place| reachable(place, connected))
            };
            if let Some(next) = next {
                self.broken = Some(format!("promise 6: a seat is free and {} waits", next.id));
            }
        }
    }
}

/// Whether an offer could be answered.
#[must_use]
pub(super) fn reachable(place: &Place, connected: &BTreeSet<MachineId>) -> bool {
    match place.keeper {
        Keeper::Machine(machine) => connected.contains(&machine),
        Keeper::Calls => true,
    }
}
