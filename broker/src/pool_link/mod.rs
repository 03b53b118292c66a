//! The link to the pool: one WebSocket at a time, made again whenever it ends.

mod backoff;
mod failure;
mod memory;
mod shown;
mod socket;
mod understood;

use std::sync::Arc;

use hotseat_broker_core::LinkId;
use hotseat_protocol::ids::{MachineId, Secret};
use hotseat_protocol::link::{FromPool, JournalPosition, MachineMessage};
use hotseat_protocol::problem::Problem;
use tokio::sync::{Notify, mpsc, watch};

use crate::fresh;
use crate::lifecycle::Lifecycle;
use crate::reach::Reach;
use crate::server_url::ServerUrl;
use crate::store::{LinkFile, Remembered};

use backoff::Backoff;
use memory::Memory;
use socket::Outcome;

pub(crate) use failure::tls_advice;
pub use shown::Shown;
pub use socket::Pace;

/// Messages that may wait to be sent. Two orders of magnitude above what a terminal server's
/// morning brings; a pool that is further behind is not reading, and the link is cut.
const QUEUE_MAX: usize = 8_192;

/// Who this machine is, and with whom it talks.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the pool server is.
    pub server: ServerUrl,
    /// The machine.
    pub machine: MachineId,
    /// What proves it.
    pub credential: Secret,
    /// Which boot this is; empty when it cannot be told.
    pub boot_id: String,
    /// The broker's version, for people.
    pub program: String,
    /// What the greeting shows, and where it is kept.
    pub shown: (LinkFile, Remembered),
}

/// What happens on the link, in order.
#[derive(Debug)]
pub enum LinkEvent {
    /// The pool accepted the greeting of a new link.
    Up {
        /// The link.
        link: LinkId,
        /// The lease of machine-kept seats, in ms.
        lease_ms: u64,
        /// Where the pool's journal is.
        position: JournalPosition,
    },
    /// The pool says that what an earlier broker left behind is not this machine's own: its state
    /// is an older copy. Comes before [`LinkEvent::Up`].
    Void,
    /// A frame after the welcome.
    Frame {
        /// The link that it came over.
        link: LinkId,
        /// It.
        frame: FromPool,
    },
    /// The link ended, or an attempt to make one failed.
    Down {
        /// Why.
        cause: Problem,
    },
}

/// A message for one link.
#[derive(Debug)]
struct Outgoing {
    link: LinkId,
    n: u64,
    body: MachineMessage,
}

/// The way to the link's task.
#[derive(Debug, Clone)]
pub struct PoolLink {
    queue: mpsc::Sender<Outgoing>,
    targets: watch::Sender<Option<Target>>,
    nudges: Arc<Nudges>,
}

/// What the task is told beside messages.
#[derive(Debug, Default)]
struct Nudges {
    /// Messages were lost: this link must end.
    cut: Notify,
    /// The machine slept: see whether the other end still lives.
    look: Notify,
}

impl PoolLink {
    /// Starts the task that keeps a link up for as long as the broker lives. Without a target it
    /// waits for one.
    pub fn start(
        lifecycle: &Lifecycle,
        target: Option<Target>,
        reach: Reach,
        pace: Pace,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        let (queue, outgoing) = mpsc::channel(QUEUE_MAX);
        let nudges = Arc::new(Nudges::default());
        let (targets, mut wanted) = watch::channel(None);
        targets.send_replace(target);
        let (told, stopping) = (nudges.clone(), lifecycle.clone());
        lifecycle.spawn(async move {
            let first = tokio::select! {
                target = newest(&mut wanted) => target,
                () = stopping.stopping() => return,
            };
            let mut keeper = Keeper::new(first, reach, pace, events, outgoing, told, stopping);
            keeper.run(wanted).await;
        });
        Self { queue, targets, nudges }
    }

    /// The machine was enrolled anew: the link ends, and the next is made as another machine, or
    /// with another pool server. Never waits.
    pub fn aim(&self, target: Target) {
        self.targets.send_replace(Some(target));
    }

    /// Sends a message over this link; if it is gone, the message is dropped. Never waits.
    pub fn send(&self, link: LinkId, n: u64, body: MachineMessage) {
        if self.queue.try_send(Outgoing { link, n, body }).is_err() {
            tracing::warn!("the pool does not read what it is sent; the link is made anew");
            self.nudges.cut.notify_one();
        }
    }

    /// The machine slept: a link that died meanwhile shall be noticed now.
    pub fn look(&self) {
        self.nudges.look.notify_one();
    }
}

/// The next target; never, once the broker's owner is gone.
async fn newest(targets: &mut watch::Receiver<Option<Target>>) -> Target {
    while targets.changed().await.is_ok() {
        if let Some(target) = targets.borrow_and_update().clone() {
            return target;
        }
    }
    std::future::pending().await
}

/// Keeps a link up.
struct Keeper {
    target: Target,
    reach: Reach,
    pace: Pace,
    events: mpsc::Sender<LinkEvent>,
    outgoing: mpsc::Receiver<Outgoing>,
    nudges: Arc<Nudges>,
    lifecycle: Lifecycle,
    last_link: u64,
    memory: Memory,
}

impl Keeper {
    fn new(
        target: Target,
        reach: Reach,
        pace: Pace,
        events: mpsc::Sender<LinkEvent>,
        outgoing: mpsc::Receiver<Outgoing>,
        nudges: Arc<Nudges>,
        lifecycle: Lifecycle,
    ) -> Self {
        let (file, shown) = target.shown.clone();
        let memory = Memory::new(file, shown);
        Self { target, reach, pace, events, outgoing, nudges, lifecycle, last_link: 0, memory }
    }

    /// Keeps a link up, with another target whenever there is one.
    async fn run(&mut self, mut targets: watch::Receiver<Option<Target>>) {
        loop {
            let target = tokio::select! {
                () = self.keep() => return,
                target = newest(&mut targets) => target,
            };
            // What is still being written must not be found there by the next enrolment.
            self.memory.save().await;
            let (file, shown) = target.shown.clone();
            self.memory = Memory::new(file, shown);
            self.target = target;
            // Whatever the old link has said last, the hub hears of its end.
            let cause = failure::enrolled_anew(&self.target.server);
            if self.events.send(LinkEvent::Down { cause }).await.is_err() {
                return;
            }
        }
    }

    /// Ends only when the broker does.
    async fn keep(&mut self) {
        let lifecycle = self.lifecycle.clone();
        let mut backoff = Backoff::default();
        loop {
            let Outcome { cause, proven, retry_after } = self.one_link().await;
            let Some(cause) = cause else {
                return;
            };
            tracing::info!(cause = %cause, "no link to the pool");
            if self.events.send(LinkEvent::Down { cause }).await.is_err() {
                return;
            }
            let wait = backoff.after(proven, fresh::share(), retry_after);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = lifecycle.stopping() => return,
            }
        }
    }
}
