//! What "Copy details" puts on the clipboard: what an administrator asks first. Nothing secret
//! is in a view, and nothing about colleagues is copied.

use crate::views::{Link, Phase, UiError, WindowView};

/// Copies the details of a view.
///
/// # Errors
/// If the desktop has no clipboard.
pub async fn copy(view: &WindowView) -> Result<(), UiError> {
    let text = text(view);
    let copied = tokio::task::spawn_blocking(move || {
        arboard::Clipboard::new().and_then(|mut clipboard| clipboard.set_text(text))
    });
    let failed = |why: String| UiError {
        code: "no_clipboard".to_owned(),
        text: format!("The details could not be copied: {why}."),
        next: Some("Run `hotseat doctor` in a terminal; it prints them.".to_owned()),
    };
    copied
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))
}

fn text(view: &WindowView) -> String {
    let mut lines = vec![format!("Hotseat {}", env!("CARGO_PKG_VERSION"))];
    lines.push(match &view.phase {
        Phase::NoBroker => "service: does not answer".to_owned(),
        Phase::AnotherVersion { theirs, .. } => format!("service: version {theirs}"),
        Phase::NotEnrolled => "service: running, not enrolled".to_owned(),
        Phase::Ready => "service: running".to_owned(),
    });
    if let Some(server) = &view.server {
        lines.push(format!("pool server: {server}"));
    }
    lines.push(match &view.link {
        Link::Connecting => "link: not known".to_owned(),
        Link::Up => "link: connected".to_owned(),
        Link::Down { since, cause, .. } => {
            let since = since.as_deref().unwrap_or("the start");
            let cause = cause.as_ref().map_or("no cause known", |cause| &cause.text);
            format!("link: down since {since}: {cause}")
        }
    });
    if let Some(trouble) = &view.trouble {
        lines.push(format!("trouble: {}: {}", trouble.code, trouble.text));
    }
    for pool in &view.pools {
        let mine = match (&pool.my_seat, &pool.my_place) {
            (Some(seat), _) if !seat.confirmed => "seat not confirmed",
            (Some(_), _) => "seat held",
            (None, Some(_)) => "in line",
            (None, None) => "no seat",
        };
        lines.push(format!(
            "pool {}: {} of {} in use, {} waiting, {mine}",
            pool.id, pool.in_use, pool.seats, pool.waiting
        ));
        if let Some(lost) = &pool.lost {
            lines.push(format!("  lost at {}: {}", lost.at, lost.reason));
        }
        if let Some(refusal) = &pool.refusal {
            lines.push(format!("  refused: {}: {}", refusal.code, refusal.detail));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app_state::{AppState, Contact};
    use crate::samples::{NOW, Sample, infor, view};
    use crate::window_view::{WindowMemory, of};

    #[test]
    fn details_name_no_colleague_and_no_account() {
        let mut state = AppState::new();
        state.contact = Contact::Connected;
        state.snapshot(view(vec![infor().held().warned()]), NOW);
        let text = text(&of(&state, &WindowMemory::default(), NOW));
        assert!(text.contains("pool infor-crm: 0 of 2 in use, 0 waiting, seat held"), "{text}");
        assert!(!text.contains("Olaf") && !text.contains("lucy"), "{text}");
    }

    #[test]
    fn details_say_what_is_wrong_with_the_link() {
        let mut broken = view(vec![infor().lost()]);
        broken.link = crate::samples::down();
        let mut state = AppState::new();
        state.contact = Contact::Connected;
        state.snapshot(broken, NOW);
        let text = text(&of(&state, &WindowMemory::default(), NOW));
        assert!(text.contains("link: down since "), "{text}");
        assert!(text.contains("lost at ") && text.contains("lease_expired"), "{text}");
    }
}
