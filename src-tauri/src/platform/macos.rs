//! macOS.

use std::process::Command;
use std::time::Duration;

use objc2_core_graphics::{CGEventSource, CGEventSourceStateID, CGEventType};
use tokio_util::sync::CancellationToken;

use crate::config::Session;
use crate::controller::Part;
use crate::desktop::Note;
use crate::idle::{Gone, IdleSource, LockSource, Soon};

pub use super::signals::ended_by_the_system;

/// Between attempts to place the icon while the menu bar is not ready.
const PANEL_RETRY: Duration = Duration::from_secs(5);

/// Stands for any kind of input; the headers define it, the bindings do not.
const ANY_INPUT: CGEventType = CGEventType(u32::MAX);

/// Nothing has to be prepared.
pub fn prepare(_: Part) {}

/// Nothing was prepared.
pub fn without_preparation(_: &mut Command) {}

/// Every screen has a scale of its own here, and the text follows it.
pub fn text_scale() -> Option<f64> {
    None
}

/// A logged-in session always has a display.
pub fn missing_display(_: &Session) -> Option<String> {
    None
}

/// Ends when it is worth trying to place the icon again.
pub async fn panel_appears() {
    tokio::time::sleep(PANEL_RETRY).await;
}

/// Shows a notification and waits for its answer.
pub async fn show_note(note: Note, withdrawn: CancellationToken) -> Option<String> {
    super::blocking_notes::show_note(note, withdrawn).await
}

/// The session's last input, not that of whoever else uses the machine.
pub async fn idle_source(_: &Session) -> Option<Box<dyn IdleSource>> {
    Some(Box::new(EventSource))
}

/// Nothing public tells it without a window; while the screen is locked there is no input either.
pub async fn lock_source() -> Option<Box<dyn LockSource>> {
    None
}

struct EventSource;

impl IdleSource for EventSource {
    fn name(&self) -> &'static str {
        "CGEventSource"
    }

    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>> {
        Box::pin(async { since_last_input() })
    }
}

fn since_last_input() -> Result<u64, Gone> {
    let session = CGEventSourceStateID::CombinedSessionState;
    let seconds = CGEventSource::seconds_since_last_event_type(session, ANY_INPUT);
    if !seconds.is_finite() || seconds < 0.0 {
        return Err(Gone::Failed(format!("the system says {seconds} s")));
    }
    Ok(Duration::from_secs_f64(seconds.min(f64::from(u32::MAX)))
        .as_millis()
        .try_into()
        .unwrap_or(u64::MAX))
}
