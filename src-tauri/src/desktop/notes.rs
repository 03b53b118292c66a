//! The notifications that are open, one per key, each in a task of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Note, NoteKey};
use crate::action::Action;
use crate::controller::{Event, Origin};
use crate::lifecycle::Tasks;
use crate::platform;

/// How long the end of the program waits for the notification server: a local call, which takes
/// milliseconds.
const WITHDRAW_WITHIN: Duration = Duration::from_millis(500);

/// Shows and withdraws notifications; answers become events.
pub(super) struct Notes {
    tasks: Tasks,
    events: mpsc::Sender<Event>,
    open: BTreeMap<NoteKey, CancellationToken>,
    shown: TaskTracker,
}

impl Notes {
    pub(super) fn new(tasks: Tasks, events: mpsc::Sender<Event>) -> Self {
        Self { tasks, events, open: BTreeMap::new(), shown: TaskTracker::new() }
    }

    /// Shows one in place of an older one with the same key.
    pub(super) fn show(&mut self, note: Note) {
        self.withdraw(&note.key);
        let withdrawn = CancellationToken::new();
        self.open.insert(note.key.clone(), withdrawn.clone());
        let events = self.events.clone();
        self.tasks.spawn(self.shown.track_future(async move {
            let pressed = platform::show_note(note, withdrawn).await;
            let Some(action) = pressed.as_deref().and_then(Action::from_id) else { return };
            // Fails only when the program ends.
            let _ = events.send(Event::Action { action, origin: Origin::Notification }).await;
        }));
    }

    /// Takes one away if it is still there.
    pub(super) fn withdraw(&mut self, key: &NoteKey) {
        if let Some(withdrawn) = self.open.remove(key) {
            withdrawn.cancel();
        }
    }

    /// Takes all away: nobody is there any more who could act on an answer. The returned future
    /// ends once the notification server was told, or does not answer.
    pub(super) fn withdraw_all(&mut self) -> impl Future<Output = ()> + use<> {
        for withdrawn in std::mem::take(&mut self.open).into_values() {
            withdrawn.cancel();
        }
        self.shown.close();
        let shown = self.shown.clone();
        async move {
            if tokio::time::timeout(WITHDRAW_WITHIN, shown.wait()).await.is_err() {
                tracing::warn!("the notification server does not answer");
            }
        }
    }
}
