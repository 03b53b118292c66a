//! What one caller may have in the engine's queue at once: a small part, so that nobody's flood
//! fills it. Whoever has that much there waits until something of it is answered, and with them
//! only what they read from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hotseat_rules::{Caller, Command};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use super::messages::Work;
use super::spending::payer;
use super::task::JOBS_QUEUED_MAX;

/// Jobs of one caller that wait or are decided at once, renewals and others each.
pub(super) const JOBS_OF_ONE_MAX: usize = JOBS_QUEUED_MAX / 64;

/// How many parts are remembered before those that nobody uses are forgotten.
const LOOKED_THROUGH_FROM: usize = 1_024;

/// Whose share it is. A caller's own commands do not keep its renewals waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Whose {
    caller: Caller,
    renews: bool,
}

/// The part of the queue that one caller may fill.
#[derive(Debug)]
pub(super) struct Part {
    places: Arc<Semaphore>,
    /// A semaphore lets newcomers pass those whom it has just given a place.
    order: Arc<AsyncMutex<()>>,
}

/// The place of a job, until it is answered.
#[derive(Debug)]
pub(super) struct Share {
    _place: OwnedSemaphorePermit,
    /// While any place is taken, the part is remembered.
    _part: Arc<Part>,
}

/// The turn of the caller's job that is queued next; its later ones wait until this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _order: OwnedMutexGuard<()>,
}

impl Part {
    fn new() -> Self {
        Self {
            places: Arc::new(Semaphore::new(JOBS_OF_ONE_MAX)),
            order: Arc::new(AsyncMutex::new(())),
        }
    }

    /// Waits until all earlier jobs of this part are queued and one more may be.
    pub(super) async fn enter(self: Arc<Self>) -> (Turn, Share) {
        let order = Arc::clone(&self.order).lock_owned().await;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("nobody closes it");
        (Turn { _order: order }, Share { _place: place, _part: self })
    }
}

/// The parts in use. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    parts: BTreeMap<Whose, Weak<Part>>,
    look_through_at: usize,
}

impl Shares {
    /// Returns the part that this work's caller may fill; `None` where it is nobody's in particular.
    pub(super) fn part(&self, work: &Work) -> Option<Arc<Part>> {
        let whose = whose(work)?;
        Some(self.known.lock().unwrap_or_else(PoisonError::into_inner).of(whose))
    }
}

impl Known {
    fn of(&mut self, whose: Whose) -> Arc<Part> {
        if let Some(part) = self.parts.get(&whose).and_then(Weak::upgrade) {
            return part;
        }
        if self.parts.len() >= self.look_through_at.max(LOOKED_THROUGH_FROM) {
            self.parts.retain(|_, part| part.strong_count() > 0);
            self.look_through_at = self.parts.len().saturating_mul(2);
        }
        let part = Arc::new(Part::new());
        self.parts.insert(whose, Arc::downgrade(&part));
        part
    }
}

fn whose(work: &Work) -> Option<Whose> {
    let asks = |command| caller(command).map(|caller| Whose { caller, renews: false });
    match work {
        Work::Command(command) | Work::Act { command, .. } => asks(command),
        Work::Facts(commands) => commands.first().and_then(asks),
        Work::Renew { machine, .. } => {
            Some(Whose { caller: Caller::Machine(*machine), renews: true })
        }
        Work::RenewCalls { by, .. } => Some(Whose { caller: *by, renews: true }),
    }
}

fn caller(command: &Command) -> Option<Caller> {
    if let Command::NoteSeen { machine, .. } = command {
        return Some(Caller::Machine(*machine));
    }
    payer(command).map(|(caller, _)| caller)
}
