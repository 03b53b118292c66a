//! What the core wants done: data that the shell performs, in order.

use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, SeatId};
use hotseat_protocol::ipc::{FromBroker, Reply};
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::problem::Problem;
use hotseat_protocol::reason::ReleaseReason;

use super::input::{ConnectionId, HookId, LinkId, WriteId};
use super::saved::{Change, OsUser};

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
    /// Run the pool's hook as this user and say [`Input::HookEnded`](super::Input::HookEnded) when
    /// it has ended, or was killed at its time-out. Nothing waits for it any longer than that.
    RunHook {
        /// This run.
        hook: HookId,
        /// As whom.
        owner: OsUser,
        /// Whose hook.
        pool: PoolId,
        /// The seat that ends or was lost.
        seat: SeatId,
        /// Why.
        reason: ReleaseReason,
        /// The time-out, in ms from now.
        within_ms: u64,
    },
    /// The machine stops or sleeps too soon for the hook: log it.
    SkipHook {
        /// As whom it would have run.
        owner: OsUser,
        /// Whose hook.
        pool: PoolId,
        /// Its time-out, in ms.
        within_ms: u64,
    },
    /// Nothing more is due to the enrolment of before: link as the machine that it is now.
    TakeUpEnrolment,
    /// Nothing more needs to be done before the machine may sleep or shut down.
    ReleaseInhibitor(Inhibitor),
    /// Everything is said and written, or the budget is used up: end the process.
    Stop,
}
