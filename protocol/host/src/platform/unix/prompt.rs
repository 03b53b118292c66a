//! A password that is typed at the terminal. The terminal hides it, and shows again what is typed
//! whenever the program ends or stops meanwhile.
//!
//! The keys that end or stop a program stay what they are, as at the prompts of `sudo` and `ssh`.

use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};
use rustix::process::getpgrp;
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use zeroize::Zeroizing;

use super::{ENDING, is_ignored};
use crate::input::{PASSWORD_BYTES_MAX, line};

/// The prompt that somebody is answering.
static PROMPTING: Mutex<Option<Prompt>> = Mutex::new(None);

/// A prompt, and the terminal at which it is.
#[derive(Debug)]
struct Prompt {
    /// Written to without waiting: a terminal that is held (Ctrl-S) must not keep a signal from
    /// ending the program.
    terminal: File,
    text: String,
    /// The modes that it had.
    shown: Termios,
}

/// Asks for a line that nobody sees; none when there is none (Ctrl-D).
pub(crate) fn password(text: &str) -> io::Result<Option<Zeroizing<String>>> {
    watch_signals()?;
    let mut keyboard = File::options().read(true).write(true).open("/dev/tty")?;
    // In the background this stops the program until it is in the foreground, with no lock held.
    tcsetattr(&keyboard, OptionalActions::Now, &tcgetattr(&keyboard)?)?;
    let terminal = File::options().write(true).custom_flags(libc::O_NONBLOCK).open("/dev/tty")?;
    let shown = tcgetattr(&keyboard)?;
    let prompt = Prompt { terminal, text: text.to_owned(), shown };
    {
        let mut prompting = prompting();
        prompt.hide_typing()?;
        *prompting = Some(prompt);
    }
    let typed = keyboard.write_all(text.as_bytes()).and_then(|()| {
        // A byte at a time, so that no copy of the password stays in a buffer.
        line(BufReader::with_capacity(1, &keyboard), PASSWORD_BYTES_MAX)
    });
    if let Some(prompt) = prompting().take() {
        prompt.show_typing();
    }
    typed
}

fn prompting() -> MutexGuard<'static, Option<Prompt>> {
    PROMPTING.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Prompt {
    fn hide_typing(&self) -> io::Result<()> {
        let mut hidden = self.shown.clone();
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ECHONL;
        hidden.local_modes |= LocalModes::ICANON | LocalModes::ISIG;
        Ok(tcsetattr(&self.terminal, OptionalActions::Now, &hidden)?)
    }

    /// Gives the terminal its modes back, and its cursor a line of its own. In the background it is
    /// somebody else's, whose modes stay as they are.
    fn show_typing(&self) {
        if self.is_in_foreground() && self.hides() {
            // A terminal that was closed needs nothing.
            let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.shown);
            let _ = (&self.terminal).write_all(b"\n");
        }
    }

    /// Gives the terminal its modes back, and no shell the half of a password.
    fn break_off(&self) {
        if self.is_in_foreground() {
            let _ = tcflush(&self.terminal, QueueSelector::IFlush);
        }
        self.show_typing();
    }

    /// Asks again, from the beginning, where the terminal was given back.
    fn ask_again(&self) {
        if self.is_in_foreground() && !self.hides() {
            let _ = tcflush(&self.terminal, QueueSelector::IFlush);
            // A terminal that was closed ends the reading of it.
            let _ = self.hide_typing();
            let _ = (&self.terminal).write_all(self.text.as_bytes());
        }
    }

    fn is_in_foreground(&self) -> bool {
        tcgetpgrp(&self.terminal).is_ok_and(|group| group == getpgrp())
    }

    fn hides(&self) -> bool {
        tcgetattr(&self.terminal).is_ok_and(|now| !now.local_modes.contains(LocalModes::ECHO))
    }
}

/// From the first prompt to its end, this process ends and stops by these signals as it always did,
/// only that the terminal is restored before.
fn watch_signals() -> io::Result<()> {
    static WATCHING: Mutex<bool> = Mutex::new(false);
    once(&WATCHING, || {
        let watched = ENDING.into_iter().chain([SIGTSTP]).filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(watched.chain([SIGCONT]))?;
        let watch = move || signals.forever().for_each(heed);
        std::thread::Builder::new().name("prompt".to_owned()).spawn(watch).map(drop)
    })
}

/// Does something until it succeeded once: after a failure the next prompt tries it again.
fn once(done: &Mutex<bool>, act: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
    if !*done {
        act()?;
        *done = true;
    }
    Ok(())
}

fn heed(signal: i32) {
    let prompting = prompting();
    let prompt = prompting.as_ref();
    match signal {
        SIGCONT => prompt.into_iter().for_each(Prompt::ask_again),
        SIGTSTP => {
            prompt.into_iter().for_each(Prompt::break_off);
            stop();
            // Nothing has stopped where no shell could let it go on.
            prompt.into_iter().for_each(Prompt::ask_again);
        }
        ending => {
            prompt.into_iter().for_each(Prompt::break_off);
            // It cannot fail for these four, and does not return.
            let _ = emulate_default_handler(ending);
        }
    }
}

/// Stops this process as Ctrl-Z does, until it is let go on. A process whose shell has gone is not
/// stopped: the operating system does not let `SIGTSTP` do that, and would let `SIGSTOP`.
#[expect(unsafe_code, reason = "no library stops by this signal")]
fn stop() {
    let usual = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the usual action runs no code of this process.
    let Ok(before) = (unsafe { sigaction(Signal::SIGTSTP, &usual) }) else { return };
    let _ = raise(Signal::SIGTSTP);
    // SAFETY: this action was set a moment ago.
    let _ = unsafe { sigaction(Signal::SIGTSTP, &before) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_tried_again_and_what_succeeded_is_not() {
        let done = Mutex::new(false);
        let failed = || Err(io::Error::other("no thread"));
        assert!(once(&done, failed).is_err());
        assert!(once(&done, failed).is_err(), "nobody watches yet");
        assert!(once(&done, || Ok(())).is_ok());
        assert!(once(&done, failed).is_ok(), "it is done");
    }
}
