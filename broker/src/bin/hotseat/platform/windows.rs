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

/// Starts a program.
///
/// # Errors
///
/// With the exit code that a shell gives, and a sentence.
pub(crate) fn start(program: &OsStr, arguments: &[OsString]) -> Result<Child, (u8, String)> {
    Command::new(program).args(arguments).spawn().map_err(|error| {
        let shown = program.display();
        match error.kind() {
            ErrorKind::NotFound => {
                let text = format!("cannot run {shown}: there is no such program: check its path.");
                (exit::NO_PROGRAM, text)
            }
            _ => (exit::NOT_RUN, format!("cannot run {shown}: {error}.")),
        }
    })
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
