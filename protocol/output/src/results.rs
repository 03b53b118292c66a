//! Results, on standard output. A failure is remembered, and nothing is written after it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use thiserror::Error;

use crate::platform;

/// Why a result could not be written.
#[derive(Debug, Error)]
pub enum Lost {
    /// Whoever read it closed the pipe, as `head` does.
    #[error("cannot write the output: nobody reads it any more")]
    Closed,
    /// The disk is full.
    #[error("cannot write the output: no space left on device")]
    Full,
    /// Anything else.
    #[error("cannot write the output: {0}")]
    Failed(io::Error),
    /// Standard output is the null device, and this can be shown only once.
    #[error("standard output is closed or goes nowhere, and this is shown only once")]
    Nowhere,
    /// Nobody had read it when the program was asked to end.
    #[error("this program was asked to end before anybody read it")]
    Ending,
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else if error.kind() == io::ErrorKind::StorageFull {
            Self::Full
        } else {
            Self::Failed(error)
        }
    }
}

/// How much of a result that could not be written is kept, in bytes: what was done takes a line or
/// two.
const UNTOLD_BYTES_MAX: usize = 4096;

static LOST: OnceLock<Lost> = OnceLock::new();
static ACTED: AtomicBool = AtomicBool::new(false);
static UNTOLD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes a line of the result.
pub fn line(text: &str) {
    raw(format!("{text}\n").as_bytes());
}

/// Writes a part of the result as it is.
pub fn raw(bytes: &[u8]) {
    if lost().is_none() {
        // What was said before stands before it.
        crate::remarks::flush();
        remember(platform::write_stdout(bytes));
    }
    if lost().is_some() {
        let mut untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let room = UNTOLD_BYTES_MAX.saturating_sub(untold.len()).min(bytes.len());
        untold.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }
}

/// Notes that something was changed for good. If the result, which tells of it, cannot be written,
/// [`crate::end`] says on standard error that it was done, and the result with it: nobody does
/// twice what was done, or believes undone what was not.
pub fn acted() {
    ACTED.store(true, Ordering::Relaxed);
}

/// The result of an act that could not be written; none when nothing was changed.
pub(crate) fn untold() -> Option<String> {
    if !ACTED.load(Ordering::Relaxed) {
        return None;
    }
    let untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner);
    Some(String::from_utf8_lossy(&untold).trim_end().to_owned())
}

/// Whether, and why, a result could not be written.
#[must_use]
pub fn lost() -> Option<&'static Lost> {
    LOST.get()
}

/// Whether a secret that is shown only once would reach anybody. Ask before it is made.
///
/// A standard output that was closed when the program started is the null device to it, so that
/// one counts as closed.
///
/// # Errors
///
/// [`Lost::Nowhere`].
pub fn can_tell_once() -> Result<(), Lost> {
    if platform::stdout_goes_nowhere() { Err(Lost::Nowhere) } else { Ok(()) }
}

/// Writes a secret that is shown only once. Whoever made it undoes that when this fails.
///
/// # Errors
///
/// When it could not be written, or `ending` became true while nobody read; [`crate::end`] does not
/// count it again.
pub fn tell_once(text: &str, ending: impl Fn() -> bool) -> Result<(), Lost> {
    if !platform::stdout_takes_more(&ending)? {
        return Err(Lost::Ending);
    }
    Ok(platform::write_stdout(format!("{text}\n").as_bytes())?)
}

pub(crate) fn remember(written: io::Result<()>) {
    if let Err(error) = written {
        // The first reason is the one that counts.
        let _ = LOST.set(error.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_in_words() {
        let lost = Lost::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(lost.to_string(), "cannot write the output: no space left on device");
    }
}
