//! Beginning and ending: every task of the pool server is started here, so that its end can be
//! waited for; the only file that spawns tasks.
//!
//! The end has two steps. Soft: nothing new is accepted, requests under way are answered, links
//! are closed with a close frame. Hard: what is still there is dropped. A second signal, or the
//! soft step's time-out, begins the hard one.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::platform::Signals;

/// How long the soft step may take: a request under way waits for one commit.
pub const SOFT_STOP: Duration = Duration::from_secs(5);
/// How long the hard step may take before the process ends regardless.
pub const HARD_STOP: Duration = Duration::from_secs(2);

/// What tells a server and its tasks to end.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// Begins the soft step; asked again, the hard one.
    pub fn request(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        }
        self.soft.cancel();
    }

    /// Begins the soft step, if it has not begun.
    pub fn begin(&self) {
        self.soft.cancel();
    }

    /// Begins the hard step at once.
    pub fn force(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Whether the end has begun.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Returns once the end has begun.
    pub async fn requested(&self) {
        self.soft.cancelled().await;
    }

    /// Returns once what is left is dropped.
    pub async fn forced(&self) {
        self.hard.cancelled().await;
    }
}

/// The tasks of one part of a server.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
}

impl Tasks {
    /// Starts a task that [`Tasks::finish`] waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task);
    }

    /// Runs what somebody else started as one of these tasks.
    pub async fn track<F: Future>(&self, task: F) -> F::Output {
        self.tracker.track_future(task).await
    }

    /// Waits until every task has ended, no longer than `within`. Returns whether they all have.
    pub async fn finish(&self, within: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(within, self.tracker.wait()).await.is_ok()
    }
}

/// Turns the operating system's signals into requests to end.
///
/// # Errors
///
/// When the signals cannot be listened to.
pub fn request_on_signals(shutdown: Shutdown) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let listen = async move {
        loop {
            signals.next().await;
            tracing::info!("asked to end");
            shutdown.request();
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it must outlive every other task, so nobody waits for it"
    )]
    tokio::spawn(listen);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_request_is_hard() {
        let shutdown = Shutdown::default();
        shutdown.request();
        assert!(shutdown.is_requested());
        assert!(!shutdown.hard.is_cancelled());
        shutdown.request();
        shutdown.forced().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_for_a_stuck_task_is_bounded() {
        let tasks = Tasks::default();
        tasks.spawn(std::future::pending());
        assert!(!tasks.finish(SOFT_STOP).await);
    }
}
