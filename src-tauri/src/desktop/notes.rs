//! The notifications that are open, one per key, each in a task of its own.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Note, NoteKey};
use crate::action::Action;
use crate::controller::{Event, Origin};
use crate::lifecycle::Tasks;
use crate::platform;

/// Shows and withdraws notifications; answers become events.
pub(super) struct Notes {
    tasks: Tasks,
    events: mpsc::Sender<Event>,
    open: BTreeMap<NoteKey, CancellationToken>,
}

impl Notes {
    pub(super) fn new(tasks: Tasks, events: mpsc::Sender<Event>) -> Self {
        Self { tasks, events, open: BTreeMap::new() }
    }

    /// Shows one in place of an older one with the same key.
    pub(super) fn show(&mut self, note: Note) {
        self.withdraw(&note.key);
        let withdrawn = CancellationToken::new();
        self.open.insert(note.key.clone(), withdrawn.clone());
        let events = self.events.clone();
        self.tasks.spawn(async move {
            let pressed = platform::show_note(note, withdrawn).await;
            let Some(action) = pressed.as_deref().and_then(Action::from_id) else { return };
            // Fails only when the program ends.
            let _ = events.send(Event::Action { action, origin: Origin::Notification }).await;
        });
    }

    /// Takes one away if it is still there.
    pub(super) fn withdraw(&mut self, key: &NoteKey) {
        if let Some(withdrawn) = self.open.remove(key) {
            withdrawn.cancel();
        }
    }
}
