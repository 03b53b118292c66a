//! What the next greeting shows, and its way to the disk.
//!
//! A link secret is durable before the first message of its link. The newest position is not worth
//! a write for each push: it is written with each secret, at most once a minute while it moves, and
//! when the broker ends. It matters only after a crash of this machine *and* a roll-back of the
//! pool's store by less than that minute, and then every machine that did not crash tells of it.

use std::time::Duration;

use hotseat_protocol::ids::Secret;
use hotseat_protocol::link::JournalPosition;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::store::{LinkFile, Remembered};

/// A position that moves is written down this often.
const WRITTEN_EVERY: Duration = Duration::from_secs(60);

/// What is shown, and whether the disk knows it.
#[derive(Debug)]
pub(super) struct Memory {
    file: LinkFile,
    shown: Remembered,
    /// The disk has something older.
    dirty: bool,
    writing: Option<JoinHandle<bool>>,
}

impl Memory {
    pub(super) fn new(file: LinkFile, shown: Remembered) -> Self {
        Self { file, shown, dirty: false, writing: None }
    }

    pub(super) fn shown(&self) -> &Remembered {
        &self.shown
    }

    /// Takes what the pool told in its welcome, and makes it durable.
    pub(super) async fn welcomed(
        &mut self,
        position: JournalPosition,
        seal: Option<String>,
        secret: Option<Secret>,
    ) {
        if let Some(seal) = seal {
            self.sealed(position, seal);
        }
        if let Some(secret) = secret {
            self.dirty = true;
            self.shown.secret = Some(secret);
        }
        self.save().await;
    }

    /// A newer position under the pool's seal.
    pub(super) fn sealed(&mut self, position: JournalPosition, seal: String) {
        self.dirty = true;
        self.shown.seen = Some((position, seal));
    }

    /// Writes what is not written yet, and waits for it.
    ///
    /// When the disk takes nothing, the link works all the same, because sign-offs must get through
    /// by it; it is tried again, and until then a restart of this machine looks like a restored
    /// backup to the pool.
    pub(super) async fn save(&mut self) {
        self.wait().await;
        if self.dirty {
            self.begin();
            self.wait().await;
        }
    }

    /// Begins to write what is not written yet, unless a write is under way.
    pub(super) async fn save_soon(&mut self) {
        if self.writing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait().await;
        }
        if self.dirty && self.writing.is_none() {
            self.begin();
        }
    }

    fn begin(&mut self) {
        let (file, shown) = (self.file.clone(), self.shown.clone());
        self.dirty = false;
        self.writing = Some(spawn_blocking(move || match file.write(&shown) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "what the pool must be shown next time could not be written");
                false
            }
        }));
    }

    async fn wait(&mut self) {
        if let Some(writing) = self.writing.take() {
            let written = writing.await.unwrap_or(false);
            self.dirty |= !written;
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
