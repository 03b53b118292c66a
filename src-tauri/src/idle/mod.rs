//! Seconds since the last input of this session, and whether its screen is locked: all that is
//! measured of a person, and nothing else is read.
//!
//! What cannot be measured is unknown, which is a state of its own and never counts as idle.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{Notify, watch};

use crate::app_state::Pace;
use crate::clock;

mod search;

use search::Search;
pub use search::{Look, Sources};

/// While a seat is held the broker hears at least this often.
pub const REPORT_EVERY_MS: u64 = 15_000;

/// Input that moves the last input by less than this, in ms, is the rounding of the source.
const ROUNDING_MS: u64 = 1_000;

/// How long to wait before looking for a source again after there was none or one died.
const RETRY: Duration = Duration::from_secs(10);

/// The same for what tells of locks: many computers have nothing that does.
const LOCK_RETRY: Duration = Duration::from_secs(60);

/// A source that has not answered for so long is gone.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// What is known of the person in front of the session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// The last input on the boot-time clock, in ms; absent when nothing can tell.
    pub last_input_boot_ms: Option<u64>,
    /// Whether the screen is locked.
    pub locked: bool,
}

impl Reading {
    /// Seconds without input at `boot_ms`.
    pub fn idle_s(&self, boot_ms: u64) -> Option<u64> {
        self.last_input_boot_ms.map(|last| boot_ms.saturating_sub(last) / 1000)
    }
}

/// Why a source can no longer tell.
#[derive(Debug, Error)]
pub enum Gone {
    /// It said so, or its connection ended.
    #[error("{0}")]
    Failed(String),
    /// It does not answer.
    #[error("no answer within {} s", ANSWER_WITHIN.as_secs())]
    Silent,
}

/// A future that may be kept.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that knows when the last input was.
pub trait IdleSource: Send {
    /// What it is called in the log.
    fn name(&self) -> &'static str;

    /// Milliseconds since the last input, as exactly as it can tell.
    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>>;

    /// Ends when the answer has changed by itself; sources that only answer never do.
    fn news(&mut self) -> Soon<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// Something that knows whether the screen is locked.
pub trait LockSource: Send {
    /// Whether it is locked; false when that can no longer be told.
    fn locked(&mut self) -> Soon<'_, bool>;

    /// Ends when that has changed.
    fn news(&mut self) -> Soon<'_, ()>;
}

/// How often to look, at most. No pace is faster than once a second.
fn interval(pace: Pace) -> Duration {
    Duration::from_secs(match pace {
        Pace::Slow => 60,
        Pace::Held => 5,
        Pace::Warned => 1,
    })
}

/// Whether the broker should hear of `new`, when it last heard of `old`.
fn worth_telling(old: (Reading, u64), new: (Reading, u64), pace: Pace) -> bool {
    let ((old, old_at), (new, new_at)) = (old, new);
    let moved = match (old.last_input_boot_ms, new.last_input_boot_ms) {
        (Some(before), Some(after)) => after > before.saturating_add(ROUNDING_MS),
        (None, None) => false,
        (Some(_), None) | (None, Some(_)) => true,
    };
    let due = pace != Pace::Slow && new_at >= old_at.saturating_add(REPORT_EVERY_MS);
    moved || old.locked != new.locked || due
}

/// Measures for ever, telling `readings` what is worth telling. `asked` is rung when the broker
/// has to hear of it anew.
pub async fn watch(
    sources: Sources,
    mut pace: watch::Receiver<Pace>,
    asked: std::sync::Arc<Notify>,
    readings: watch::Sender<Reading>,
) {
    let mut input = Search::new(sources.input, RETRY);
    let mut lock = Search::new(sources.lock, LOCK_RETRY);
    let first = async { tokio::join!(input.first(), lock.first()) };
    if tokio::time::timeout(ANSWER_WITHIN, first).await.is_err() {
        tracing::warn!("what can tell idle times does not answer");
    }
    let (no_input, no_lock) = (input.found.is_none(), lock.found.is_none());
    tracing::info!(no_input, no_lock, "watching for input and locks");
    let mut told: Option<(Reading, u64)> = None;
    loop {
        let reading = Reading {
            last_input_boot_ms: last_input(&mut input).await,
            locked: locked(&mut lock).await,
        };
        let current = *pace.borrow_and_update();
        let at = clock::now().boot_ms;
        if told.is_none_or(|told| worth_telling(told, (reading, at), current)) {
            told = Some((reading, at));
            readings.send_replace(reading);
        }
        tokio::select! {
            () = tokio::time::sleep(interval(current)) => {}
            () = input.news(|source| source.news()) => {}
            () = lock.news(|source| source.news()) => {}
            () = asked.notified() => told = None,
            changed = pace.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// The last input on the boot-time clock; nothing while nothing can tell.
async fn last_input(input: &mut Search<dyn IdleSource>) -> Option<u64> {
    let source = input.found.as_mut()?;
    let answer = tokio::time::timeout(ANSWER_WITHIN, source.idle_ms()).await;
    match answer.unwrap_or(Err(Gone::Silent)) {
        Ok(idle_ms) => Some(clock::now().boot_ms.saturating_sub(idle_ms)),
        Err(error) => {
            tracing::warn!(source = source.name(), %error, "idle times are unknown now");
            input.lose();
            None
        }
    }
}

async fn locked(lock: &mut Search<dyn LockSource>) -> bool {
    let Some(source) = lock.found.as_mut() else { return false };
    match tokio::time::timeout(ANSWER_WITHIN, source.locked()).await {
        Ok(locked) => locked,
        Err(_) => {
            tracing::warn!("whether the screen is locked is unknown now");
            lock.lose();
            false
        }
    }
}

#[cfg(test)]
mod tests;
