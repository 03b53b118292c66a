//! Windows.

use std::process::Command;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use windows_sys::Win32::System::SystemInformation::GetTickCount;
use windows_sys::Win32::UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO};

use crate::config::Session;
use crate::controller::Part;
use crate::desktop::Note;
use crate::idle::{Gone, IdleSource, LockSource, Soon};

/// Between attempts to place the icon while Explorer is not ready.
const PANEL_RETRY: Duration = Duration::from_secs(5);

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

/// Ends when the console asks the program to end; the end of the Windows session arrives as the
/// end of the event loop.
pub async fn ended_by_the_system() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "Ctrl-C will end the program without a goodbye");
        std::future::pending::<()>().await;
    }
}

/// Ends when it is worth trying to place the icon again.
pub async fn panel_appears() {
    tokio::time::sleep(PANEL_RETRY).await;
}

/// Shows a notification and waits for its answer.
pub async fn show_note(note: Note, withdrawn: CancellationToken) -> Option<String> {
    super::blocking_notes::show_note(note, withdrawn).await
}

/// The session's last input, which only a program inside the session can read.
pub async fn idle_source(_: &Session) -> Option<Box<dyn IdleSource>> {
    Some(Box::new(LastInput))
}

/// Windows tells programs without a window nothing about the lock screen that can be trusted;
/// while it is locked there is no input either.
pub async fn lock_source() -> Option<Box<dyn LockSource>> {
    None
}

struct LastInput;

impl IdleSource for LastInput {
    fn name(&self) -> &'static str {
        "GetLastInputInfo"
    }

    fn idle_ms(&mut self) -> Soon<'_, Result<u64, Gone>> {
        Box::pin(async { since_last_input() })
    }
}

#[expect(unsafe_code, reason = "calls of the system")]
fn since_last_input() -> Result<u64, Gone> {
    let size = u32::try_from(size_of::<LASTINPUTINFO>());
    let size = size.map_err(|error| Gone::Failed(error.to_string()))?;
    let mut info = LASTINPUTINFO { cbSize: size, dwTime: 0 };
    // SAFETY: `info` is a valid struct that states its own size.
    if unsafe { GetLastInputInfo(&raw mut info) } == 0 {
        return Err(Gone::Failed("the system does not tell".to_owned()));
    }
    // SAFETY: takes nothing and cannot fail.
    let now = unsafe { GetTickCount() };
    // Both count in 32 bits and wrap after 49 days.
    Ok(u64::from(now.wrapping_sub(info.dwTime)))
}
