//! Unix: signals are received, told apart, and passed on.

mod start;

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use hotseat_ipc::boot_clock;
use rustix::process::{
    Pid, Signal as RawSignal, WaitId, WaitIdOptions, getpgid, getpgrp, getpid, getsid,
    kill_current_process_group, kill_process, waitid,
};
use rustix::termios::tcgetpgrp;
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};
use tokio::process::Child;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::mpsc;

use super::Signal;
use crate::failure::Failure;

pub(crate) use start::start;

/// What ends a program, or means something to it, and can be received.
const RECEIVED: [RawSignal; 6] = [
    RawSignal::INT,
    RawSignal::TERM,
    RawSignal::HUP,
    RawSignal::QUIT,
    RawSignal::USR1,
    RawSignal::USR2,
];

/// A program that a shell continues together with this one goes on within this time: the kernel
/// wakes one after the other, in microseconds.
const GOES_ON_WITHIN: Duration = Duration::from_millis(50);

/// Signals that may wait to be looked at; the rest wait where they are received.
const WAITING_MAX: usize = 16;

/// The signals that come to this program.
#[derive(Debug)]
pub(crate) struct Signals {
    arrived: mpsc::Receiver<Signal>,
}

impl Signals {
    /// Receives signals from now on instead of ending by them. Those that are ignored when it
    /// starts (`nohup`, a job in the background of a script) stay ignored, here and in the started
    /// program.
    pub(crate) fn new() -> Result<Self, Failure> {
        let failed = |e| Failure::other(format!("Signals cannot be received: {e}."), "");
        let received = RECEIVED.iter().map(|raw| raw.as_raw());
        let received = received.filter(|raw| !hotseat_host::is_ignored(*raw));
        let mut signals = SignalsInfo::<WithOrigin>::new(received).map_err(failed)?;
        let (tell, arrived) = mpsc::channel(WAITING_MAX);
        let receive = move || {
            for origin in signals.forever() {
                let by_terminal = is_by_terminal(&origin);
                if tell.blocking_send(Signal { number: origin.signal, by_terminal }).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(receive).map_err(failed)?;
        Ok(Self { arrived })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.arrived.recv().await {
            Some(signal) => signal,
            // The thread ends with the process.
            None => std::future::pending().await,
        }
    }
}

/// Whether the kernel has sent a signal to everybody in the foreground of the terminal, for a key
/// or because the terminal was closed. What a process sends, it sends to this process alone.
fn is_by_terminal(origin: &Origin) -> bool {
    let terminals = [RawSignal::INT, RawSignal::QUIT, RawSignal::HUP];
    let Some(raw) = terminals.into_iter().find(|raw| raw.as_raw() == origin.signal) else {
        return false;
    };
    // A terminal that is closed tells the session's leader alone; the others hear of it when the
    // leader ends.
    if raw == RawSignal::HUP && getsid(None) == Ok(getpid()) {
        return false;
    }
    match origin.cause {
        Cause::Kernel => true,
        Cause::Sent(_) => false,
        // A system that does not tell who has sent it.
        _ => in_foreground(),
    }
}

/// Whether this program is in the foreground of its terminal. Standard input may be something
/// else.
fn in_foreground() -> bool {
    let terminal = std::fs::File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(&terminal).is_ok_and(|group| group == getpgrp()))
}

/// Passes a signal on to the started program, unless the terminal has already done so.
pub(crate) fn pass_on(child: &Child, signal: Signal) {
    let Some(raw) = RECEIVED.iter().find(|raw| raw.as_raw() == signal.number) else {
        return;
    };
    if let Some(pid) = pid_of(child)
        && !was_told(pid, signal)
    {
        // It may have ended in this moment, which is what was wanted.
        let _ = kill_process(pid, *raw);
    }
}

/// Whether a process has had a signal from the terminal itself: it is of the same group.
pub(super) fn was_told(pid: Pid, signal: Signal) -> bool {
    signal.by_terminal && getpgid(Some(pid)) == Ok(getpgrp())
}

/// The stops of the started program.
#[derive(Debug)]
pub(crate) struct Stops {
    children: Stream,
    /// A child has stopped, gone on or ended, and nobody has looked yet.
    changed: bool,
    /// Since when the program is known to have stopped itself, on the boot-time clock.
    since_ms: Option<u64>,
}

impl Stops {
    /// Follows them from now on.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { children: signal(SignalKind::child())?, changed: false, since_ms: None })
    }

    /// Stops the process group whenever the started program, a process of this id, has stopped
    /// itself as Ctrl-Z would have: the shell waits for the whole group, and has the terminal back
    /// only when all of it has stopped. May be dropped and called again.
    ///
    /// Somebody who sends SIGSTOP to the program alone lets that one alone go on, too. And the
    /// kernel stops no group by Ctrl-Z's signal that has no parent in its session to continue it.
    pub(crate) async fn follow(&mut self, program: Option<u32>) {
        let Some(program) = program.and_then(as_pid) else {
            return std::future::pending().await;
        };
        loop {
            if !self.changed && self.children.recv().await.is_none() {
                return std::future::pending().await;
            }
            self.changed = true;
            if self.stays_stopped(program).await && getpgid(Some(program)) == Ok(getpgrp()) {
                // Whatever fails: the program is stopped and this one is not, as before.
                let _ = kill_current_process_group(RawSignal::TSTP);
            }
            self.since_ms = None;
            self.changed = false;
        }
    }

    /// Whether the program has stopped itself, and nobody continues it together with this one.
    async fn stays_stopped(&mut self, program: Pid) -> bool {
        while has_stopped_itself(program) {
            let since = *self.since_ms.get_or_insert_with(boot_clock::now_ms);
            tokio::time::sleep(GOES_ON_WITHIN.saturating_sub(elapsed(since))).await;
            if elapsed(since) < GOES_ON_WITHIN.saturating_mul(2) {
                return has_stopped_itself(program);
            }
            // This one was stopped as well, and goes on first.
            self.since_ms = None;
        }
        false
    }
}

/// How long ago a time of the boot-time clock was.
fn elapsed(since_ms: u64) -> Duration {
    Duration::from_millis(boot_clock::now_ms().saturating_sub(since_ms))
}

/// Whether a child is stopped now by the signal that Ctrl-Z sends.
fn has_stopped_itself(child: Pid) -> bool {
    let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let stopped = waitid(WaitId::Pid(child), look).ok().flatten();
    stopped.and_then(|status| status.stopping_signal()) == Some(RawSignal::TSTP.as_raw())
}

/// Asks the started program to end.
pub(crate) fn ask_to_end(child: &mut Child) {
    if let Some(pid) = pid_of(child) {
        // It may have ended in this moment, which is what was wanted.
        let _ = kill_process(pid, RawSignal::TERM);
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    child.id().and_then(as_pid)
}

fn as_pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

/// The exit code as a shell gives it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::failure::exit::FAILED)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    #[test]
    fn only_the_signal_of_ctrl_z_counts_as_stopping_oneself() {
        // In a group with a parent in its session, or Ctrl-Z's signal would not stop it.
        let mut child =
            std::process::Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        let pid = as_pid(child.id()).unwrap();
        for (signal, by_itself) in [(RawSignal::STOP, false), (RawSignal::TSTP, true)] {
            kill_process(pid, signal).unwrap();
            let stops = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(pid), stops).unwrap();
            assert_eq!(has_stopped_itself(pid), by_itself, "{signal:?}");
            kill_process(pid, RawSignal::CONT).unwrap();
            waitid(WaitId::Pid(pid), WaitIdOptions::CONTINUED).unwrap();
            assert!(!has_stopped_itself(pid), "it goes on");
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
