//! Everything that the broker itself says no to, in words for people, with the next step.

use alloc::format;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::LinkState;
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::version::PROTOCOL_VERSION;

pub(super) fn not_logged_in() -> Problem {
    Problem::new(
        Code::NotLoggedIn,
        "Nobody is logged in on this computer for your user.",
        "Log in with `hotseat login` or in the Hotseat window.",
    )
}

pub(super) fn log_in_ended() -> Problem {
    Problem::new(
        Code::NotLoggedIn,
        "Your log-in on this computer has ended.",
        "Log in again with `hotseat login` or in the Hotseat window.",
    )
}

/// The log-in was ended elsewhere: by a new password, or by an administrator.
pub(super) fn log_in_ended_elsewhere(holds: bool) -> Problem {
    let kept = if holds { " You keep your seat." } else { "" };
    Problem::new(
        Code::NotLoggedIn,
        format!(
            "Your log-in on this computer has ended, for example by a new password or after a long \
             time unused.{kept}"
        ),
        "Log in again in the Hotseat window or with `hotseat login`.",
    )
}

pub(super) fn pool_unreachable() -> Problem {
    Problem::new(
        Code::PoolUnreachable,
        "This computer has no contact with the pool.",
        "Try again in a moment; `hotseat doctor` says what is wrong.",
    )
}

/// There is no link: in the pool server's own words, if it said no.
pub(super) fn no_link(link: &LinkState) -> Problem {
    match link {
        LinkState::Down { cause: Some(cause), .. } if cause.code != Code::PoolUnreachable => {
            Problem::new(Code::PoolUnreachable, cause.detail.clone(), cause.next.clone())
        }
        LinkState::Down { .. } | LinkState::Up | LinkState::NotEnrolled => pool_unreachable(),
    }
}

pub(super) fn no_answer() -> Problem {
    Problem::new(
        Code::PoolUnreachable,
        "The pool did not answer in time. Whatever it still grants for this request is given back.",
        "Try again in a moment; `hotseat doctor` says what is wrong.",
    )
}

pub(super) fn not_enrolled() -> Problem {
    Problem::new(
        Code::NotEnrolled,
        "This computer is not enrolled with a pool.",
        "An administrator enrols it with `hotseat-broker enroll --server URL`.",
    )
}

pub(super) fn no_session() -> Problem {
    Problem::new(
        Code::NoSession,
        "There is no desktop session here that a seat could hang on.",
        "Use `hotseat run POOL -- COMMAND` to hold a seat while a command runs.",
    )
}

pub(super) fn no_tray() -> Problem {
    Problem::new(Code::NoSession, "No Hotseat tray runs in this session.", "Start `hotseat-tray`.")
}

pub(super) fn state_unwritable() -> Problem {
    Problem::new(
        Code::StateUnwritable,
        "Hotseat's service cannot write its state, so a seat could be lost without trace.",
        "Ask your administrator to look at the disk and at the service's log.",
    )
}

pub(super) fn no_such_pool(pool: &PoolId) -> Problem {
    Problem::new(
        Code::NotFound,
        format!("There is no pool named {pool}."),
        "`hotseat status` lists the pools.",
    )
}

pub(super) fn request_reused() -> Problem {
    Problem::new(
        Code::RequestReused,
        "This request id is in use for something else.",
        "Make a new random id for each intent.",
    )
}

pub(super) fn too_many_unanswered(all: usize) -> Problem {
    Problem::new(
        Code::TooMany,
        format!("{all} requests of your user wait for their answers already."),
        "Wait for an answer before you ask again.",
    )
}

pub(super) fn offer_ended() -> Problem {
    Problem::new(
        Code::Ended,
        "This offer has ended, or is not yours.",
        "`hotseat status` shows what is true now.",
    )
}

pub(super) fn already_running() -> Problem {
    Problem::new(
        Code::AlreadyRunning,
        "Another Hotseat tray already serves this session.",
        "Its window opens.",
    )
}

pub(super) fn another_version(theirs: u32) -> Problem {
    let detail = match theirs {
        0 => format!("This program names no version; Hotseat's service speaks {PROTOCOL_VERSION}."),
        _ => format!("This program speaks version {theirs}, Hotseat's service {PROTOCOL_VERSION}."),
    };
    Problem::new(Code::AnotherVersion, detail, "Update the older of the two.")
}

pub(super) fn stopping() -> Problem {
    Problem::new(
        Code::Unavailable,
        "Hotseat's service is stopping.",
        "Try again when it has started.",
    )
}

pub(super) fn shutting_down() -> Problem {
    Problem::new(Code::Unavailable, "This computer is shutting down.", "")
}

pub(super) fn falling_asleep() -> Problem {
    Problem::new(
        Code::Unavailable,
        "This computer is about to sleep.",
        "Try again when it is awake.",
    )
}

pub(super) fn enrolled_anew() -> Problem {
    Problem::new(
        Code::Unavailable,
        "This computer is being enrolled with another pool server.",
        "Log in and try again in a moment.",
    )
}

/// Said to everybody on this machine, while the other one is refused.
pub(super) fn clone_elsewhere() -> Problem {
    Problem::new(
        Code::MachineCloned,
        "Another computer uses this computer's identity: one is a copy of the other.",
        "An administrator runs `hotseat-broker enroll --force --server URL` on one of the two.",
    )
}

pub(super) fn strange_answer() -> Problem {
    Problem::new(
        Code::Internal,
        "The pool gave an answer that this computer does not understand.",
        "Ask your administrator to update Hotseat here.",
    )
}

pub(super) fn unknown_request() -> Problem {
    Problem::new(
        Code::Invalid,
        "Hotseat's service does not know this request.",
        "Update Hotseat's service.",
    )
}

/// What this broker was left is an older copy of another computer's.
pub(super) fn cloned() -> Problem {
    Problem::new(
        Code::MachineCloned,
        "This computer's state is an older copy, of a clone or a backup, so what it was left does \
         not count.",
        "Try again.",
    )
}
