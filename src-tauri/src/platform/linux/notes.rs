//! Notifications by the desktop's notification server.

use notify_rust::{Notification, NotificationResponse, Timeout, Urgency};
use tokio_util::sync::CancellationToken;
use zbus::fdo::DBusProxy;
use zbus::{Connection, Proxy};

use futures_util::StreamExt;

use crate::desktop::Note;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The id that the specification gives to a click on the notification itself.
const DEFAULT: &str = "default";

/// Shows a notification and waits until it is answered, withdrawn or can no longer be answered.
/// The answer is the id of the pressed button's action, or nothing.
pub async fn show_note(note: Note, withdrawn: CancellationToken) -> Option<String> {
    let plain = markup_is_read().await;
    let mut notification = Notification::new();
    notification.appname("Hotseat").summary(&note.title).body(&if plain {
        escaped(&note.body)
    } else {
        note.body.clone()
    });
    if !note.actions.is_empty() {
        let open = crate::action::Action::OpenWindow.id();
        let buttons = note.actions.iter().map(|(action, label)| (action.id(), *label));
        for (id, label) in buttons.filter(|(id, _)| *id != open) {
            notification.action(&id, label);
        }
        for (_, label) in note.actions.iter().filter(|(action, _)| action.id() == open) {
            notification.action(DEFAULT, label);
        }
    }
    if note.urgent {
        notification.urgency(Urgency::Critical).timeout(Timeout::Never);
    }
    let handle = match notification.show_async().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!(%error, "no notification server took a notification");
            return None;
        }
    };
    let mut pressed = None;
    tokio::select! {
        () = handle.wait_for_action_async(|response: &NotificationResponse| {
            pressed = answer(response);
        }) => {}
        () = withdrawn.cancelled() => handle.close_async().await,
        () = server_is_gone() => {}
    }
    pressed
}

fn answer(response: &NotificationResponse) -> Option<String> {
    match response {
        NotificationResponse::Action(id) => Some(id.clone()),
        NotificationResponse::Default => Some(crate::action::Action::OpenWindow.id()),
        // Closed by the person, by time or by a call: no answer, and no wish can be read into it.
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
    }
}

/// Whether the server reads the body as markup, so that a name with `<` in it must be escaped.
async fn markup_is_read() -> bool {
    let asked: zbus::Result<Vec<String>> = async {
        let connection = Connection::session().await?;
        Proxy::new(&connection, NAME, PATH, NAME).await?.call("GetCapabilities", &()).await
    }
    .await;
    asked.is_ok_and(|capabilities| capabilities.iter().any(|known| known == "body-markup"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Ends when the notification server ends; the answer will never come then.
async fn server_is_gone() {
    let watched: zbus::Result<()> = async {
        let connection = Connection::session().await?;
        let bus = DBusProxy::new(&connection).await?;
        let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
        while let Some(change) = owners.next().await {
            if change.args()?.new_owner().is_none() {
                return Ok(());
            }
        }
        Ok(())
    }
    .await;
    if let Err(error) = watched {
        tracing::info!(%error, "the notification server cannot be watched");
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_format_the_text() {
        assert_eq!(escaped("<b>Bill & Co</b>"), "&lt;b&gt;Bill &amp; Co&lt;/b&gt;");
    }

    #[test]
    fn only_a_pressed_button_is_an_answer() {
        use notify_rust::CloseReason;
        let pressed = NotificationResponse::Action("keep:infor-crm".to_owned());
        assert_eq!(answer(&pressed).as_deref(), Some("keep:infor-crm"));
        assert_eq!(answer(&NotificationResponse::Closed(CloseReason::Expired)), None);
        assert_eq!(answer(&NotificationResponse::Closed(CloseReason::Dismissed)), None);
    }
}
