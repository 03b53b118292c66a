//! What a message under way is about.

use hotseat_protocol::ids::{RequestId, SeatRef};

/// What a message was about, to know what its answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InFlight {
    /// A part of the renewal that began after the message of this number.
    Renew(u64),
    SignOn(RequestId),
    Accept(RequestId),
    SignOff(SeatRef),
    Cancel(RequestId),
    Leaving(SeatRef),
    LogOut(u64),
    Overdraft(u64),
    /// A request of a program that waits for this answer, by its number.
    Ask(u64),
    /// Nothing is done about the answer.
    Nothing,
}
