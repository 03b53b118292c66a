//! The single writer's task: gives the core a clock, a journal and people to answer.

use std::sync::Arc;
use std::time::Duration;

use hotseat_rules::{Mono, TURN_AT_LEAST};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::core::Engine;
use super::handle::{Ask, EngineHandle, Received, ReplyTo};
use super::messages::{Input, Output, Turn};
use super::replay::replay;
use super::shares::Shares;
use super::writer::{Done, Errand, Writer};
use crate::clock::Clock;
use crate::feed::{Feed, Names};
use crate::journal::{Journal, JournalError, Poison, Replayed};

/// Jobs that wait for the engine's task, beside those that it has taken.
pub(super) const JOBS_QUEUED_MAX: usize = 4096;

/// Looks and links that wait for the engine's task.
const ASKS_QUEUED_MAX: usize = 1024;

/// Looks that are answered before jobs have their turn again.
const ASKS_AT_ONCE_MAX: usize = 256;

/// How long a stop waits for a batch under way; what then has no answer is not known to anybody.
const LAST_BATCH_MAX: Duration = Duration::from_secs(4);

/// How long a stop waits for the last snapshot and for the journal to close.
const CLOSE_MAX: Duration = Duration::from_secs(4);

/// Why the engine cannot start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The system gives no thread.
    #[error("the journal's thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Where the engine's random ids come from: 128 fresh random bits with each call.
pub type Random = Box<dyn FnMut() -> u128 + Send>;

/// The engine's task, to be run by whoever tracks tasks.
pub struct EngineTask {
    engine: Engine<ReplyTo>,
    feed: Feed,
    jobs: mpsc::Receiver<Received>,
    asks: mpsc::Receiver<Ask>,
    health: watch::Sender<super::Health>,
    writer: Writer,
    clock: Arc<dyn Clock>,
    random: Random,
    /// When the last job that was taken had been received.
    heard_until: Mono,
    ticked: Mono,
    snapshot_under_way: bool,
    stopping: Option<Mono>,
}

impl std::fmt::Debug for EngineTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineTask").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// Replays the journal and prepares the engine; run the returned task at once.
///
/// # Errors
///
/// When the journal cannot be read, or there is no thread for it.
pub fn start(
    mut journal: Box<dyn Journal>,
    names: Arc<dyn Names>,
    clock: Arc<dyn Clock>,
    random: Random,
) -> Result<(EngineHandle, EngineTask), StartError> {
    let replayed = replay(&mut *journal)?;
    start_from(replayed, journal, names, clock, random)
}

/// Prepares the engine on what was replayed before; run the returned task at once.
///
/// # Errors
///
/// When there is no thread for the journal.
pub fn start_from(
    replayed: Replayed,
    journal: Box<dyn Journal>,
    names: Arc<dyn Names>,
    clock: Arc<dyn Clock>,
    random: Random,
) -> Result<(EngineHandle, EngineTask), StartError> {
    let engine = Engine::new(replayed.state, replayed.snapshot_at, clock.mono());
    prepared(engine, None, journal, names, clock, random)
}

/// Prepares an engine that only reads, up to the record that stops the journal, which fails
/// whatever is asked of it.
///
/// # Errors
///
/// When there is no thread for it.
pub fn halt(
    replayed: Replayed,
    poison: Poison,
    journal: Box<dyn Journal>,
    names: Arc<dyn Names>,
    clock: Arc<dyn Clock>,
) -> Result<(EngineHandle, EngineTask), StartError> {
    let engine = Engine::halted(replayed.state, poison.clone(), clock.mono());
    // Nothing is decided, so nothing needs an id.
    prepared(engine, Some(Arc::new(poison)), journal, names, clock, Box::new(|| 0))
}

fn prepared(
    engine: Engine<ReplyTo>,
    halted: Option<Arc<Poison>>,
    journal: Box<dyn Journal>,
    names: Arc<dyn Names>,
    clock: Arc<dyn Clock>,
    random: Random,
) -> Result<(EngineHandle, EngineTask), StartError> {
    let now = clock.mono();
    let (jobs_sender, jobs) = mpsc::channel(JOBS_QUEUED_MAX);
    let (asks_sender, asks) = mpsc::channel(ASKS_QUEUED_MAX);
    let (health, health_seen) = watch::channel(engine.health().clone());
    let task = EngineTask {
        engine,
        feed: Feed::new(names),
        jobs,
        asks,
        health,
        writer: Writer::start(journal)?,
        clock: Arc::clone(&clock),
        random,
        heard_until: now,
        ticked: now,
        snapshot_under_way: false,
        stopping: None,
    };
    let (jobs, asks, health) = (jobs_sender, asks_sender, health_seen);
    let handle = EngineHandle { jobs, asks, health, halted, clock, shares: Shares::default() };
    Ok((handle, task))
}

/// What woke the task.
enum Woken {
    Job(Box<Received>),
    Ask(Ask),
    Done(Done),
    Time,
    /// Nobody can ask any more, or the journal's thread is gone.
    End,
}

impl EngineTask {
    /// Runs until it is asked to stop, or until nobody is left who could ask anything.
    pub async fn run(mut self) {
        let mut inputs = Vec::new();
        loop {
            match self.wake().await {
                Woken::Job(received) => self.take_job(*received, &mut inputs),
                Woken::Ask(ask) => self.take_ask(ask, &mut inputs),
                Woken::Done(done) => self.take_done(done, &mut inputs),
                Woken::Time => {}
                Woken::End => break,
            }
            self.turn(&mut inputs);
            if self.has_ended() {
                break;
            }
        }
        self.end().await;
    }

    async fn wake(&mut self) -> Woken {
        let nap = self.engine.next_step().since(self.clock.mono());
        let has_room = self.engine.has_room() && self.stopping.is_none();
        tokio::select! {
            biased;
            done = self.writer.done.recv() => done.map_or(Woken::End, Woken::Done),
            ask = self.asks.recv() => ask.map_or(Woken::End, Woken::Ask),
            job = self.jobs.recv(), if has_room => job.map_or(Woken::End, |job| Woken::Job(Box::new(job))),
            () = sleep(nap) => Woken::Time,
        }
    }

    fn take_job(&mut self, received: Received, inputs: &mut Vec<Input<ReplyTo>>) {
        self.heard_until = self.heard_until.max(received.at);
        inputs.push(Input::Job(received.job));
    }

    fn take_ask(&mut self, ask: Ask, inputs: &mut Vec<Input<ReplyTo>>) {
        let turn = self.now(self.clock.mono());
        let view = self.engine.view(turn);
        match ask {
            Ask::Look(look) => look(view),
            Ask::Follow { machine, reply } => {
                let subscription = self.feed.follow(machine, view);
                inputs.push(Input::Connected(machine));
                // If the link is gone already, its dropped subscription says so.
                let _ = reply.send(subscription);
            }
            Ask::Resync { machine, link } => self.feed.resync(machine, link, view),
            Ask::Unfollow { machine, link } => {
                if self.feed.unfollow(machine, link) {
                    inputs.push(Input::Disconnected(machine));
                }
            }
            Ask::Kept(seat) => self.feed.kept(seat, view),
            Ask::Stop => self.stopping = Some(turn.now),
        }
    }

    fn take_done(&mut self, done: Done, inputs: &mut Vec<Input<ReplyTo>>) {
        match done {
            Done::Append(result) => inputs.push(Input::Appended(result)),
            Done::Reread(result) => inputs.push(Input::Reread(result)),
            Done::Probe(result) => inputs.push(Input::Probed(result)),
            Done::Snapshot(result) => {
                self.snapshot_under_way = false;
                match result {
                    Ok(seq) => tracing::info!(at = seq.0, "snapshot saved"),
                    Err(error) => tracing::warn!(%error, "no snapshot was saved"),
                }
            }
        }
    }

    /// Takes all that has come meanwhile, and one step.
    fn turn(&mut self, inputs: &mut Vec<Input<ReplyTo>>) {
        // Read before the queues are emptied: whatever was received before is among the inputs.
        let before = self.clock.mono();
        while let Ok(done) = self.writer.done.try_recv() {
            self.take_done(done, inputs);
        }
        for _ in 0..ASKS_AT_ONCE_MAX {
            let Ok(ask) = self.asks.try_recv() else { break };
            self.take_ask(ask, inputs);
        }
        let room = self.engine.has_room() && self.stopping.is_none();
        while room && inputs.len() < super::JOBS_WAITING_MAX {
            let Ok(received) = self.jobs.try_recv() else { break };
            self.take_job(received, inputs);
        }
        // Nothing is queued, and nobody waits for room in the queue.
        if self.jobs.capacity() == self.jobs.max_capacity() {
            self.heard_until = self.heard_until.max(before);
        }
        let turn = self.now(self.clock.mono());
        if turn.now.since(self.ticked) >= TURN_AT_LEAST {
            self.ticked = turn.now;
            let gone = self.feed.take_closed();
            inputs.extend(gone.into_iter().map(Input::<ReplyTo>::Disconnected));
            self.feed.tick(self.engine.view(turn));
        }
        let outputs = self.engine.step(inputs.drain(..), turn, &mut self.random);
        self.perform(outputs, turn);
    }

    fn now(&self, now: Mono) -> Turn {
        Turn { now, wall: self.clock.wall(), heard_until: self.heard_until.min(now) }
    }

    fn perform(&mut self, outputs: Vec<Output<ReplyTo>>, turn: Turn) {
        for output in outputs {
            match output {
                Output::Append { expected, batch } => self.send(Errand::Append { expected, batch }),
                Output::Reread { after } => self.send(Errand::Reread { after }),
                Output::Probe => self.send(Errand::Probe),
                Output::Reply { to, reply } => to.send(reply),
                Output::Committed(facts) => self.feed.committed(&facts, self.engine.view(turn)),
                Output::Wanted(pick) => self.feed.wanted(&pick, self.engine.view(turn)),
                Output::Snapshot(contents) => {
                    // A slow one is not overtaken; the next comes as many records later.
                    if !self.snapshot_under_way {
                        self.snapshot_under_way = true;
                        self.send(Errand::Snapshot(contents));
                    }
                }
                Output::Health(health) => {
                    self.health.send_replace(health);
                }
            }
        }
    }

    fn send(&self, errand: Errand) {
        if let Err(error) = self.writer.errands.try_send(errand) {
            // Full it never is; without the thread the task ends at its next turn.
            tracing::error!(%error, "the journal's thread is gone");
        }
    }

    fn has_ended(&self) -> bool {
        let Some(since) = self.stopping else { return false };
        self.engine.is_idle() || self.clock.mono() >= since + LAST_BATCH_MAX
    }

    /// Saves a last snapshot, so that the next start is short, and closes the journal.
    async fn end(self) {
        let view = self.engine.view(self.now(self.clock.mono()));
        let may_be_saved = self.stopping.is_some() && !self.engine.is_halted();
        let whole = may_be_saved && self.engine.is_idle() && view.state.seq().0 > 0;
        let last = whole.then(|| Errand::Snapshot(Box::new(view.state.contents().clone())));
        let Writer { errands, mut done } = self.writer;
        let close = async move {
            if let Some(last) = last {
                // Without the thread there is nothing to wait for either.
                let _ = errands.send(last).await;
            }
            drop(errands);
            while let Some(done) = done.recv().await {
                if let Done::Snapshot(Err(error)) = done {
                    tracing::warn!(%error, "no last snapshot was saved; the next start takes longer");
                }
            }
        };
        if timeout(CLOSE_MAX, close).await.is_err() {
            tracing::error!("the disk does not answer; the journal is left as it is");
        }
        // Only now: who waits for the end may open the store at once.
        drop(self.jobs);
    }
}
