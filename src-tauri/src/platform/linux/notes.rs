//! Notifications by the desktop's notification server.

use notify_rust::{Notification, NotificationResponse, Timeout, Urgency};
use tokio_util::sync::CancellationToken;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::{Connection, Proxy};

use futures_util::StreamExt;

use crate::desktop::{Note, Weight};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The id that the specification gives to a click on the notification itself.
const DEFAULT: &str = "default";

/// Shows a notification and waits until it is answered, withdrawn or can no longer be answered.
/// The answer is the id of the pressed button's action, or nothing. One that is to stay is shown
/// again when its server has ended and another one comes.
pub async fn show_note(note: Note, withdrawn: CancellationToken) -> Option<String> {
    let mut servers = Servers::watch().await;
    loop {
        if let Ended::Answered(pressed) = show_once(&note, &withdrawn, &mut servers).await {
            return pressed;
        }
        if note.weight == Weight::Passing {
            return None;
        }
        tokio::select! {
            () = servers.one_comes() => {}
            () = withdrawn.cancelled() => return None,
        }
    }
}

/// What became of a notification.
enum Ended {
    /// It was answered, dismissed or withdrawn.
    Answered(Option<String>),
    /// There is no server to show it, or not any more.
    NoServer,
}

async fn show_once(note: &Note, withdrawn: &CancellationToken, servers: &mut Servers) -> Ended {
    let handle = match prepared(note).await.show_async().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::info!(%error, "no notification server took a notification");
            return Ended::NoServer;
        }
    };
    let mut pressed = None;
    let ended = tokio::select! {
        () = handle.wait_for_action_async(|response: &NotificationResponse| {
            pressed = answer(response);
        }) => false,
        () = withdrawn.cancelled() => {
            handle.close_async().await;
            false
        }
        () = servers.one_goes() => true,
    };
    if ended { Ended::NoServer } else { Ended::Answered(pressed) }
}

async fn prepared(note: &Note) -> Notification {
    let body = if markup_is_read().await { escaped(&note.body) } else { note.body.clone() };
    let mut notification = Notification::new();
    notification.appname("Hotseat").summary(&note.title).body(&body);
    let open = crate::action::Action::OpenWindow.id();
    let buttons = note.actions.iter().map(|(action, label)| (action.id(), *label));
    for (id, label) in buttons.filter(|(id, _)| *id != open) {
        notification.action(&id, label);
    }
    for (_, label) in note.actions.iter().filter(|(action, _)| action.id() == open) {
        notification.action(DEFAULT, label);
    }
    match note.weight {
        Weight::Passing => {}
        Weight::Lasting => {
            notification.timeout(Timeout::Never);
        }
        Weight::Urgent => {
            notification.urgency(Urgency::Critical).timeout(Timeout::Never);
        }
    }
    notification
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

/// The comings and goings of notification servers.
struct Servers {
    changes: Option<NameOwnerChangedStream>,
    /// One has come in the place of the one that went.
    replaced: bool,
}

impl Servers {
    async fn watch() -> Self {
        let watched: zbus::Result<_> = async {
            let connection = Connection::session().await?;
            let bus = DBusProxy::new(&connection).await?;
            bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await
        }
        .await;
        if let Err(error) = &watched {
            tracing::info!(%error, "the notification server cannot be watched");
        }
        Self { changes: watched.ok(), replaced: false }
    }

    /// Ends when the server ends that took the notification; the answer will never come then.
    async fn one_goes(&mut self) {
        while let Some((before, after)) = self.next().await {
            if before {
                self.replaced = after;
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Ends when a server comes.
    async fn one_comes(&mut self) {
        if std::mem::take(&mut self.replaced) {
            return;
        }
        while let Some((_, after)) = self.next().await {
            if after {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Whether the name had an owner before the next change, and has one after it.
    async fn next(&mut self) -> Option<(bool, bool)> {
        let change = self.changes.as_mut()?.next().await?;
        let args = change.args().ok()?;
        Some((args.old_owner().is_some(), args.new_owner().is_some()))
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
