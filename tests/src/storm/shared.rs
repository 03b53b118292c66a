//! What the clients of a storm and the weather know of each other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Result, bail};

use super::history::What;
use crate::interruption;

/// Whether the storm is over, and how much was asked.
#[derive(Debug, Default)]
pub(super) struct Shared {
    over: AtomicBool,
    abandoned: AtomicBool,
    asked: AtomicU64,
    acknowledged: AtomicU64,
}

impl Shared {
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Nobody will answer any more: the storm has failed.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
        self.end();
    }

    /// Fails once nobody will answer any more.
    pub(super) fn goes_on(&self) -> Result<()> {
        if self.abandoned.load(Ordering::Relaxed) {
            bail!("the storm has failed, and nobody answers");
        }
        interruption::check()
    }

    /// One more operation was noted.
    pub(super) fn count(&self, what: &What) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if what.granted().is_some() || matches!(what, What::SignedOff { .. }) {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many grants and sign-offs were acknowledged.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// How many operations were noted.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}
