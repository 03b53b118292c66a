//! Results, on standard output. A failure is remembered, and nothing is written after it.

use std::io;
use std::sync::OnceLock;

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

static LOST: OnceLock<Lost> = OnceLock::new();

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
/// When it could not be written; [`crate::end`] does not count it again.
pub fn tell_once(text: &str) -> Result<(), Lost> {
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
