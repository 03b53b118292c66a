//! The broker as a pure state machine. No async, no I/O, no clock, no randomness.
//!
//! * [`Core::start`] begins from what an earlier broker left behind.
//! * [`step`] takes one [`Input`] with the clocks' readings and says which [`Effect`]s follow.
//! * [`next_deadline`] says when to send [`Input::Tick`].

mod effect;
mod input;
mod saved;

pub use effect::{Effect, Inhibitor};
pub use input::{Caller, ConnectionId, Input, LinkId, Now, OsEvent, WriteId};
pub use saved::{
    Boot, Change, KeyHash, OsUser, Saved, SavedAccount, SavedAnchor, SavedIntent, SavedSeat,
    SavedSignOff, SessionKey,
};

/// How long seats wait for their tray or process after a restart of the broker, in ms.
pub const RESTART_GRACE_MS: u64 = 10_000;

/// The same after an announced upgrade, in ms.
pub const UPGRADE_GRACE_MS: u64 = 30_000;

/// What never changes while the broker runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The broker's version, for people.
    pub program: String,
    /// The pool's address, without credentials; none when the machine was never enrolled.
    pub server_url: Option<String>,
}

/// The whole state.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    saved: Saved,
    out: Vec<Effect>,
}

impl Core {
    /// Begins from what an earlier broker left behind.
    #[must_use]
    pub fn start(settings: Settings, saved: Saved, boot: Boot, now: Now) -> (Self, Vec<Effect>) {
        let _ = (boot, now);
        (
            Self {
                settings,
                saved,
                out: Vec::new(),
            },
            Vec::new(),
        )
    }
}

/// Takes one input and says what follows from it.
pub fn step(core: &mut Core, input: Input, now: Now) -> Vec<Effect> {
    let _ = (input, now, &core.settings, &core.saved);
    std::mem::take(&mut core.out)
}

/// When to send [`Input::Tick`], on the boot-time clock, in ms.
#[must_use]
pub fn next_deadline(core: &Core) -> Option<u64> {
    let _ = core;
    None
}
