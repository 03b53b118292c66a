//! What happens at one moment.

use hotseat_broker_core::{Change, HookId, WriteId};
use hotseat_protocol::link::{FromPool, MachineMessage};

use super::callers::Heard;
use super::greetings::Greeting;
use super::script::Action;

/// What happens at one moment.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// Somebody or something acts.
    Act(Action),
    /// A broker tries to reach the pool.
    Connect { machine: usize, life: u64 },
    /// A link begins.
    Greeting(Greeting),
    /// A message arrives at the pool.
    Up { link: u64, n: u64, body: MachineMessage },
    /// What a message names was looked up.
    LookedUp { link: u64, n: u64, body: MachineMessage },
    /// A frame arrives at the broker.
    Down { link: u64, frame: FromPool },
    /// The pool learns that a link is gone.
    PoolLosesLink { link: u64 },
    /// The broker learns that its link is gone.
    BrokerLosesLink { link: u64 },
    /// A link breaks, because one side heard nothing for too long.
    LinkDies { link: u64 },
    /// A write has ended.
    Stored {
        machine: usize,
        life: u64,
        write: WriteId,
        ok: bool,
        /// What is written only now; a crash before that loses it.
        changes: Vec<Change>,
    },
    /// A hook has ended.
    HookEnds { machine: usize, life: u64, hook: HookId },
    /// The broker's next deadline.
    Tick { machine: usize, tick: u64 },
    /// The pool's engine takes a step.
    PoolStep { step: u64 },
    /// An append of the pool ends.
    Appended { pool_life: u64 },
    /// The pool server starts.
    StartPool,
    /// A broker starts.
    StartBroker { machine: usize },
    /// A machine gets power.
    Boot { machine: usize },
    /// A clone is switched on.
    CloneStarts { machine: usize, same_boot: bool },
    /// A computer is switched off for good.
    Retires { machine: usize },
    /// An administrator looks whether the store was rolled back, and recovers it.
    Recovers,
    /// A machine loses power, or is off at last.
    PowerCut { machine: usize },
    /// A machine goes on after it stood still.
    GoesOn { machine: usize },
    /// A program connects, or starts and connects.
    Joins { machine: usize, program: u64 },
    /// A tray reports on the person in front of it.
    Reports { machine: usize, program: u64 },
    /// The network between a machine and the pool is whole again.
    Rejoined { machine: usize },
    /// The application server says something to the pool, or says it again.
    Calls { call: u64 },
    /// A call arrives at the pool.
    CallArrives { call: u64 },
    /// The pool's answer arrives at the application server.
    CallAnswered { call: u64, heard: Heard },
    /// Somebody who was checked comes in, at a machine or through the application server.
    Uses { person: u64, program: Option<(usize, u64)>, checks: bool },
    /// The application server renews a visit, or asks what became of it.
    VisitGoesOn { visit: u64 },
}
