//! The one thread that writes the state, so that nobody else ever waits for a disk.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use hotseat_broker_core::{Change, Saved, WriteId};
use tokio::sync::mpsc;

use super::{STATE_FILE, Store, StoreError, durable, failed, form};

/// Writes that may wait for the disk; the core has one under way at a time.
const QUEUE_MAX: usize = 4;

/// A write has ended.
#[derive(Debug)]
pub struct Stored {
    /// Which.
    pub write: WriteId,
    /// Whether all of it will survive a power cut; if not, nothing of it counts.
    pub result: Result<(), StoreError>,
}

struct Job {
    write: WriteId,
    changes: Vec<Change>,
}

/// The way to the writing thread. Dropping it ends the thread after the write under way.
#[derive(Debug)]
pub struct Writer {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread on what is durable now; it reports to `done`.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
    pub fn start(
        store: &Store,
        saved: Saved,
        boot_id: Option<String>,
        done: mpsc::Sender<Stored>,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let path = store.dir.join(STATE_FILE);
        let mut file = StateFile { path: path.clone(), saved, boot_id };
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || file.run(&queue, &done))
            .map_err(failed("start the writer of", &path))?;
        Ok(Self { jobs, thread })
    }

    /// Begins a write; its end is reported. Never waits.
    ///
    /// Returns false when it cannot even begin: nothing will be reported.
    #[must_use]
    pub fn begin(&self, write: WriteId, changes: Vec<Change>) -> bool {
        match self.jobs.try_send(Job { write, changes }) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Waits until everything that was begun has ended. Blocks.
    pub fn finish(self) {
        drop(self.jobs);
        // A panic of the thread was reported when it happened; there is nothing left to wait for.
        let _ = self.thread.join();
    }
}

/// The file and what is in it.
struct StateFile {
    path: PathBuf,
    saved: Saved,
    boot_id: Option<String>,
}

impl StateFile {
    fn run(&mut self, queue: &Receiver<Job>, done: &mpsc::Sender<Stored>) {
        while let Ok(Job { write, changes }) = queue.recv() {
            let result = self.change(&changes);
            // The broker is gone when nobody listens; the write is as durable as it got.
            let _ = done.blocking_send(Stored { write, result });
        }
    }

    fn change(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut next = self.saved.clone();
        for change in changes {
            next.apply(change);
        }
        let text = form::write(&next, self.boot_id.as_deref());
        durable::replace(&self.path, &text).map_err(failed("write", &self.path))?;
        self.saved = next;
        Ok(())
    }
}
