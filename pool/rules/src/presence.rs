//! What is volatile and beside the state: ends on the pool's clock, who is connected, how idle.

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use hotseat_protocol::ids::{MachineId, OfferId, PoolId, SeatId};

use super::command::Keeper;
use super::follow::{ChecksKey, Tally};
use super::holds::Holds;
use super::idle::{Idle, Pick, is_wanted};
use super::mono::Mono;
use super::state::{Place, Pool, Seat, State};
use super::timers::{Timer, Timers};

/// A gap between two turns of the engine that is longer than this is a pause: the pool stood
/// still, and every end moves by the gap.
pub const PAUSE: Duration = Duration::from_secs(2);
/// The engine takes a turn at least this often, so that only a pause looks like one.
pub const TURN_AT_LEAST: Duration = Duration::from_secs(1);
/// Requests grow older by the hour.
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// The time in which a machine's overdrafts are counted.
pub const OVERDRAFTS_WINDOW: Duration = HOUR;
/// Overdrafts of one machine that are written down in that time: as many as people work at a large
/// terminal server. A broker tells of the others until they are taken.
pub const OVERDRAFTS_IN_WINDOW_MAX: u32 = 256;

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

/// For how long the holder of a wanted seat has been asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Asked {
    before: Duration,
    /// Since when they have been asked this time; none while others are asked.
    since: Option<Mono>,
}

impl Asked {
    fn time(&self, now: Mono) -> Duration {
        self.before.saturating_add(self.since.map_or(Duration::ZERO, |since| now.since(since)))
    }

    fn pause(&mut self, now: Mono) {
        *self = Self { before: self.time(now), since: None };
    }
}

/// The volatile side of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Until when after the start nobody in a pool's line is passed over.
    graces: BTreeMap<PoolId, Mono>,
    turn: Mono,
    pub(super) timers: Timers,
    connected: BTreeSet<MachineId>,
    idle: BTreeMap<SeatId, Heard>,
    kept: BTreeMap<SeatId, Kept>,
    /// Holders who have been asked for their seat and were not active since.
    asked: BTreeMap<SeatId, Asked>,
    pub(super) tallies: BTreeMap<ChecksKey, Tally>,
    /// Seats that passed checks have set aside.
    pub(super) holds: Holds,
    /// For each machine since when its overdrafts are counted, and how many it has told of.
    overdrafts: BTreeMap<MachineId, (Mono, u32)>,
}

impl Presence {
    /// Presence after a start: nobody is connected, and every end is now plus its full duration.
    #[must_use]
    pub fn new(state: &State, now: Mono) -> Self {
        let mut presence = Self {
            graces: BTreeMap::new(),
            turn: now,
            timers: Timers::default(),
            connected: BTreeSet::new(),
            idle: BTreeMap::new(),
            kept: BTreeMap::new(),
            asked: BTreeMap::new(),
            tallies: BTreeMap::new(),
            holds: Holds::default(),
            overdrafts: BTreeMap::new(),
        };
        presence.timers.set(Timer::Hour, now.later_by(HOUR));
        for (id, pool) in &state.contents().pools {
            let waits = pool.line.values().map(|place| place.longest_lease);
            let grace = waits.fold(pool.definition.lease, Duration::max);
            presence.graces.insert(id.clone(), now.later_by(grace));
        }
        presence.reconcile(state, now);
        presence
    }

    /// Makes presence fit a state that was put back to what the journal says: what is not there
    /// loses its ends, what has none gets now plus the longest duration that somebody may have
    /// been told of. What checks have set aside is as it was when [`Presence::written`] was last
    /// called.
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
        self.holds.undo(|pool| state.pool(pool).is_some());
        // What was lost may have told a machine a longer lease of what is still there.
        let recovery = self.timers.end(&Timer::Recovery);
        let believed = recovery.map_or(state.waits().whole(), |end| end.since(now));
        for pool in state.contents().pools.values() {
            for seat in pool.seats.values() {
                if self.timers.end(&Timer::Lease(seat.id)).is_none() {
                    let lease = seat.longest_lease.max(believed);
                    self.timers.set(Timer::Lease(seat.id), now.later_by(lease));
                }
                if self.timers.end(&Timer::Session(seat.id)).is_none() {
                    self.start_session(pool, seat, now);
                }
            }
            for place in pool.line.values() {
                if self.timers.end(&Timer::Place(place.id)).is_none() {
                    self.timers.set(Timer::Place(place.id), now.later_by(place.longest_lease));
                }
                if let Some(offer) = place.offer
                    && self.timers.end(&Timer::Offer(offer.id)).is_none()
                {
                    self.timers.set(Timer::Offer(offer.id), now.later_by(offer.stands));
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
            self.holds.forget_ended(now);
            return None;
        }
        self.timers.shift(gap);
        self.holds.shift(gap);
        for grace in self.graces.values_mut() {
            *grace = grace.later_by(gap);
        }
        for since in self.asked.values_mut().filter_map(|asked| asked.since.as_mut()) {
            *since = since.later_by(gap);
        }
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
    /// no newcomer goes before it; none for a pool that was made since. A lease that is changed
    /// later does not bring that time back.
    #[must_use]
    pub fn grace_end(&self, pool: &Pool) -> Option<Mono> {
        self.graces.get(&pool.definition.id).copied()
    }

    /// What is left of a seat's lease, as its keeper may be told. After a restore the pool keeps a
    /// seat for longer; a machine that was told so would go on believing after an older copy of it
    /// is no longer refused.
    #[must_use]
    pub fn lease_left(&self, seat: &Seat, now: Mono) -> Duration {
        self.left(&Timer::Lease(seat.id), now).min(seat.longest_lease)
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
        self.asked.remove(&seat);
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
                if idle < pool.definition.idle.warn_after {
                    self.asked.remove(&seat.id);
                }
                idle
            }
        };
        if let Some(timeout) = session_timeout(pool, seat) {
            let end = now.later_by(timeout.saturating_sub(inactive));
            self.timers.prolong(Timer::Session(seat.id), end);
        }
    }

    /// Notes who is asked for their seat now. The times in which somebody is asked add up until
    /// they are active, or nobody in the pool is asked any more: that another one is asked for a
    /// moment, or that a link breaks, answers nothing.
    pub fn note_picks(&mut self, state: &State, picks: &[Pick], now: Mono) {
        for asked in self.asked.values_mut() {
            asked.pause(now);
        }
        for pick in picks {
            self.asked.entry(pick.seat.id).or_default().since = Some(now);
        }
        if self.asked.len() > picks.len() {
            let wanted = state.pools().filter(|pool| is_wanted(state, pool));
            let wanted: BTreeSet<&PoolId> = wanted.map(|pool| &pool.definition.id).collect();
            let pool = |id: &SeatId| state.seat(*id).map(|seat| &seat.asked.pool);
            self.asked.retain(|id, _| pool(id).is_some_and(|pool| wanted.contains(pool)));
        }
    }

    /// For how long a holder has been asked for their seat without being active.
    pub(super) fn asked_for(&self, seat: SeatId, now: Mono) -> Duration {
        self.asked.get(&seat).map_or(Duration::ZERO, |asked| asked.time(now))
    }

    /// Whether a holder is asked for their seat now.
    pub(super) fn is_asked(&self, seat: SeatId) -> bool {
        self.asked.get(&seat).is_some_and(|asked| asked.since.is_some())
    }

    pub(super) fn prolong_seat(&mut self, pool: &Pool, seat: &Seat, now: Mono) {
        self.timers.prolong(Timer::Lease(seat.id), now.later_by(lease(pool, seat)));
    }

    pub(super) fn keep_place(&mut self, pool: &Pool, place: &Place, now: Mono) {
        let lease = pool.definition.place_lease(place.keeper);
        self.timers.prolong(Timer::Place(place.id), now.later_by(lease));
    }

    /// How many overdrafts a machine has told of within [`OVERDRAFTS_WINDOW`].
    pub(super) fn overdrafts_of(&self, machine: MachineId, now: Mono) -> u32 {
        let counted = self.overdrafts.get(&machine);
        let counted = counted.filter(|(since, _)| now < since.later_by(OVERDRAFTS_WINDOW));
        counted.map_or(0, |(_, count)| *count)
    }

    pub(super) fn note_overdraft(&mut self, machine: MachineId, now: Mono) {
        let before = self.overdrafts_of(machine, now);
        let counted = self.overdrafts.entry(machine).or_insert((now, 0));
        if before == 0 {
            counted.0 = now;
        }
        counted.1 = before.saturating_add(1);
    }

    /// A pool was changed. No end that was stated comes sooner; a longer session time-out counts
    /// for those who are idle already, and one that is new counts in full from now.
    pub(super) fn follow_definition(&mut self, pool: &Pool, now: Mono) {
        for seat in pool.seats.values().filter(|seat| seat.leaving.is_none()) {
            let Some(timeout) = session_timeout(pool, seat) else {
                continue;
            };
            let timer = Timer::Session(seat.id);
            let inactive = match self.idle(seat.id, now) {
                Idle::For(idle) if self.timers.end(&timer).is_some() => idle,
                Idle::For(_) | Idle::Unknown => Duration::ZERO,
            };
            self.timers.prolong(timer, now.later_by(timeout.saturating_sub(inactive)));
        }
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
        self.asked.remove(&seat);
    }
}

/// How long a seat lives after a renewal.
pub(super) fn lease(pool: &Pool, seat: &Seat) -> Duration {
    pool.definition.seat_lease(seat.keeper, &seat.asked.client)
}

/// The time-out that runs beside the lease: only where a machine keeps the seat.
fn session_timeout(pool: &Pool, seat: &Seat) -> Option<Duration> {
    match seat.keeper {
        Keeper::Machine(_) => pool.definition.session_timeout(&seat.asked.client),
        Keeper::Calls => None,
    }
}
