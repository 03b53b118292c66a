//! The way of [`Shown`] to the disk.

use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::shown::Shown;
use crate::store::{LinkFile, Remembered};

/// A position that moves is written down this often.
const WRITTEN_EVERY: Duration = Duration::from_secs(60);

/// What is shown, and the file that it is kept in.
#[derive(Debug)]
pub(super) struct Memory {
    file: LinkFile,
    pub(super) shown: Shown,
    writing: Option<JoinHandle<bool>>,
}

impl Memory {
    pub(super) fn new(file: LinkFile, read: Remembered) -> Self {
        Self { file, shown: Shown::new(read), writing: None }
    }

    /// Writes what is not written yet, and waits for it.
    pub(super) async fn save(&mut self) {
        self.wait().await;
        self.begin();
        self.wait().await;
    }

    /// Begins to write what is not written yet, unless a write is under way.
    pub(super) async fn save_soon(&mut self) {
        if self.writing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait().await;
        }
        if self.writing.is_none() {
            self.begin();
        }
    }

    fn begin(&mut self) {
        let Some(remembered) = self.shown.begin_write() else {
            return;
        };
        let file = self.file.clone();
        self.writing = Some(spawn_blocking(move || match file.write(&remembered) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "what the pool must be shown next time could not be written");
                false
            }
        }));
    }

    async fn wait(&mut self) {
        if let Some(writing) = self.writing.take() {
            self.shown.write_ended(writing.await.unwrap_or(false));
        }
    }
}

/// When to write a position that moved.
pub(super) fn writes() -> Interval {
    let mut writes = interval(WRITTEN_EVERY);
    writes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick of an interval comes at once, and the welcome was just written.
    writes.reset();
    writes
}
