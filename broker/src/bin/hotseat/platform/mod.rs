//! What differs between operating systems: signals, and how a program ends.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub(crate) use unix::{Signals, Stops, ask_to_end, exit_code, pass_on, start};

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::{Signals, Stops, ask_to_end, exit_code, pass_on, start};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::Family;

#[cfg(not(target_os = "linux"))]
mod program_alone;
#[cfg(not(target_os = "linux"))]
pub(crate) use program_alone::Family;

/// A signal that this program received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signal {
    /// The system's number of it.
    pub number: i32,
    /// Whether the terminal has sent it, to everybody in its foreground.
    pub by_terminal: bool,
}

impl Signal {
    /// What a shell gives for a program that ended by this signal.
    pub(crate) fn exit_code(self) -> u8 {
        u8::try_from(128 + self.number).unwrap_or(crate::failure::exit::INTERRUPTED)
    }
}
