//! The program that `run` has started, and what it leaves running.

use std::ffi::OsString;

use tokio::process::Child;

use crate::args::Follow;
use crate::failure::exit;
use crate::platform::{self, Family, Signal, Stops};

/// A program and those that it leaves behind.
#[derive(Debug)]
pub(crate) struct Started {
    child: Child,
    /// Once it has ended.
    code: Option<u8>,
    family: Family,
    stops: Stops,
    /// It was asked to end: nobody waits for a shell to let it go on.
    ending: bool,
}

/// Who is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nobody; this was the program's exit code.
    Nothing(u8),
    /// The program has ended, others go on.
    Others,
}

impl Started {
    /// Starts a program.
    ///
    /// # Errors
    ///
    /// With the exit code that a shell gives, and a sentence.
    pub(crate) fn new(command: &[OsString], follow: Follow) -> Result<Self, (u8, String)> {
        let (program, arguments) = command.split_first().expect("clap requires one");
        let shown = program.display();
        let family = match follow {
            Follow::All => Family::adopting(),
            Follow::Cmd => Ok(Family::none()),
        };
        let not_followed = |e| (exit::FAILED, format!("cannot follow {shown}: {e}"));
        let (family, stops) =
            family.and_then(|family| Ok((family, Stops::new()?))).map_err(not_followed)?;
        let child = platform::start(program, arguments)?;
        Ok(Self { child, code: None, family, stops, ending: false })
    }

    /// Waits until the program has ended, then until all have.
    pub(crate) async fn ended(&mut self) -> Left {
        let Some(code) = self.code else {
            let program = self.child.id();
            loop {
                tokio::select! {
                    status = self.child.wait() => {
                        let code = status.map_or(exit::FAILED, platform::exit_code);
                        self.code = Some(code);
                        return self.left(code);
                    }
                    () = self.family.changed() => self.family.bury(program),
                    () = self.stops.follow(program), if !self.ending => {}
                }
            }
        };
        self.family.changed().await;
        self.left(code)
    }

    fn left(&mut self, code: u8) -> Left {
        self.family.bury(None);
        if self.family.is_alone() { Left::Nothing(code) } else { Left::Others }
    }

    /// Passes a signal on to the program, or to those that it has left behind.
    pub(crate) fn pass_on(&self, signal: Signal) {
        if self.code.is_none() {
            platform::pass_on(&self.child, signal);
        } else {
            self.family.pass_on(signal);
        }
    }

    /// Asks all to end.
    pub(crate) fn ask_to_end(&mut self) {
        self.ending = true;
        if self.code.is_none() {
            platform::ask_to_end(&mut self.child);
        }
        self.family.ask_to_end();
    }

    /// Kills all.
    pub(crate) async fn kill(&mut self) {
        // It may have ended in this moment, which is what was wanted.
        let _ = self.child.kill().await;
        self.family.kill().await;
    }
}
