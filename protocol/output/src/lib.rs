//! What Hotseat's programs write: results to standard output, remarks and the log to standard
//! error. It knows nothing of what is written.
//!
//! Either may be closed, full, or a pipe that nobody reads. So nothing here panics, and:
//!
//! * [`results`] remembers that a result could not be written, and [`end`] turns that into the exit
//!   code: nobody who prints can forget to look.
//! * [`remarks`] are lost where they cannot be written. A program that must not be held up by its
//!   readers says so once ([`remarks::never_wait`]); from then on they go through a queue.
//! * [`log`] goes through that queue, and keeps dependencies from logging what they carry.
#![warn(missing_docs)]

pub mod log;
mod platform;
mod queue;
pub mod remarks;
pub mod results;

use std::process::ExitCode;

/// What a shell gives for a program whose reader closed the pipe: 128 and SIGPIPE's 13.
const READER_HAS_GONE: u8 = 141;

/// Any failure.
const FAILED: u8 = 1;

/// What the program ends with: `code`, or, when its result could not be written, 141 for a reader
/// who had read enough, and else 1 with the reason on standard error. What was done all the same
/// ([`results::acted`]) is said there in both cases.
///
/// Remarks under way are waited for, no longer than a second. Call it last.
#[must_use]
pub fn end(code: u8) -> ExitCode {
    let code = match results::lost() {
        None => code,
        Some(lost) => unheard(lost),
    };
    remarks::flush();
    ExitCode::from(code)
}

/// Says what nobody hears, and how the program ends for it.
fn unheard(lost: &results::Lost) -> u8 {
    let closed = matches!(lost, results::Lost::Closed);
    match results::untold() {
        Some(done) => {
            remarks::remark(&format!("{}: {lost}. It was done all the same:\n{done}", program()));
        }
        None if closed => {}
        None => remarks::remark(&format!("{}: {lost}", program())),
    }
    if closed { READER_HAS_GONE } else { FAILED }
}

/// The command line, or what the program ends with when it asks for help or is wrong.
///
/// # Errors
///
/// With the exit code; help or the complaint was written.
pub fn arguments<T: clap::Parser>() -> Result<T, ExitCode> {
    T::try_parse().map_err(|error| {
        let printed = error.print();
        if !error.use_stderr() {
            results::remember(printed);
        }
        end(u8::try_from(error.exit_code()).unwrap_or(FAILED))
    })
}

/// This program's name, as it was called.
fn program() -> String {
    let path = std::env::args_os().next().unwrap_or_default();
    let name = std::path::Path::new(&path).file_stem().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
