//! What is volatile and beside the state: ends on the pool's clock, who is connected, how idle.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hotseat_protocol::ids::{MachineId, OfferId, SeatId};

use super::command::Keeper;
use super::follow::{ChecksKey, Tally};
use super::idle::Idle;
use super::mono::Mono;
use super::state::{Place, Pool, Seat, State};
use super::timers::{Timer, Timers};

/// A gap between two turns of the engine that is longer than this is a pause: the pool stood
/// still, and every end moves by the gap.
pub const PAUSE: Duration = Duration::from_secs(2);
/// The engine takes a turn at least this often, so that only a pause looks like one.
pub const TURN_AT_LEAST: Duration = Duration::from_secs(1);
/// A place kept by calls lapses when its request was not asked for so long.
pub(super) const PLACE_BY_CALLS: Duration = Duration::from_secs(60);
/// Requests grow older by the hour.
pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// What was last heard about a holder's idleness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    idle: Duration,
    at: Mono,
}

/// When somebody was last active in a way that no report of idleness has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    at: Mono,
    said: Said,
}

/// Who said that somebody was active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The holder, over REST; the machine may not know.
    Elsewhere,
    /// The holder, at the machine.
    Here,
    /// The machine, which saw input: its next report says when.
    Seen,
}

/// The volatile side of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    started: Mono,
    turn: Mono,
    pub(super) timers: Timers,
    connected: BTreeSet<MachineId>,
    idle: BTreeMap<SeatId, Heard>,
    kept: BTreeMap<SeatId, Kept>,
    pub(super) tallies: BTreeMap<ChecksKey, Tally>,
}

impl Presence {
    /// Presence after a start: nobody is connected, and every end is now plus its full duration.
    #[must_use]
    pub fn new(state: &State, now: Mono) -> Self {
        let mut presence = Self {
            started: now,
            turn: now,
            timers: Timers::default(),
            connected: BTreeSet::new(),
            idle: BTreeMap::new(),
            kept: BTreeMap::new(),
            tallies: BTreeMap::new(),
        };
        presence.timers.set(Timer::Hour, now.later_by(HOUR));
        presence.reconcile(state, now);
        presence
    }

    /// Makes presence fit a state that was put back to what the journal says: what is not there
    /// loses its ends, what has none gets now plus the full duration.
    pub fn reconcile(&mut self, state: &State, now: Mono) {
        self.timers.retain(|timer| match timer {
            Timer::Lease(id) | Timer::Session(id) => state.seat(*id).is_some(),
            Timer::Place(id) => state.place(*id).is_some(),
            Timer::Offer(id) => state.offered_place(*id).is_some(),
            Timer::Checks(..) | Timer::Hour | Timer::Recovery => true,
        });
        self.reconcile_recovery(state, now);
        self.idle.retain(|id, _| state.seat(*id).is_some());
        self.kept.retain(|id, _| state.seat(*id).is_some());
        for pool in state.contents().pools.values() {
            for seat in pool.seats.values() {
                if self.timers.end(&Timer::Lease(seat.id)).is_none() {
                    self.prolong_seat(pool, seat, now);
                }
                if self.timers.end(&Timer::Session(seat.id)).is_none() {
                    self.start_session(pool, seat, now);
                }
            }
            for place in pool.line.values() {
                if self.timers.end(&Timer::Place(place.id)).is_none() {
                    self.keep_place(pool, place, now);
                }
                if let Some(offer) = place.offer_id()
                    && self.timers.end(&Timer::Offer(offer)).is_none()
                {
                    self.timers.set(Timer::Offer(offer), now.later_by(pool.definition.offer));
                }
            }
        }
    }

    /// Begins a turn of the engine. After a pause every end moves by the gap, which is returned.
    ///
    /// To be called before anything is decided, at least every [`TURN_AT_LEAST`].
    pub fn turn(&mut self, now: Mono) -> Option<Duration> {
        let gap = now.since(self.turn);
        self.turn = self.turn.max(now);
        if gap <= PAUSE {
            return None;
        }
        self.timers.shift(gap);
        self.started = self.started.later_by(gap);
        Some(gap)
    }

    /// A machine's link is up.
    pub fn connect(&mut self, machine: MachineId) {
        self.connected.insert(machine);
    }

    /// A machine's link is down.
    pub fn disconnect(&mut self, machine: MachineId) {
        self.connected.remove(&machine);
    }

    /// Whether a machine's link is up.
    #[must_use]
    pub fn connected(&self, machine: MachineId) -> bool {
        self.connected.contains(&machine)
    }

    /// Whether an offer to this waiter could be answered now. A place kept by calls was asked for
    /// lately, or it would have lapsed.
    #[must_use]
    pub fn reachable(&self, place: &Place) -> bool {
        match place.keeper {
            Keeper::Machine(machine) => self.connected(machine),
            Keeper::Calls => true,
        }
    }

    /// The end of the time after a start in which nobody in this pool's line is passed over and
    /// no newcomer goes before it.
    #[must_use]
    pub fn grace_end(&self, pool: &Pool) -> Mono {
        self.started.later_by(pool.definition.lease)
    }

    /// What is left of a seat's lease.
    #[must_use]
    pub fn lease_left(&self, seat: SeatId, now: Mono) -> Duration {
        self.left(&Timer::Lease(seat), now)
    }

    /// What is left of an offer.
    #[must_use]
    pub fn offer_left(&self, offer: OfferId, now: Mono) -> Duration {
        self.left(&Timer::Offer(offer), now)
    }

    fn left(&self, timer: &Timer, now: Mono) -> Duration {
        self.timers.end(timer).map_or(Duration::ZERO, |end| end.since(now))
    }

    /// How idle a holder is.
    #[must_use]
    pub fn idle(&self, seat: SeatId, now: Mono) -> Idle {
        let Some(heard) = self.idle.get(&seat) else {
            return Idle::Unknown;
        };
        let idle = heard.idle.saturating_add(now.since(heard.at));
        let kept = self.kept.get(&seat).map(|kept| now.since(kept.at));
        Idle::For(kept.map_or(idle, |kept| idle.min(kept)))
    }

    /// How long ago a holder said elsewhere than at the machine that the seat is kept; none when
    /// that was never said.
    #[must_use]
    pub fn kept_elsewhere(&self, seat: SeatId, now: Mono) -> Option<Duration> {
        let kept = self.kept.get(&seat).filter(|kept| kept.said == Said::Elsewhere)?;
        Some(now.since(kept.at))
    }

    pub(super) fn keep_seat(&mut self, seat: SeatId, said: Said, now: Mono) {
        self.kept.insert(seat, Kept { at: now, said });
    }

    pub(super) fn note_idle(&mut self, pool: &Pool, seat: &Seat, idle: Idle, now: Mono) {
        // The report knows better when that input was; the answer only came when it was asked.
        if self.kept.get(&seat.id).is_some_and(|kept| kept.said == Said::Seen) {
            self.kept.remove(&seat.id);
        }
        let inactive = match idle {
            Idle::Unknown => {
                self.idle.remove(&seat.id);
                // Unknown never counts as idle, so it must not let a session time out either.
                Duration::ZERO
            }
            Idle::For(idle) => {
                self.idle.insert(seat.id, Heard { idle, at: now });
                idle
            }
        };
        if let Some(timeout) = session_timeout(pool, seat) {
            let end = now.later_by(timeout.saturating_sub(inactive));
            self.timers.prolong(Timer::Session(seat.id), end);
        }
    }

    pub(super) fn prolong_seat(&mut self, pool: &Pool, seat: &Seat, now: Mono) {
        self.timers.prolong(Timer::Lease(seat.id), now.later_by(lease(pool, seat)));
    }

    pub(super) fn keep_place(&mut self, pool: &Pool, place: &Place, now: Mono) {
        let duration = match place.keeper {
            Keeper::Machine(_) => pool.definition.lease,
            Keeper::Calls => PLACE_BY_CALLS,
        };
        self.timers.prolong(Timer::Place(place.id), now.later_by(duration));
    }

    /// The session time-out counts anew from now; a leaving seat has none.
    pub(super) fn start_session(&mut self, pool: &Pool, seat: &Seat, now: Mono) {
        if let Some(timeout) = session_timeout(pool, seat)
            && seat.leaving.is_none()
        {
            self.timers.prolong(Timer::Session(seat.id), now.later_by(timeout));
        }
    }

    pub(super) fn forget_seat(&mut self, seat: SeatId) {
        self.timers.remove(&Timer::Lease(seat));
        self.timers.remove(&Timer::Session(seat));
        self.idle.remove(&seat);
        self.kept.remove(&seat);
    }
}

/// How long a seat lives after a renewal.
pub(super) fn lease(pool: &Pool, seat: &Seat) -> Duration {
    match seat.keeper {
        Keeper::Machine(_) => pool.definition.lease,
        Keeper::Calls => pool.definition.calls_lease(&seat.asked.client),
    }
}

/// The time-out that runs beside the lease: only where a machine keeps the seat.
fn session_timeout(pool: &Pool, seat: &Seat) -> Option<Duration> {
    match seat.keeper {
        Keeper::Machine(_) => pool.definition.session_timeout(&seat.asked.client),
        Keeper::Calls => None,
    }
}
