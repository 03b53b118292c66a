//! What one caller may have in the engine's queue at once: a small part, so that nobody's flood
//! fills it. Whoever has that much there waits until something of it is answered, and with them
//! only what they read from.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hotseat_rules::{Caller, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::messages::Work;
use super::spending::payer;

/// Jobs of one caller that wait or are decided at once, renewals and others each: a sixty-fourth of
/// what the queue takes.
pub(super) const JOBS_OF_ONE_MAX: usize = 64;

/// How many shares are remembered before those that nobody uses are forgotten.
const LOOKED_THROUGH_FROM: usize = 1_024;

/// Whose share it is. A caller's own commands do not keep its renewals waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Whose {
    caller: Caller,
    renews: bool,
}

/// The part of a job, until it is answered.
#[derive(Debug)]
pub(super) struct Share {
    _permit: OwnedSemaphorePermit,
}

/// The shares in use. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Shares {
    known: Arc<Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    shares: BTreeMap<Whose, Weak<Semaphore>>,
    look_through_at: usize,
}

impl Shares {
    /// Waits until this work's caller may have one more job; in the order of asking. None: it is
    /// nobody's in particular.
    pub(super) async fn take(&self, work: &Work) -> Option<Share> {
        let share = self.known.lock().unwrap_or_else(PoisonError::into_inner).of(whose(work)?);
        // Nobody closes it.
        let permit = share.acquire_owned().await.ok()?;
        Some(Share { _permit: permit })
    }
}

impl Known {
    fn of(&mut self, whose: Whose) -> Arc<Semaphore> {
        if let Some(share) = self.shares.get(&whose).and_then(Weak::upgrade) {
            return share;
        }
        if self.shares.len() >= self.look_through_at.max(LOOKED_THROUGH_FROM) {
            self.shares.retain(|_, share| share.strong_count() > 0);
            self.look_through_at = self.shares.len().saturating_mul(2);
        }
        let share = Arc::new(Semaphore::new(JOBS_OF_ONE_MAX));
        self.shares.insert(whose, Arc::downgrade(&share));
        share
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
