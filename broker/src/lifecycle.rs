//! Beginning and ending: every task of the broker is started here, so that its end can be waited
//! for; the only file that spawns tasks.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::platform::{Signal, Signals};

/// Orders to end that may wait: the first begins it, the second cuts it short.
const ENDINGS_MAX: usize = 4;

/// How the broker is asked to end. A second request, of whichever kind, ends it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Sign everybody off first.
    SignOff,
    /// A new version starts in a moment: keep the seats, mark the upgrade.
    Upgrade,
}

/// The tasks of one broker, and what tells them to end.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Starts a task that [`Lifecycle::finish`] waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Returns once the tasks shall end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Tells the tasks to end and waits for them, no longer than `within`.
    ///
    /// Returns whether all of them ended.
    pub async fn finish(&self, within: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(within, self.tasks.wait()).await.is_ok()
    }
}

/// Turns the operating system's signals into endings. The task lives as long as the process.
///
/// # Errors
///
/// When the signals cannot be listened to.
pub fn endings_by_signal() -> io::Result<mpsc::Receiver<Ending>> {
    let mut signals = Signals::new()?;
    let (endings, receiver) = mpsc::channel(ENDINGS_MAX);
    let listen = async move {
        loop {
            let ending = match signals.next().await {
                Signal::Terminate => Ending::SignOff,
                Signal::Upgrade => Ending::Upgrade,
            };
            if endings.send(ending).await.is_err() {
                return;
            }
        }
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "it must outlive every other task, so nobody waits for it"
    )]
    tokio::spawn(listen);
    Ok(receiver)
}
