//! What goes into the engine's core and what comes out: data, so that a task and a simulation
//! drive the same code.

use std::time::Duration;

use hotseat_protocol::ids::{MachineId, SeatRef, Seq, WallTime};
use hotseat_rules::{
    Answer, CallRenewal, Caller, Command, Contents, Mono, Pick, Refusal, Renewal, RenewalAnswer,
};
use thiserror::Error;

use super::touch::Touch;
use crate::journal::{Append, By, JournalError, NotItself, Poison, Record, StoredRecord};

/// When a step happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Now, on the pool's clock.
    pub now: Mono,
    /// Now, for people.
    pub wall: WallTime,
    /// All that was received before this has been handed in. Usually now; when more is waiting
    /// than could be handed in, the time at which the first of it was received. Nothing that ends
    /// later than this is ended: a renewal may be among what is waiting.
    pub heard_until: Mono,
}

/// What is asked, with `T` naming who gets the [`Reply`].
#[derive(Debug)]
pub struct Job<T> {
    /// Who asks; none when the engine itself does.
    pub to: Option<T>,
    /// What.
    pub work: Work,
}

/// What can be asked.
#[derive(Debug, Clone)]
pub enum Work {
    /// A command. Answered by [`Reply::Answered`].
    Command(Command),
    /// A command, and who gives it: the journal names them. Answered by [`Reply::Answered`].
    Act {
        /// The command.
        command: Command,
        /// Who.
        by: Box<By>,
    },
    /// What one message of a machine states, however much it is. Answered by [`Reply::Noted`].
    Facts(Vec<Command>),
    /// A machine's renewal. Answered by [`Reply::Renewed`].
    Renew {
        /// Which machine.
        machine: MachineId,
        /// What it claims.
        renewal: Renewal,
    },
    /// A renewal by calls. Answered by [`Reply::CallsRenewed`].
    RenewCalls {
        /// Who asks.
        by: Caller,
        /// Which seats.
        seats: Vec<SeatRef>,
    },
}

/// What the engine is told.
#[derive(Debug)]
pub enum Input<T> {
    /// Somebody asks something.
    Job(Job<T>),
    /// A machine's link is up.
    Connected(MachineId),
    /// A machine's link is down.
    Disconnected(MachineId),
    /// What became of [`Output::Append`].
    Appended(Append),
    /// What came of [`Output::Reread`].
    Reread(Result<Vec<StoredRecord>, JournalError>),
    /// What came of [`Output::Probe`].
    Probed(Result<(), JournalError>),
}

/// What the driver does, in this order.
#[derive(Debug)]
pub enum Output<T> {
    /// Append as one, then [`Input::Appended`]. There is never a second one under way.
    Append {
        /// The newest record that the engine knows.
        expected: Seq,
        /// What follows it.
        batch: Vec<StoredRecord>,
    },
    /// Open the journal afresh, read all that is after this, then [`Input::Reread`].
    Reread {
        /// The newest record that the engine knows.
        after: Seq,
    },
    /// Try whether the journal can be written, then [`Input::Probed`].
    Probe,
    /// Answer.
    Reply {
        /// Whom.
        to: T,
        /// What.
        reply: Reply,
    },
    /// These are facts now, in the order of the journal; tell those who follow.
    Committed(Vec<Committed>),
    /// Somebody's seat is wanted; tell its machine.
    Wanted(Pick),
    /// Save this as a snapshot, when there is time.
    Snapshot(Box<Contents>),
    /// Whether the journal can be written changed.
    Health(Health),
}

/// A fact, and whom it touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The fact.
    pub record: Record,
    /// Whom it touches.
    pub touches: Vec<Touch>,
}

/// The answer to a [`Job`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// To [`Work::Command`] and [`Work::Act`].
    Answered(Result<Answer, Refusal>),
    /// To [`Work::Facts`]: why some of them changed nothing.
    Noted(Vec<Refusal>),
    /// To [`Work::Renew`].
    Renewed(RenewalAnswer),
    /// To [`Work::RenewCalls`].
    CallsRenewed(Vec<(SeatRef, CallRenewal)>),
    /// The command had no effect, because the journal could not be written.
    Failed(Failure),
}

/// Why the pool could not do what was asked. Nothing was changed; asking again later is safe.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The journal cannot be written.
    #[error("the pool cannot write its journal, so it grants and frees nothing: {0}")]
    Unwritable(JournalError),
    /// What was decided has no stored form that says the same: a defect of this program.
    #[error(transparent)]
    NotItself(#[from] NotItself),
    /// A record cannot be used, so the pool only reads.
    #[error(
        "the pool's store cannot be used ({}), so the pool only reads: nothing is granted, renewed \
         or released",
        .0.cause
    )]
    Halted(Poison),
    /// The caller's budget is used up.
    #[error("more was asked for than is written down for one caller")]
    TooMuch {
        /// The time after which there is room for one more.
        wait: Duration,
    },
    /// Other servers appended first, again and again.
    #[error("the journal is written by other servers faster than this one can follow: try again")]
    Crowded,
}

/// Whether the journal can be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Health {
    /// It can.
    #[default]
    Writable,
    /// It cannot: the pool grants and frees nothing until it can.
    Unwritable(JournalError),
    /// An append ended without a result; nobody is answered until the journal was read again.
    Unknown(JournalError),
}
