//! Notifications where the system's call blocks: each waits on a thread of its own.
//!
//! Windows and macOS show them without a way to take them back, so a withdrawn one is merely no
//! longer listened to; what it offered is refused when it is pressed late.

use notify_rust::{Notification, NotificationResponse};
use tokio_util::sync::CancellationToken;

use crate::action::Action;
use crate::desktop::Note;

/// Shows a notification and waits until it is answered or withdrawn. The answer is the id of the
/// pressed button's action, or nothing.
pub(super) async fn show_note(note: Note, withdrawn: CancellationToken) -> Option<String> {
    let waiting = tokio::task::spawn_blocking(move || show(&note));
    tokio::select! {
        pressed = waiting => pressed.ok().flatten(),
        () = withdrawn.cancelled() => None,
    }
}

fn show(note: &Note) -> Option<String> {
    let mut notification = Notification::new();
    notification.appname("Hotseat").summary(&note.title).body(&note.body);
    for (action, label) in &note.actions {
        notification.action(&action.id(), label);
    }
    let handle = match notification.show() {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!(%error, "the system took no notification");
            return None;
        }
    };
    let mut pressed = None;
    let waited = handle.wait_for_response(|response: &NotificationResponse| {
        pressed = match response {
            NotificationResponse::Action(id) => Some(id.clone()),
            NotificationResponse::Default => Some(Action::OpenWindow.id()),
            NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
        };
    });
    if let Err(error) = waited {
        tracing::info!(%error, "a notification's answer did not come");
    }
    pressed
}
