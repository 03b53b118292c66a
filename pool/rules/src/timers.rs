//! Ends on the pool's clock, findable by what ends and by what ends first.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;
use hotseat_protocol::ids::{ClientName, OfferId, PlaceId, PoolId, SeatId, UserId};

use super::mono::Mono;

/// What ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The lease of a seat, whoever keeps it.
    Lease(SeatId),
    /// The session time-out of a machine-kept seat.
    Session(SeatId),
    /// A place that nobody asks for.
    Place(PlaceId),
    /// An offer that nobody answers.
    Offer(OfferId),
    /// The minute in which refused checks are only counted.
    Checks(PoolId, UserId, ClientName),
    /// The hour in which requests grow older.
    Hour,
    /// The time after a new generation in which nothing is granted.
    Recovery,
}

/// The ends of all that has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Timers {
    ends: BTreeMap<Timer, Mono>,
    queue: BTreeSet<(Mono, Timer)>,
}

impl Timers {
    pub(super) fn end(&self, timer: &Timer) -> Option<Mono> {
        self.ends.get(timer).copied()
    }

    /// Whether it has an end, and that is now or past.
    pub(super) fn over(&self, timer: &Timer, now: Mono) -> bool {
        self.end(timer).is_some_and(|end| end <= now)
    }

    pub(super) fn set(&mut self, timer: Timer, end: Mono) {
        self.remove(&timer);
        self.queue.insert((end, timer.clone()));
        self.ends.insert(timer, end);
    }

    /// Moves an end later, never sooner.
    pub(super) fn prolong(&mut self, timer: Timer, end: Mono) {
        if self.end(&timer).is_none_or(|before| before < end) {
            self.set(timer, end);
        }
    }

    pub(super) fn remove(&mut self, timer: &Timer) {
        if let Some(end) = self.ends.remove(timer) {
            self.queue.remove(&(end, timer.clone()));
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&Timer) -> bool) {
        self.ends.retain(|timer, _| keep(timer));
        self.queue.retain(|(_, timer)| keep(timer));
    }

    /// Moves every end later.
    pub(super) fn shift(&mut self, by: Duration) {
        for end in self.ends.values_mut() {
            *end = end.later_by(by);
        }
        self.queue = self.ends.iter().map(|(timer, end)| (*end, timer.clone())).collect();
    }

    pub(super) fn first(&self) -> Option<Mono> {
        self.queue.first().map(|(end, _)| *end)
    }

    /// All that has ended by now, the earliest first.
    pub(super) fn past(&self, now: Mono) -> impl Iterator<Item = &Timer> {
        self.queue.iter().take_while(move |(end, _)| *end <= now).map(|(_, timer)| timer)
    }
}
