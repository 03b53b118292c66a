//! Windows: Ctrl-C reaches every program of the console, so there is nothing to pass on.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::process::ExitStatus;

use tokio::process::{Child, Command};
use tokio::signal::windows::{CtrlBreak, CtrlC, ctrl_break, ctrl_c};

use super::Signal;
use crate::failure::{Failure, exit};

/// The number that a shell knows Ctrl-C by.
const INTERRUPT: i32 = 2;

/// The signals that come to this program.
#[derive(Debug)]
pub(crate) struct Signals {
    c: CtrlC,
    pause: CtrlBreak,
}

impl Signals {
    /// Receives signals from now on instead of ending by them.
    pub(crate) fn new() -> Result<Self, Failure> {
        let failed =
            |e: std::io::Error| Failure::other(format!("Ctrl-C cannot be received: {e}."), "");
        Ok(Self { c: ctrl_c().map_err(failed)?, pause: ctrl_break().map_err(failed)? })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.c.recv() => {}
            _ = self.pause.recv() => {}
        }
        Signal { number: INTERRUPT, by_terminal: true }
    }
}

/// The stops of the started program, of which there are none here.
#[derive(Debug)]
pub(crate) struct Stops;

impl Stops {
    #[expect(clippy::unnecessary_wraps, reason = "Unix may refuse it")]
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn follow(&mut self, _program: Option<u32>) {
        std::future::pending().await
    }
}

/// Starts a program.
///
/// # Errors
///
/// With the exit code that a shell gives, and a sentence.
pub(crate) fn start(program: &OsStr, arguments: &[OsString]) -> Result<Child, (u8, String)> {
    Command::new(program).args(arguments).spawn().map_err(|error| {
        let shown = program.display();
        if error.kind() == ErrorKind::NotFound {
            let text = format!("cannot run {shown}: there is no such program: check its path.");
            return (exit::NO_PROGRAM, text);
        }
        (exit::NOT_RUN, format!("cannot run {shown}: {}.", why_not(&error)))
    })
}

/// Why a program that is there cannot be run, and what helps. The numbers are those of `winerror.h`.
fn why_not(error: &std::io::Error) -> String {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const BAD_EXE_FORMAT: i32 = 193;
    const FILENAME_EXCED_RANGE: i32 = 206;
    const EXE_MACHINE_TYPE_MISMATCH: i32 = 216;
    const ELEVATION_REQUIRED: i32 = 740;
    let why = match error.raw_os_error() {
        Some(ACCESS_DENIED) => {
            "it is a directory, or you may not run it: name a program, or have it allowed to you"
        }
        Some(SHARING_VIOLATION) => "another program is writing it: try again when that is done",
        Some(BAD_EXE_FORMAT | EXE_MACHINE_TYPE_MISMATCH) => {
            "it is no program for this kind of computer: name what runs it before it, or install \
             one that is"
        }
        Some(FILENAME_EXCED_RANGE) => {
            "its path and arguments are more than the system takes: give it fewer, or put them \
             into a file"
        }
        Some(ELEVATION_REQUIRED) => {
            "only an administrator may run it: start this in a console of an administrator"
        }
        _ => {
            return format!(
                "{error}: see whether the console can run it, and ask your administrator"
            );
        }
    };
    why.to_owned()
}

/// The console has told the started program too.
pub(crate) fn pass_on(_child: &Child, _signal: Signal) {}

/// Windows has no polite request for a program without a window; the kill follows after the same
/// time.
pub(crate) fn ask_to_end(_child: &mut Child) {}

/// The exit code, as far as one byte holds it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(exit::FAILED)
}
