//! English: a seat that ended against the person's will, and how things stand since.

use hotseat_protocol::reason::ReleaseReason;

use super::english::listed;
use super::{EndText, NO_BREAK_SPACE, NoteText};
use crate::aftermath::{After, Seats, Turn};

/// The pool took it back.
pub(super) fn reclaimed(end: EndText<'_>) -> NoteText {
    let title = match end.by {
        Some(by) => format!("{} took your seat back.", capitalised(by)),
        None => "Your seat was taken back.".to_owned(),
    };
    let body = match (end.note, why(end)) {
        (Some(note), _) => format!("\"{note}\", at {}.", end.at),
        (None, Some(why)) => format!("At {}: {why}", end.at),
        (None, None) => format!("At {}.", end.at),
    };
    NoteText { title, body }
}

/// A name begins as it is written; "an administrator" begins a sentence.
fn capitalised(by: &str) -> String {
    let mut letters = by.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// It is gone.
pub(super) fn lost(end: EndText<'_>) -> NoteText {
    let given_back = end.reason == ReleaseReason::Suspended;
    let title = if given_back { "Your seat went back." } else { "Your seat is lost." };
    let mut parts = vec![match why(end) {
        Some(why) => format!("At {}: {why}", end.at),
        None => format!("It ended at {}.", end.at),
    }];
    parts.extend(end.after.map(after));
    if !given_back {
        parts.push("Save your work.".to_owned());
    }
    NoteText { title: title.to_owned(), body: parts.join(" ") }
}

/// Who has it, and where the person stands.
pub(super) fn after(after: &After) -> String {
    let seats = match &after.seats {
        Seats::Free => return "A seat is free.".to_owned(),
        Seats::TakenBy(names) => match &names[..] {
            [name] => format!("{name} has it now."),
            names => format!("{} have taken seats since.", listed(names.to_vec())),
        },
        Seats::With(names) => match &names[..] {
            [name] => format!("{name} has the seat now."),
            names => format!("{} have the seats now.", listed(names.to_vec())),
        },
        Seats::Full => "All seats are in use.".to_owned(),
    };
    let turn = match after.turn {
        Turn::Is(1) => "You are next in line.".to_owned(),
        Turn::Is(rank) => format!("You are number {rank} in line."),
        Turn::WouldBe(1) => "You would be next in line.".to_owned(),
        Turn::WouldBe(rank) => format!("You would be number {rank} in line."),
    };
    format!("{seats} {turn}")
}

/// Why a seat ended, as the end of a sentence; nothing where a title or nobody says it.
fn why(end: EndText<'_>) -> Option<String> {
    let gap = NO_BREAK_SPACE;
    Some(match (end.reason, end.silent_s) {
        (ReleaseReason::LeaseExpired, _) if end.slept => {
            "this computer slept longer than a seat is kept.".to_owned()
        }
        (ReleaseReason::LeaseExpired, Some(seconds)) => {
            format!("the pool did not answer for {seconds}{gap}s.")
        }
        (ReleaseReason::LeaseExpired, None) => "the pool did not answer in time.".to_owned(),
        (reason, _) => plain(reason)?.to_owned(),
    })
}

fn plain(reason: ReleaseReason) -> Option<&'static str> {
    Some(match reason {
        ReleaseReason::Suspended => "this computer went to sleep.",
        ReleaseReason::Idle => "you were away and nobody answered the warning.",
        ReleaseReason::SessionTimeOut => "there was no activity for too long.",
        ReleaseReason::Superseded => "you took a seat elsewhere, and one is allowed.",
        ReleaseReason::MachineRestarted => "this computer was restarted.",
        ReleaseReason::BrokerRestarted | ReleaseReason::BrokerStopped => {
            "Hotseat's service on this computer was restarted."
        }
        ReleaseReason::TrayLost | ReleaseReason::TrayClosed => {
            "Hotseat was closed on this computer."
        }
        ReleaseReason::UserDisabled => "your account is disabled. Ask your administrator.",
        ReleaseReason::MachineRevoked => {
            "this computer may no longer use the pool. Ask your administrator."
        }
        ReleaseReason::PoolRemoved => "the pool was removed. Ask your administrator.",
        ReleaseReason::LeaseExpired
        | ReleaseReason::SignedOffByTheUser
        | ReleaseReason::ApplicationExited
        | ReleaseReason::BrowserClosed
        | ReleaseReason::LoggedOut
        | ReleaseReason::ShutDown
        | ReleaseReason::Reclaimed
        | ReleaseReason::NobodyTookIt => return None,
    })
}
