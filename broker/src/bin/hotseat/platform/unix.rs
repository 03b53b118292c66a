//! Unix: signals are received, told apart, and passed on.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use rustix::process::{Pid, Signal as RawSignal, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::Child;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::Signal;
use crate::failure::Failure;

/// What ends a program, or means something to it, and can be received.
const RECEIVED: [RawSignal; 6] = [
    RawSignal::INT,
    RawSignal::TERM,
    RawSignal::HUP,
    RawSignal::QUIT,
    RawSignal::USR1,
    RawSignal::USR2,
];

/// The signals that come to this program.
#[derive(Debug)]
pub(crate) struct Signals {
    streams: Vec<(RawSignal, Stream)>,
}

impl Signals {
    /// Receives signals from now on instead of ending by them.
    pub(crate) fn new() -> Result<Self, Failure> {
        let streams = RECEIVED
            .iter()
            .map(|raw| Ok((*raw, signal(SignalKind::from_raw(raw.as_raw()))?)))
            .collect::<std::io::Result<_>>()
            .map_err(|e| Failure::other(format!("Signals cannot be received: {e}."), ""))?;
        Ok(Self { streams })
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        let raw = std::future::poll_fn(|context| {
            for (raw, stream) in &mut self.streams {
                if stream.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*raw);
                }
            }
            std::task::Poll::Pending
        })
        .await;
        let from_keyboard = raw == RawSignal::INT || raw == RawSignal::QUIT;
        Signal { number: raw.as_raw(), by_terminal: from_keyboard && in_foreground() }
    }
}

/// Whether this program is in the foreground of its terminal, whose keys reach the whole group.
fn in_foreground() -> bool {
    tcgetpgrp(std::io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Passes a signal on to the started program, unless the terminal has already done so.
pub(crate) fn pass_on(child: &Child, signal: Signal) {
    if !signal.by_terminal
        && let Some(raw) = RECEIVED.iter().find(|raw| raw.as_raw() == signal.number)
    {
        send(child, *raw);
    }
}

/// Asks the started program to end.
pub(crate) fn ask_to_end(child: &mut Child) {
    send(child, RawSignal::TERM);
}

fn send(child: &Child, signal: RawSignal) {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended in this moment, which is what was wanted.
        let _ = kill_process(pid, signal);
    }
}

/// The exit code as a shell gives it.
pub(crate) fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::failure::exit::FAILED)
}
