//! The engine without a clock, threads or a disk: the single writer as a state machine.
//!
//! Two states are kept. The *committed* one is what the journal says; reads, pushes and snapshots
//! come from it. The *working* one is ahead of it by the one batch that is being appended; every
//! command is decided on it, and every answer that saw it waits for that batch.
//!
//! [`Engine::step`] takes what was received and the time, and returns what the driver is to do.
//! [`task`](super::task) drives it with a real journal; a simulation drives the same code over
//! [`MemoryJournal`](crate::journal::memory::MemoryJournal) in virtual time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use hotseat_protocol::ids::{PlaceId, PoolId, SeatId, Seq, WallTime};
use hotseat_rules::{
    Mono, Outcome, Presence, Recovering, RequestKey, State, TURN_AT_LEAST, idle_picks,
    next_deadline, outcome,
};

use super::batch::Batch;
use super::messages::{Failure, Health, Input, Job, Output, Reply, Turn, Work};
use super::spending::Spending;
use super::waits::Waits;
use crate::journal::{JournalError, Poison};

/// Jobs that wait for the batch under way; a driver hands in no more than this.
pub const JOBS_WAITING_MAX: usize = 2048;

/// Records since the newest snapshot after which another one is saved: reading so many takes a
/// start well under a second.
pub const SNAPSHOT_EVERY: u64 = 20_000;

/// How long after a failed append the engine's own timers wait before they try again, and how
/// often it is tried whether the journal can be written.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How often it is worked out whose seat is wanted: often enough for people, seldom enough for a
/// pool of thousands.
const PICKS_EVERY: Duration = Duration::from_millis(250);

/// The soonest that the engine asks to be called again; ends may be late by this.
const NAP: Duration = Duration::from_millis(5);

/// The single writer. `T` names those who wait for an answer.
#[derive(Debug)]
pub struct Engine<T> {
    pub(super) committed: State,
    pub(super) working: State,
    pub(super) presence: Presence,
    pub(super) waiting: VecDeque<Job<T>>,
    pub(super) batch: Option<Batch<T>>,
    pub(super) health: Health,
    /// The engine's own timers and probes wait until then.
    pub(super) retry_at: Mono,
    /// The engine's own timers wait until then, after what one of them decided had no stored form.
    pub(super) due_at: Mono,
    probing: bool,
    pub(super) snapshot_at: Seq,
    pub(super) waits: Waits,
    pub(super) spending: Spending,
    /// The record that stops the journal: then nothing is decided.
    halted: Option<Poison>,
    told: BTreeMap<SeatId, PlaceId>,
    picked_at: Option<Mono>,
    next: Mono,
}

/// What can be read: the committed state, and what is volatile beside it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What the journal says.
    pub state: &'a State,
    /// Ends, idleness, who is connected.
    pub presence: &'a Presence,
    /// Now, on the pool's clock.
    pub now: Mono,
    /// Now, for people.
    pub wall: WallTime,
    waits: &'a Waits,
}

impl View<'_> {
    /// What became of a request; none when it is unknown, or forgotten after a day.
    #[must_use]
    pub fn outcome(&self, request: &RequestKey) -> Option<Outcome> {
        outcome(self.state, self.presence, request, self.now)
    }

    /// Why nothing is granted, and for how long yet; none while all is well.
    #[must_use]
    pub fn recovering(&self) -> Option<Recovering> {
        self.presence.recovering(self.state, self.now)
    }

    /// How long half of the waiters of this pool waited lately, from and to, in seconds; none
    /// while too little is known.
    #[must_use]
    pub fn usually_waits_s(&self, pool: &PoolId) -> Option<[u32; 2]> {
        self.waits.usually(pool)
    }
}

impl<T> Engine<T> {
    /// An engine on what was replayed. Every lease, place and offer begins anew, in full.
    /// `snapshot_at` is the record of the newest good snapshot.
    #[must_use]
    pub fn new(state: State, snapshot_at: Seq, now: Mono) -> Self {
        Self {
            presence: Presence::new(&state, now),
            working: state.clone(),
            committed: state,
            waiting: VecDeque::new(),
            batch: None,
            health: Health::Writable,
            retry_at: now,
            due_at: now,
            probing: false,
            snapshot_at,
            waits: Waits::default(),
            spending: Spending::default(),
            halted: None,
            told: BTreeMap::new(),
            picked_at: None,
            next: now,
        }
    }

    /// An engine on what could be replayed of a journal that this record stops: it is read, and
    /// every job fails.
    #[must_use]
    pub fn halted(state: State, poison: Poison, now: Mono) -> Self {
        Self { halted: Some(poison), ..Self::new(state, Seq(0), now) }
    }

    /// Whether nothing is decided.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Takes what was received, in order, and decides what can be decided now. To be called at
    /// [`Engine::next_step`] too, with nothing. `random` brings 128 fresh random bits.
    pub fn step(
        &mut self,
        inputs: impl IntoIterator<Item = Input<T>>,
        turn: Turn,
        random: &mut dyn FnMut() -> u128,
    ) -> Vec<Output<T>> {
        let mut outputs = Vec::new();
        if let Some(gap) = self.presence.turn(turn.now) {
            tracing::warn!(
                ?gap,
                "the pool stood still; every lease, place and offer is longer by that"
            );
        }
        if let Some(poison) = &self.halted {
            outputs.extend(inputs.into_iter().filter_map(|input| failed(input, poison)));
            self.next = turn.now + TURN_AT_LEAST;
            return outputs;
        }
        for input in inputs {
            self.take(input, turn, random, &mut outputs);
        }
        if self.batch.is_none() {
            self.decide_batch(turn, random, &mut outputs);
        }
        self.retry(turn, &mut outputs);
        self.pick(turn, &mut outputs);
        self.next = self.plan(turn.now);
        outputs
    }

    /// When to step again, if nothing is received before.
    #[must_use]
    pub fn next_step(&self) -> Mono {
        self.next
    }

    /// Whether more jobs can be handed in; when not, leave them where they are.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.waiting.len() < JOBS_WAITING_MAX
    }

    /// Whether nothing is waiting or under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.batch.is_none()
    }

    /// What can be read now.
    #[must_use]
    pub fn view(&self, turn: Turn) -> View<'_> {
        View {
            state: &self.committed,
            presence: &self.presence,
            now: turn.now,
            wall: turn.wall,
            waits: &self.waits,
        }
    }

    /// Whether the journal can be written, as far as is known.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    fn take(
        &mut self,
        input: Input<T>,
        turn: Turn,
        random: &mut dyn FnMut() -> u128,
        outputs: &mut Vec<Output<T>>,
    ) {
        match input {
            Input::Job(job) => self.waiting.push_back(job),
            Input::Connected(machine) => {
                self.presence.connect(machine);
                // A new link has heard nothing of what its machine was told before.
                let seats = self.committed.machine_seats(machine);
                for seat in seats.map(|seat| seat.id).collect::<Vec<_>>() {
                    self.told.remove(&seat);
                }
            }
            Input::Disconnected(machine) => self.presence.disconnect(machine),
            Input::Appended(result) => self.appended(result, turn, outputs),
            Input::Reread(result) => self.reread(result, turn, random, outputs),
            Input::Probed(result) => {
                self.probing = false;
                match result {
                    Ok(()) => self.set_health(Health::Writable, outputs),
                    Err(error) => self.unwritable(error, turn.now, outputs),
                }
            }
        }
    }

    /// After a failure: reads again what is unknown, or tries whether the disk has healed, because
    /// a pool that says it is not ready may be asked nothing by which it could notice.
    fn retry(&mut self, turn: Turn, outputs: &mut Vec<Output<T>>) {
        if turn.now < self.retry_at {
            return;
        }
        let reread = self.batch.as_mut().is_some_and(Batch::reread_again);
        if reread {
            outputs.push(Output::Reread { after: self.committed.seq() });
        } else if self.batch.is_none() && self.health != Health::Writable && !self.probing {
            self.probing = true;
            outputs.push(Output::Probe);
        }
    }

    /// Tells the machines of those whose seats are wanted, once for each waiter. While nothing can
    /// be written nobody is told: nobody could be given the seat.
    fn pick(&mut self, turn: Turn, outputs: &mut Vec<Output<T>>) {
        if self.picked_at.is_some_and(|at| turn.now < at + PICKS_EVERY) {
            return;
        }
        self.picked_at = Some(turn.now);
        let mut told = BTreeMap::new();
        let picks = match self.health {
            Health::Writable => idle_picks(&self.committed, &self.presence, turn.now),
            Health::Unwritable(_) | Health::Unknown(_) => Vec::new(),
        };
        self.presence.note_picks(&self.committed, &picks, turn.now);
        for pick in picks {
            let before = self.told.get(&pick.seat.id);
            told.insert(pick.seat.id, pick.place);
            if before != Some(&pick.place) {
                outputs.push(Output::Wanted(pick));
            }
        }
        self.told = told;
    }

    fn plan(&self, now: Mono) -> Mono {
        let latest = now + TURN_AT_LEAST;
        if self.batch.is_some() {
            return latest;
        }
        let end = next_deadline(&self.working, &self.presence, now).unwrap_or(latest);
        let end = if self.health == Health::Writable { end } else { end.max(self.retry_at) };
        end.max(self.due_at).clamp(now + NAP, latest)
    }

    pub(super) fn set_health(&mut self, health: Health, outputs: &mut Vec<Output<T>>) {
        if self.health == health {
            return;
        }
        match &health {
            Health::Writable => tracing::info!("the journal can be written again"),
            Health::Unwritable(error) => {
                tracing::error!(%error, "the journal cannot be written; the pool grants and frees nothing");
            }
            Health::Unknown(error) => {
                tracing::error!(%error, "an append ended without a result; the journal is read again");
            }
        }
        self.health = health.clone();
        outputs.push(Output::Health(health));
    }

    pub(super) fn unwritable(
        &mut self,
        error: JournalError,
        now: Mono,
        outputs: &mut Vec<Output<T>>,
    ) {
        self.retry_at = now + RETRY_AFTER;
        self.set_health(Health::Unwritable(error), outputs);
    }
}

/// The answer to a job of a pool that only reads.
fn failed<T>(input: Input<T>, poison: &Poison) -> Option<Output<T>> {
    let Input::Job(Job { to: Some(to), .. }) = input else { return None };
    Some(Output::Reply { to, reply: Reply::Failed(Failure::Halted(poison.clone())) })
}

impl Work {
    /// Whether it can be decided again when the batch that it was in failed: it writes nothing.
    pub(super) fn is_renewal(&self) -> bool {
        match self {
            Work::Renew { .. } | Work::RenewCalls { .. } => true,
            Work::Command(_) | Work::Act { .. } | Work::Facts(_) => false,
        }
    }
}
