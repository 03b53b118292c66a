//! A store that was restored or rolled back: why the pool grants nothing, and until when.
//!
//! Seats that were granted after the moment to which a store went back are known to their
//! machines and not to the pool. So nothing is granted, offered or passed until none of them can
//! be believed in any more; what is known is renewed and signed off as ever.

use core::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, Seq};

use super::command::Keeper;
use super::definition::{MAX_DURATION, MIN_LEASE};
use super::mono::Mono;
use super::presence::Presence;
use super::state::{Pool, State};
use super::timers::Timer;

/// A place in the history of a store: which generation of it, and up to which record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The store's random number then.
    pub generation: Generation,
    /// The newest record then.
    pub seq: Seq,
}

/// Why a new generation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewGeneration {
    /// A backup was put back.
    Restored,
    /// An administrator ran `recover`.
    Recovered,
    /// Records that could not be read or applied were set aside.
    Quarantined,
}

/// How long nothing is granted after the start of a generation: at most [`MAX_DURATION`], the longest
/// lease that a definition can state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wait {
    whole: Duration,
    stated: Duration,
}

impl Wait {
    /// Makes a wait for `whole`, of which `stated` is known from definitions. The rest is what an
    /// administrator said, or what is assumed where definitions cannot be read. Both are cut to
    /// [`MAX_DURATION`], and the whole is no shorter than what was stated.
    #[must_use]
    pub fn new(whole: Duration, stated: Duration) -> Self {
        let stated = stated.min(MAX_DURATION);
        Self { whole: whole.clamp(stated, MAX_DURATION), stated }
    }

    /// Returns all of it.
    #[must_use]
    pub fn whole(self) -> Duration {
        self.whole
    }

    /// What of it is known from definitions: nobody's word makes it shorter than this.
    #[must_use]
    pub fn stated(self) -> Duration {
        self.stated
    }

    /// The longer of two, part by part.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { whole: self.whole.max(other.whole), stated: self.stated.max(other.stated) }
    }
}

/// A wait that is known from definitions as a whole.
impl From<Duration> for Wait {
    fn from(stated: Duration) -> Self {
        Self::new(stated, stated)
    }
}

/// Why a pool grants nothing although it can write its journal. Survives restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// A machine has seen more than this journal has: the store was rolled back. Only a new
    /// generation ends this.
    Behind {
        /// The machine that showed it.
        machine: MachineId,
        /// What it has seen.
        seen: Position,
        /// A wait that had not ended then.
        wait: Wait,
    },
    /// A new generation began. Ends by itself after so long; anew, in full, after a restart.
    Waiting {
        /// The longest lease that may still be believed in.
        wait: Wait,
    },
}

/// A [`Recovery`] as of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovering {
    /// Until an administrator runs `recover`.
    UntilRecovered {
        /// The machine that is ahead.
        machine: MachineId,
        /// What it has seen.
        seen: Position,
    },
    /// For so long.
    For(Duration),
    /// This pool alone, until an administrator defines it again: a record that was set aside may
    /// have changed or removed it.
    UntilDefined,
}

impl State {
    /// Why nothing is granted, offered or passed; none while all is well.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.contents.recovery.as_ref()
    }

    /// Whether nothing is granted, offered or passed in this pool, however many seats are free.
    #[must_use]
    pub fn grants_nothing(&self, pool: &Pool) -> bool {
        self.recovery().is_some() || pool.unconfirmed
    }

    /// The newest place in the store's history.
    #[must_use]
    pub fn newest(&self) -> Position {
        Position { generation: self.contents.generation, seq: self.contents.seq }
    }

    /// Whether whoever has seen this has seen more than the journal has.
    ///
    /// `seen` must have been sealed by this store, so one of a generation that the journal does
    /// not know is of its lost future. One of an earlier generation is of a history that was
    /// given up when the next one began, and says nothing.
    #[must_use]
    pub fn is_behind(&self, seen: Position) -> bool {
        if seen.generation == self.contents.generation {
            return seen.seq > self.contents.seq;
        }
        !self.contents.past.contains(&seen.generation)
    }

    /// The longest lease that a seat of any pool can have, or that the keeper of one that there is
    /// may have been told of before the lease was changed; `calls` tells whether there may be seats
    /// kept by calls, whose leases are the clients' session time-outs.
    #[must_use]
    pub fn longest_lease(&self, calls: bool) -> Duration {
        let mut longest = MIN_LEASE;
        for pool in self.contents.pools.values() {
            let definition = &pool.definition;
            longest = longest.max(definition.lease);
            let holding = definition.clients.keys().filter(|name| calls && definition.holds(name));
            longest = holding.fold(longest, |most, name| most.max(definition.calls_lease(name)));
            let told = pool.seats.values();
            let told = told.filter(|seat| calls || seat.keeper != Keeper::Calls);
            let told = told.map(|seat| seat.longest_lease);
            longest = told.fold(longest, Duration::max);
        }
        longest
    }
}

impl State {
    /// How long nothing may be granted once a new generation of this store begins: the longest
    /// lease that may be believed in. Of a store that waits already its wait is a part, which may
    /// be for somebody who is not in this state any more. `calls` as in [`State::longest_lease`].
    #[must_use]
    pub fn longest_believed(&self, calls: bool) -> Duration {
        self.longest_lease(calls).max(self.waits().whole())
    }

    /// How long nothing is granted after the start of this generation; zero when that is over.
    #[must_use]
    pub fn waits(&self) -> Wait {
        match self.recovery() {
            Some(Recovery::Waiting { wait } | Recovery::Behind { wait, .. }) => *wait,
            None => Wait::default(),
        }
    }
}

impl Presence {
    /// Why nothing is granted, and for how long yet; none while all is well.
    #[must_use]
    pub fn recovering(&self, state: &State, now: Mono) -> Option<Recovering> {
        Some(match state.recovery()? {
            Recovery::Behind { machine, seen, .. } => {
                Recovering::UntilRecovered { machine: *machine, seen: *seen }
            }
            Recovery::Waiting { wait } => {
                let end = self.timers.end(&Timer::Recovery);
                Recovering::For(end.map_or(wait.whole(), |end| end.since(now)))
            }
        })
    }

    /// Makes the end of a recovery fit the state.
    pub(super) fn reconcile_recovery(&mut self, state: &State, now: Mono) {
        match state.recovery() {
            Some(Recovery::Waiting { wait }) => {
                if self.timers.end(&Timer::Recovery).is_none() {
                    self.timers.set(Timer::Recovery, now.later_by(wait.whole()));
                }
            }
            Some(Recovery::Behind { .. }) | None => self.timers.remove(&Timer::Recovery),
        }
    }
}
