//! IPC: programs of one computer and its broker, over a local socket.
//!
//! Both sides greet first; the broker closes what does not greet in time. Requests carry ids that
//! the connection chooses, each is answered exactly once. After [`Request::Subscribe`] the broker
//! pushes one [`FromBroker::Snapshot`] and then every change, numbered without gaps.
//! Who the peer is, the broker learns from the kernel; no message says it.

mod news;
mod seen;

pub use news::{Change, Notice};
pub use seen::{
    AnchorKind, EndedSeat, Health, LinkState, Lost, MyOffer, MyPlace, MySeat, PoolState, View,
    Warning,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounded_text::{DisplayText, EmailText, ProgramText, TextError, TypedPassword};
use crate::ids::{ClientName, OfferId, Operation, PoolId, RequestId, SeatId, Secret};
use crate::link::{Accept, AccountUser, Outcome};
use crate::problem::Problem;
use crate::quantity::IdleSeconds;
use crate::stated;

/// The largest frame on IPC, in bytes, without its length prefix.
pub const IPC_FRAME_BYTES_MAX: usize = 64 * 1024;

/// The most resume keys of one greeting, and so the most seats that one program can bring back.
pub const RESUME_KEYS_MAX: usize = 64;

/// The most pools of one view: more than fit into a frame.
pub const POOLS_MAX: usize = 1_024;

/// The most changes of one push: each pool of the view before and of the view after, and the rest.
pub const CHANGES_MAX: usize = 2 * POOLS_MAX + 16;

/// The most seats of one person in one pool that a view shows: more than fit into a frame.
pub const SEATS_SHOWN_MAX: usize = 1_024;

/// What kind of program is on the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The tray: one per OS user and session. It reports idle times, and the session's seats end
    /// when it ends.
    Tray,
    /// The tray's window: may do all that its user may, anchors nothing.
    Window,
    /// A command that comes and goes.
    Cli,
    /// `hotseat run`: seats hang on this connection.
    Run,
    /// An application that speaks the protocol itself: seats hang on this connection.
    App,
}

/// A frame to the broker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToBroker {
    /// The first frame.
    Hello(Hello),
    /// Asks for something.
    Request {
        /// Chosen by the connection, unique on it while unanswered.
        id: u64,
        /// What.
        request: Request,
    },
    /// The tray's report on the person in front of the session, sent when it changes and at
    /// least every 15 s while a seat is held.
    Idle {
        /// Seconds since the last input; null when nothing can tell.
        #[serde(default, deserialize_with = "stated::number_or_none")]
        idle_s: Option<IdleSeconds>,
        /// Whether the screen is locked.
        #[serde(default, deserialize_with = "stated::yes_or_no")]
        locked: bool,
    },
    /// The answer to a ping.
    Pong {
        /// The ping's number.
        #[serde(deserialize_with = "stated::number")]
        n: u64,
    },
    /// A frame of a newer version; ignored.
    #[serde(other)]
    Unknown,
}

/// How a program introduces itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The version that it speaks; 0, which nobody speaks, where it says none that can be.
    #[serde(default, deserialize_with = "stated::version")]
    pub version: u32,
    /// Its own version, for people.
    #[serde(default, deserialize_with = "stated::text_or_empty::<ProgramText, _>")]
    pub program: String,
    /// What it is.
    pub role: Role,
    /// The user's display (`:0`, `wayland-0`), where the OS has no session of its own.
    #[serde(default, deserialize_with = "stated::text_or_none::<DisplayText, _>")]
    pub display: Option<String>,
    /// Keys of seats that hung on an earlier connection of this program, after a broker restart.
    #[serde(default, deserialize_with = "stated::list_or_empty::<RESUME_KEYS_MAX, _, _>")]
    pub resume: Vec<ResumeKey>,
}

/// What lets a program that reconnects keep the seat of its earlier connection. Random; only its
/// hash is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeKey {
    /// The seat.
    pub seat: SeatId,
    /// The secret that came with it.
    pub key: Secret,
}

/// What a program may ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// The whole view, once. Answered by [`Reply::View`].
    View,
    /// The whole view, then every change. Answered by [`Reply::Done`] and pushes.
    Subscribe,
    /// Logs the caller's OS user in on this machine. Answered by [`Reply::LoggedIn`].
    LogIn {
        /// The log-in.
        email: EmailText,
        /// The password; goes through to the pool, is stored nowhere.
        password: TypedPassword,
    },
    /// Signs off, ends the token, deletes it. Answered by [`Reply::Done`].
    LogOut,
    /// Takes a seat. Answered by [`Reply::Outcome`] when the pool has answered.
    SignOn {
        /// The intent, made by the caller; the same for a repeat.
        request: RequestId,
        /// The pool.
        pool: PoolId,
        /// The client; the pool's desktop client when absent.
        client: Option<ClientName>,
        /// Take a place in the line when no seat is free, and what to do with an offer.
        wait: Option<Accept>,
    },
    /// Gives seats back. Answered by [`Reply::SignedOff`] once it cannot be lost any more.
    SignOff {
        /// The pool; every pool when absent.
        pool: Option<PoolId>,
    },
    /// A check. Answered by [`Reply::Outcome`].
    Check {
        /// The intent.
        request: RequestId,
        /// The pool.
        pool: PoolId,
        /// The client.
        client: ClientName,
        /// What the client is doing; `log-in` when absent.
        operation: Option<Operation>,
    },
    /// Leaves a pool's line. Answered by [`Reply::Done`].
    LeaveLine {
        /// The pool.
        pool: PoolId,
    },
    /// Takes the offered seat. Answered by [`Reply::Outcome`].
    AcceptOffer {
        /// The offer.
        offer: OfferId,
    },
    /// Passes the offered seat on. Answered by [`Reply::Done`].
    DeclineOffer {
        /// The offer.
        offer: OfferId,
    },
    /// Answers an idle warning: counts as activity. Answered by [`Reply::Done`].
    Keep {
        /// The pool.
        pool: PoolId,
    },
    /// The person has read that a seat was lost, and need not be told again. Answered by
    /// [`Reply::Done`].
    AcknowledgeLoss {
        /// The pool.
        pool: PoolId,
    },
    /// What is wrong between here and the pool. Answered by [`Reply::Health`].
    Doctor,
    /// The program ends on purpose; seats of its session or connection are signed off first.
    /// Answered by [`Reply::Done`] once that cannot be lost any more.
    Goodbye,
    /// Shows the window: the broker passes it on to the session's tray. Answered by
    /// [`Reply::Done`].
    OpenWindow,
    /// A request of a newer version; answered by a problem.
    #[serde(other)]
    Unknown,
}

impl Request {
    /// A log-in with what somebody typed.
    ///
    /// # Errors
    ///
    /// When the address or the password is longer than any can be, or there is none; the error
    /// names which, and never repeats it.
    pub fn log_in(email: &str, password: Secret) -> Result<Self, TextError> {
        let (email, password) = (EmailText::new(email)?, TypedPassword::new(password)?);
        Ok(Self::LogIn { email, password })
    }
}

/// A frame of the broker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromBroker {
    /// The first frame; both sides send theirs without waiting for the other's.
    Hello {
        /// The version that the broker speaks; 0, which nobody speaks, where it says none that can
        /// be.
        #[serde(default, deserialize_with = "stated::version")]
        version: u32,
        /// The broker's own version, for people.
        #[serde(default, deserialize_with = "stated::text_or_empty::<ProgramText, _>")]
        program: String,
    },
    /// The greeting was accepted.
    Welcome {
        /// The OS session that the broker found for the peer, for people.
        session: String,
    },
    /// The greeting was refused; the connection closes.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// The answer to a request.
    Reply {
        /// The request's id.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// The answer to a request whose id is none: that comes back as it was said.
    #[serde(rename = "reply", skip_deserializing)]
    ReplyToOdd {
        /// What the request had for an id.
        id: Value,
        /// The answer.
        reply: Reply,
    },
    /// Everything, as it is now.
    Snapshot {
        /// This push's number.
        seq: u64,
        /// The view.
        view: View,
    },
    /// What changed since push `seq - 1`.
    Changed {
        /// This push's number.
        seq: u64,
        /// The changes, in order.
        #[serde(deserialize_with = "stated::whole_list::<CHANGES_MAX, _, _>")]
        changes: Vec<Change>,
    },
    /// Something a person should hear of once.
    Notice {
        /// What.
        notice: Notice,
    },
    /// The tray is to show its window.
    OpenWindow,
    /// To be answered by a pong within 30 s.
    Ping {
        /// Its number.
        #[serde(deserialize_with = "stated::number")]
        n: u64,
    },
    /// The broker stops; it says why the connection ends.
    Stopping,
    /// A frame of a newer version; ignored.
    #[serde(other)]
    Unknown,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    /// It is so now, whether or not it was so before.
    Done,
    /// The whole view.
    View {
        /// It.
        view: View,
    },
    /// What became of a sign-on, a check or an accepted offer.
    Outcome {
        /// It.
        outcome: Outcome,
        /// On the broker's boot-time clock, in ms: until when a granted seat is held without a
        /// further renewal.
        deadline_boot_ms: Option<u64>,
        /// Lets this program keep the seat over a broker restart, when it hangs on the connection.
        resume: Option<ResumeKey>,
    },
    /// The seats that were given back.
    SignedOff {
        /// Each pool in which a seat was held.
        #[serde(deserialize_with = "stated::whole_list::<POOLS_MAX, _, _>")]
        pools: Vec<PoolId>,
    },
    /// Logged in.
    LoggedIn {
        /// Who.
        user: AccountUser,
    },
    /// What is wrong.
    Health {
        /// It.
        health: Health,
    },
    /// It failed, or the rules said no.
    Problem {
        /// Why.
        problem: Problem,
    },
    /// An answer of a newer version.
    #[serde(other)]
    Unknown,
}
