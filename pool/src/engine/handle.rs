//! How everybody else speaks to the engine.

use std::sync::Arc;
use std::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, SeatId, SeatRef, Seq};
use hotseat_rules::{
    Answer, CallRenewal, Caller, Command, Mono, Outcome, Position, Recovering, Refusal, Renewal,
    RenewalAnswer, RequestKey,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::core::View;
use super::messages::{Failure, Health, Job, Reply, Work};
use super::shares::{Share, Shares};
use crate::clock::Clock;
use crate::feed::Subscription;
use crate::journal::{By, Poison};

/// How long a command waits for room in the engine's queue before its caller hears "busy".
const QUEUE_WAIT_MAX: Duration = Duration::from_secs(5);

/// Why the engine gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The journal cannot be written; nothing was changed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Too much is waiting already; nothing was changed.
    #[error("the pool is too busy: try again in a moment")]
    Busy,
    /// The engine has ended, or ends; whether a command had an effect tells its request id later.
    #[error("the pool server is stopping: try again when it is back")]
    Stopped,
}

/// Who gets a reply, and their share of the queue, which is free again with it.
#[derive(Debug)]
pub(super) struct ReplyTo {
    reply: oneshot::Sender<Reply>,
    _share: Option<Share>,
}

impl ReplyTo {
    pub(super) fn send(self, reply: Reply) {
        // Who asked may have gone; its request id tells it later.
        let _ = self.reply.send(reply);
    }
}

/// A job and when it was received.
pub(super) struct Received {
    pub(super) job: Job<ReplyTo>,
    pub(super) at: Mono,
}

/// A look at the committed state.
pub(super) type Look = Box<dyn FnOnce(View<'_>) + Send>;

/// What does not go through the journal.
pub(super) enum Ask {
    Look(Look),
    Follow {
        machine: MachineId,
        reply: oneshot::Sender<Subscription>,
    },
    Resync {
        machine: MachineId,
        link: u64,
    },
    Unfollow {
        machine: MachineId,
        link: u64,
    },
    /// A holder kept the seat elsewhere than at its machine.
    Kept(SeatId),
    Stop,
}

/// Speaks to the engine. Clones speak to the same one.
#[derive(Clone)]
pub struct EngineHandle {
    pub(super) jobs: mpsc::Sender<Received>,
    pub(super) asks: mpsc::Sender<Ask>,
    pub(super) health: watch::Receiver<Health>,
    pub(super) halted: Option<Arc<Poison>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shares: Shares,
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle").finish_non_exhaustive()
    }
}

impl EngineHandle {
    /// Asks for a command to be decided. The answer comes once everything that it saw is durable.
    ///
    /// # Errors
    ///
    /// A refusal, or why it could not be decided.
    pub async fn submit(&self, command: Command) -> Result<Answer, EngineError> {
        self.decide(Work::Command(command)).await
    }

    /// The same, and the journal says who wanted it.
    ///
    /// # Errors
    ///
    /// A refusal, or why it could not be decided.
    pub async fn submit_by(
        &self,
        by: impl Into<By>,
        command: Command,
    ) -> Result<Answer, EngineError> {
        self.decide(Work::Act { command, by: Box::new(by.into()) }).await
    }

    async fn decide(&self, work: Work) -> Result<Answer, EngineError> {
        match self.job(work).await? {
            Reply::Answered(answer) => Ok(answer?),
            Reply::Failed(failure) => Err(failure.into()),
            Reply::Noted(_) | Reply::Renewed(_) | Reply::CallsRenewed(_) => {
                Err(EngineError::Stopped)
            }
        }
    }

    /// Asks for all that one message states to be noted, as one job. The answer comes once it is
    /// durable: why some of it changed nothing.
    ///
    /// # Errors
    ///
    /// Why it could not be noted; a part of it may have been.
    pub async fn note(&self, facts: Vec<Command>) -> Result<Vec<Refusal>, EngineError> {
        match self.job(Work::Facts(facts)).await? {
            Reply::Noted(refusals) => Ok(refusals),
            Reply::Failed(failure) => Err(failure.into()),
            Reply::Answered(_) | Reply::Renewed(_) | Reply::CallsRenewed(_) => {
                Err(EngineError::Stopped)
            }
        }
    }

    /// A machine's greeting showed the newest place in this store's history that it has seen, and
    /// the store's own seal on it is good ([`PositionKey`](crate::directory::PositionKey)). If that is more than the journal has, the
    /// store was rolled back: from here on, durably, nothing is granted, offered or passed until
    /// an administrator runs `hotseat-pool recover`. Renewals and sign-offs go on, so the link is
    /// to be accepted all the same.
    ///
    /// Returns why the pool grants nothing now, for whatever reason; none while all is well.
    ///
    /// # Errors
    ///
    /// When it could not be written down; close the link, the machine comes back.
    pub async fn machine_is_ahead(
        &self,
        machine: MachineId,
        generation: Generation,
        seq: Seq,
    ) -> Result<Option<Recovering>, EngineError> {
        let seen = Position { generation, seq };
        // Most greetings tell nothing new; those need no turn of the writer.
        let (ahead, recovering) =
            self.read(move |view| (view.state.is_behind(seen), view.recovering())).await?;
        if !ahead {
            return Ok(recovering);
        }
        self.submit(Command::NoteSeen { machine, seen }).await?;
        self.read(|view| view.recovering()).await
    }

    /// Renews what a machine claims. What is left of a lease counts from now.
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn renew_machine(
        &self,
        machine: MachineId,
        renewal: Renewal,
    ) -> Result<RenewalAnswer, EngineError> {
        match self.job(Work::Renew { machine, renewal }).await? {
            Reply::Renewed(answer) => Ok(answer),
            Reply::Failed(failure) => Err(failure.into()),
            Reply::Answered(_) | Reply::Noted(_) | Reply::CallsRenewed(_) => {
                Err(EngineError::Stopped)
            }
        }
    }

    /// Renews seats that are kept by calls.
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn renew_calls(
        &self,
        by: Caller,
        seats: Vec<SeatRef>,
    ) -> Result<Vec<(SeatRef, CallRenewal)>, EngineError> {
        match self.job(Work::RenewCalls { by, seats }).await? {
            Reply::CallsRenewed(answers) => Ok(answers),
            Reply::Failed(failure) => Err(failure.into()),
            Reply::Answered(_) | Reply::Noted(_) | Reply::Renewed(_) => Err(EngineError::Stopped),
        }
    }

    /// What became of a request, from the committed state; keeps no place and takes no offer, for
    /// which there is [`Command::AskRequest`].
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn outcome(&self, request: RequestKey) -> Result<Option<Outcome>, EngineError> {
        self.read(move |view| view.outcome(&request)).await
    }

    /// Looks at the committed state. `look` runs in the engine's task: it copies what is needed
    /// and does nothing else.
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn read<R: Send + 'static>(
        &self,
        look: impl FnOnce(View<'_>) -> R + Send + 'static,
    ) -> Result<R, EngineError> {
        let (to, answer) = oneshot::channel();
        let look = move |view: View<'_>| {
            // Nobody may be waiting for it any more.
            let _ = to.send(look(view));
        };
        self.ask(Ask::Look(Box::new(look))).await?;
        answer.await.map_err(|_| EngineError::Stopped)
    }

    /// A machine's link is up: it gets a snapshot, then every change. An older link of the machine
    /// ends. Dropping the subscription says that the link is down.
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn snapshot_and_follow(&self, machine: MachineId) -> Result<Following, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Ask::Follow { machine, reply }).await?;
        let subscription = answer.await.map_err(|_| EngineError::Stopped)?;
        Ok(Following { subscription, asks: self.asks.clone() })
    }

    /// Whether the journal can be written; while not, the pool grants and frees nothing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.borrow().clone()
    }

    /// The record because of which the pool only reads; none while it decides.
    #[must_use]
    pub fn halted(&self) -> Option<&Poison> {
        self.halted.as_deref()
    }

    /// Whether the engine has ended.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.jobs.is_closed()
    }

    /// Returns once the engine has ended, for whatever reason.
    pub async fn stopped(&self) {
        self.jobs.closed().await;
    }

    /// Asks the engine to answer what it has received, to save a snapshot and to end, and waits
    /// until it has.
    pub async fn shutdown(&self) {
        if self.asks.send(Ask::Stop).await.is_ok() {
            self.stopped().await;
        }
    }

    /// Has the machine of a seat told that its holder kept it elsewhere.
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn tell_kept(&self, seat: SeatId) -> Result<(), EngineError> {
        self.ask(Ask::Kept(seat)).await
    }

    async fn job(&self, work: Work) -> Result<Reply, EngineError> {
        let queued = timeout(QUEUE_WAIT_MAX, self.queue(work)).await;
        let answer = queued.map_err(|_| EngineError::Busy)??;
        answer.await.map_err(|_| EngineError::Stopped)
    }

    /// Queues a job, after all that its caller asked for earlier.
    async fn queue(&self, work: Work) -> Result<oneshot::Receiver<Reply>, EngineError> {
        let (turn, share) = match self.shares.part(&work) {
            Some(part) => Some(part.enter().await),
            None => None,
        }
        .unzip();
        let place = self.jobs.reserve().await.map_err(|_| EngineError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        let to = Some(ReplyTo { reply, _share: share });
        place.send(Received { job: Job { to, work }, at: self.clock.mono() });
        drop(turn);
        Ok(answer)
    }

    async fn ask(&self, ask: Ask) -> Result<(), EngineError> {
        send(&self.asks, ask).await
    }
}

async fn send<T>(queue: &mpsc::Sender<T>, what: T) -> Result<(), EngineError> {
    match timeout(QUEUE_WAIT_MAX, queue.send(what)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(EngineError::Stopped),
        Err(_) => Err(EngineError::Busy),
    }
}

/// A machine's link as the engine knows it: while this lives, the machine is connected.
#[derive(Debug)]
pub struct Following {
    subscription: Subscription,
    asks: mpsc::Sender<Ask>,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Look(_) => "Look",
            Self::Follow { .. } => "Follow",
            Self::Resync { .. } => "Resync",
            Self::Unfollow { .. } => "Unfollow",
            Self::Kept(_) => "Kept",
            Self::Stop => "Stop",
        })
    }
}

impl Following {
    /// The next frame for the machine. None: a newer link of it has taken over, or the pool ends;
    /// close the link, unread frames included.
    pub async fn next(&mut self) -> Option<hotseat_protocol::link::FromPool> {
        self.subscription.next().await
    }

    /// What a machine asks that missed a push: a new snapshot follows.
    ///
    /// # Errors
    ///
    /// When the engine is busy or ends.
    pub async fn resync(&self) -> Result<(), EngineError> {
        let Subscription { machine, link, .. } = &self.subscription;
        send(&self.asks, Ask::Resync { machine: *machine, link: *link }).await
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let Subscription { machine, link, .. } = &self.subscription;
        // With a full queue the engine finds the closed subscription within a second.
        let _ = self.asks.try_send(Ask::Unfollow { machine: *machine, link: *link });
    }
}
