//! What the window is shown: one value, sent whole whenever something changes.
//!
//! The window holds no truth. Times that a person reads are RFC 3339 strings; anything that
//! counts down is told as milliseconds left at the moment of sending, because the window has
//! neither the boot-time clock nor a clock that agrees with the pool's.
//! `ui/src/bindings/view.ts` is generated from this file by its test.

use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

/// Below this many seconds since the last input a holder is shown as active.
pub const ACTIVE_BELOW_S: u64 = 60;

/// The event that carries a [`WindowView`] to the window.
pub const VIEW_EVENT: &str = "view";

/// Everything the window shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct WindowView {
    /// Whether there is anything to show at all, and if not, why.
    pub phase: Phase,
    /// The link from this computer to the pool server.
    pub link: Link,
    /// What is wrong with this computer although the link works; null when nothing is known to be.
    pub trouble: Option<UiError>,
    /// The pool server's host name, for people; null when none is known.
    pub server: Option<String>,
    /// Who is logged in; null when nobody is.
    pub account: Option<Account>,
    /// The pools, by name.
    pub pools: Vec<PoolCard>,
}

/// How far this program got towards a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Phase {
    /// Hotseat's service does not answer on this computer.
    NoBroker,
    /// Service and window are of versions that do not fit.
    AnotherVersion {
        /// The service's version, for people.
        theirs: String,
        /// This program's version, for people.
        ours: String,
    },
    /// The computer was never enrolled with a pool server.
    NotEnrolled,
    /// The rest of the view is meaningful.
    Ready,
}

/// The link to the pool server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Link {
    /// Not tried long enough to say.
    Connecting,
    /// Connected.
    Up,
    /// No contact. What is shown of pools is as old as `since`.
    Down {
        /// Since when (RFC 3339); null when there never was contact.
        since: Option<String>,
        /// What the last attempt said; null when it said nothing.
        cause: Option<UiError>,
        /// The pool answers and says no to this computer: `cause` is why.
        refused: bool,
    },
}

/// Who is logged in on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The name for people.
    pub name: String,
    /// The log-in.
    pub email: String,
}

/// One pool, and what the person has there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct PoolCard {
    /// What commands name it by.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Seats of the pool.
    pub seats: u32,
    /// Counted seats in use, those being taken back included.
    pub in_use: u32,
    /// Seats set aside for a waiter.
    pub offered: u32,
    /// Seats set aside for a few seconds by checks that passed.
    pub set_aside: u32,
    /// Seats that could be taken now.
    pub free: u32,
    /// People in the line.
    pub waiting: u32,
    /// How long a waiter usually waits, from and to, in seconds; null while too little is known.
    pub usually_waits_s: Option<[u32; 2]>,
    /// Who holds seats, oldest first.
    pub holders: Vec<Holder>,
    /// Holders that are not in the list.
    pub more_holders: u32,
    /// The line, first come first; may be shorter than `waiting`.
    pub line: Vec<Waiter>,
    /// The person's own seat.
    pub my_seat: Option<MySeat>,
    /// The person's own place in the line.
    pub my_place: Option<MyPlace>,
    /// An idle warning that is running.
    pub warning: Option<Warning>,
    /// The pool does not answer, and lets the person work on without a seat.
    pub without_seat: bool,
    /// A seat that ended against the person's will; stays until the window closes or the person
    /// acts in this pool.
    pub lost: Option<Lost>,
    /// What the pool said no to last; goes with the next action.
    pub refusal: Option<Refusal>,
    /// The action that is under way.
    pub busy: Option<Busy>,
}

/// Somebody who holds a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Name or initials; null where the pool's privacy setting hides it.
    pub name: Option<String>,
    /// The person's own seat.
    pub mine: bool,
    /// The way in.
    pub client: String,
    /// Since when (RFC 3339).
    pub since: String,
    /// What is known of their input.
    pub idle: Idle,
    /// Being taken back.
    pub leaving: bool,
    /// False for a licence of one's own, which takes none of the pool's seats.
    pub counted: bool,
}

/// What is known of somebody's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Idle {
    /// Input within the last minute.
    Active,
    /// No input for so many seconds.
    Idle {
        /// Seconds since the last input.
        seconds: u32,
    },
    /// The screen has been locked for so many seconds.
    Locked {
        /// Seconds since the lock.
        seconds: u32,
    },
    /// Nothing can tell, which never counts as idle.
    Unknown,
}

impl Idle {
    /// From seconds since the last input, null when nothing can tell.
    pub fn from_seconds(idle_s: Option<u64>) -> Self {
        match idle_s {
            None => Self::Unknown,
            Some(seconds) if seconds < ACTIVE_BELOW_S => Self::Active,
            Some(seconds) => Self::Idle { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) },
        }
    }
}

/// Somebody in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Waiter {
    /// Name or initials; null where the pool's privacy setting hides it.
    pub name: Option<String>,
    /// The person's own place.
    pub mine: bool,
    /// Since when (RFC 3339).
    pub since: String,
    /// A seat is set aside for this waiter.
    pub offered: bool,
}

/// The person's own seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct MySeat {
    /// Since when (RFC 3339).
    pub since: String,
    /// The way in.
    pub client: String,
    /// How long the seat is held without a further renewal, and until when.
    pub safe: Countdown,
    /// False while it is not known whether the seat is still held.
    pub confirmed: bool,
    /// Being taken back by the pool.
    pub leaving: bool,
}

/// Something that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Countdown {
    /// Milliseconds left when the view was sent.
    pub left_ms: u32,
    /// The whole length in milliseconds, for the bar; null when not known.
    pub of_ms: Option<u32>,
    /// The end on the wall clock (RFC 3339), for people.
    pub ends_at: String,
}

/// The person's own place in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct MyPlace {
    /// 1 is next.
    pub rank: u32,
    /// Since when (RFC 3339).
    pub since: String,
    /// The seat that is set aside, and for how long.
    pub offer: Option<Countdown>,
}

/// An idle warning: the seat is signed off at its end unless there is input or "Keep my seat".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// How long is left.
    pub countdown: Countdown,
    /// Seconds without input when the warning was shown.
    pub idle_seconds: u32,
    /// Whether somebody waits.
    pub wanted: bool,
    /// Who waits; null when nobody does or no name may be shown.
    pub waiter: Option<String>,
}

/// A seat that ended against the person's will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Lost {
    /// When (RFC 3339).
    pub at: String,
    /// Why, as the wire names it: `lease_expired`, `idle`, `reclaimed`, …
    pub reason: String,
    /// Who took it back; null when nobody did.
    pub by: Option<String>,
    /// What that person said; null when nothing.
    pub note: Option<String>,
    /// Seconds without contact, when that was the cause.
    pub silent_seconds: Option<u32>,
    /// The computer slept meanwhile.
    pub slept: bool,
    /// How things stand since; null while nobody can tell.
    pub after: Option<After>,
}

/// How things stand in a pool since the person's seat there ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct After {
    /// A newcomer would get a seat at once.
    pub free: bool,
    /// Who has the seats now; empty where no names may be told or they are too many.
    pub with: Vec<String>,
    /// The place in the line that waiting would give, 1 is next.
    pub would_be: u32,
}

/// Why the pool, or the service, said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The stable code, for example `pool_full`.
    pub code: String,
    /// The truth, in one or two sentences.
    pub detail: String,
    /// The client's fixed text, to the letter; null when it has none.
    pub legacy_message: Option<String>,
    /// What to do next; null when there is nothing to do.
    pub next: Option<String>,
}

/// An action that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub enum Busy {
    /// Taking a free seat.
    Taking,
    /// Joining the line.
    Waiting,
    /// Taking the offered seat.
    TakingOffered,
    /// Passing the offered seat on.
    Passing,
    /// Leaving the line.
    Leaving,
    /// Signing off.
    SigningOff,
    /// Keeping the seat.
    Keeping,
}

/// Why something failed, for the window to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS), ts(export_to = "view.ts"))]
#[serde(rename_all = "camelCase")]
pub struct UiError {
    /// The stable code, for example `wrong_password`.
    pub code: String,
    /// What happened, one sentence.
    pub text: String,
    /// What to do next; null when there is nothing to do.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests;
