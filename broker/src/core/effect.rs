//! What the core wants done: data that the shell performs, in order.

use hotseat_protocol::ipc::{FromBroker, Reply};
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::problem::Problem;

use super::input::{ConnectionId, LinkId, WriteId};
use super::saved::Change;

/// What holds the operating system back while seats are signed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inhibitor {
    /// From sleeping. Taken again by the shell after the machine woke up.
    Sleep,
    /// From shutting down.
    ShutDown,
}

/// One effect of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write these changes durably, all or none, and answer with
    /// [`Input::Stored`](super::Input::Stored). At most one write is under way at a time.
    Store {
        /// The write's name.
        write: WriteId,
        /// What to change, in this order.
        changes: Vec<Change>,
    },
    /// Answer a request.
    Reply {
        /// Whose.
        connection: ConnectionId,
        /// The request's id.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// Send a frame that nobody asked for.
    Push {
        /// To whom.
        connection: ConnectionId,
        /// The frame.
        frame: FromBroker,
    },
    /// Refuse a greeting: send `Refused`, then close.
    Disconnect {
        /// Whom.
        connection: ConnectionId,
        /// Why.
        problem: Problem,
    },
    /// Send a numbered message. The core has noted the clock of this step as its time of sending:
    /// sending later is safe, sending it twice or over another link is not.
    SendToPool {
        /// Over which link; if it is gone, the message is dropped.
        link: LinkId,
        /// The message's number on the link.
        n: u64,
        /// The message.
        body: MachineMessage,
    },
    /// Nothing more needs to be done before the machine may sleep or shut down.
    ReleaseInhibitor(Inhibitor),
    /// Everything is said and written, or the budget is used up: end the process.
    Stop,
}
