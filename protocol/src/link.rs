//! The link: the broker of one machine and the pool, over one WebSocket.
//!
//! The machine shows its credential as a bearer token when the WebSocket is opened; the first
//! frame is [`ToPool::Hello`], the answer [`FromPool::Welcome`] or [`FromPool::Refused`].
//! Every later frame of the machine is numbered from 1 and answered exactly once, with its number:
//! the answer's number is what fences leases in time.
//! Facts come unasked: a snapshot after the welcome, then changes.

mod answers;
mod greeting;
mod projection;

pub use answers::{
    AccountUser, CLAIMS_MAX, Outcome, PlaceClaimEnd, PlaceLeft, PoolAnswer, Renewed, SeatClaimEnd,
    SeatLeft, UnclaimedSeat,
};
pub use greeting::{JournalPosition, LinkHello};
pub use projection::{MachinePlace, MachineSeat, OfferState, Projected, SeatEnd};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::bounded_list::{ClaimedPlaces, ClaimedSeats, LeftSeats};
use crate::bounded_text::{DisplayName, EmailText, OsUserText, ProgramText, Seal, TypedPassword};
use crate::ids::{
    Anchor, ClientName, OfferId, Operation, PoolId, RequestId, SeatRef, Secret, UserId, WallTime,
};
use crate::problem::Problem;
use crate::quantity::{AgoMs, IdleSeconds, LeaseMs, OverdraftMs};
use crate::reason::ReleaseReason;
use crate::stated;

/// The largest frame on the link, in bytes.
pub const LINK_FRAME_BYTES_MAX: usize = 1024 * 1024;

/// The most parts of one push: what fits into a frame of the smallest.
pub const ITEMS_MAX: usize = LINK_FRAME_BYTES_MAX / 16;

/// The most people of one machine who are told in one frame.
pub const LOG_INS_MAX: usize = 20_000;

/// The path of the WebSocket below the server's address.
pub const LINK_PATH: &str = "/api/v1/link";

/// A frame of the machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToPool {
    /// The first frame.
    Hello(LinkHello),
    /// Everything else.
    Message {
        /// Counts from 1 on each link.
        n: u64,
        /// What is asked.
        body: MachineMessage,
    },
    /// A frame of a newer version; ignored.
    #[serde(other)]
    Unknown,
}

/// What a machine asks of the pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MachineMessage {
    /// Renews everything that the machine claims. Answered by [`PoolAnswer::Renewed`].
    Renew(Renewal),
    /// Takes a seat or, with `wait`, a place in the line. Answered by [`PoolAnswer::Outcome`].
    SignOn(SignOn),
    /// Passes or fails, consumes nothing. Answered by [`PoolAnswer::Outcome`].
    Check {
        /// The intent.
        request: RequestId,
        /// The user's token, obtained on this machine.
        token: Secret,
        /// The pool.
        pool: PoolId,
        /// The client; must be one of the pool's.
        client: ClientName,
        /// What the client is doing; `log-in` when absent.
        operation: Option<Operation>,
    },
    /// Gives a seat back; authorised by machine and (seat, epoch). Answered by
    /// [`PoolAnswer::Done`], also when the seat has already ended.
    SignOff {
        /// The seat and the newest epoch that the machine knows of.
        seat: SeatRef,
        /// Why.
        reason: ReleaseReason,
    },
    /// Ends whatever this request was or will be granted. Answered by [`PoolAnswer::Done`].
    Cancel {
        /// The intent of the sign-on.
        request: RequestId,
        /// Why a seat that was granted meanwhile ends.
        reason: ReleaseReason,
    },
    /// Leaves the line. Answered by [`PoolAnswer::Done`].
    LeaveLine {
        /// The request that holds the place.
        request: RequestId,
    },
    /// Takes the offered seat. Answered by [`PoolAnswer::Outcome`].
    AcceptOffer {
        /// The offer.
        offer: OfferId,
        /// The request that holds the place.
        request: RequestId,
    },
    /// Passes the offered seat on. Answered by [`PoolAnswer::Done`].
    DeclineOffer {
        /// The offer.
        offer: OfferId,
        /// The request that holds the place.
        request: RequestId,
    },
    /// These seats, which the pool is reclaiming, are no longer used here. Answered by
    /// [`PoolAnswer::Done`].
    LeavingDone {
        /// The seats.
        seats: LeftSeats,
    },
    /// What became of an idle warning, for the journal. Answered by [`PoolAnswer::Done`].
    WarningEnded {
        /// The warned seat.
        seat: SeatRef,
        /// How it was answered.
        outcome: WarningOutcome,
        /// Seconds without input when the warning was shown.
        idle_s: IdleSeconds,
    },
    /// Somebody worked on without a seat while the pool was silent, as its `offline` policy
    /// tolerates; for the journal. Repeated until answered by [`PoolAnswer::Done`].
    Overdraft(Overdraft),
    /// A person logs in on this machine. Answered by [`PoolAnswer::LoggedIn`].
    LogIn {
        /// The log-in.
        email: EmailText,
        /// The password; never stored, never logged.
        password: TypedPassword,
        /// Who types it, as the machine's operating system names them (a uid, a SID): what one
        /// of them gets wrong does not lock out another. Brokers of earlier versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        os_user: Option<OsUserText>,
    },
    /// Ends a token. Answered by [`PoolAnswer::Done`].
    LogOut {
        /// The token.
        token: Secret,
    },
    /// Asks for a snapshot, because a push was missed. Answered by [`PoolAnswer::Done`].
    Resync,
    /// A message of a newer version; answered by a problem.
    #[serde(other)]
    Unknown,
}

/// A sign-on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignOn {
    /// The intent.
    pub request: RequestId,
    /// The user's token, obtained on this machine.
    pub token: Secret,
    /// The pool.
    pub pool: PoolId,
    /// The client; the pool's desktop client when absent.
    pub client: Option<ClientName>,
    /// What the seat hangs on.
    pub anchor: Anchor,
    /// Take a place in the line when no seat is free, and what to do with an offer.
    pub wait: Option<Accept>,
}

/// What an offer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// It becomes a seat at once (command line).
    Auto,
    /// The person is asked (tray).
    Ask,
}

/// How an idle warning ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningOutcome {
    /// "Keep my seat".
    Kept,
    /// Input came before the deadline.
    Active,
    /// "Sign off now".
    SignedOff,
    /// No answer: signed off at the deadline.
    Unanswered,
    /// The machine no longer knew whether the person was idle.
    Unknown,
    /// Nobody waits for the seat any more.
    Withdrawn,
}

/// Work without a seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overdraft {
    /// The seat that was held before.
    pub seat: SeatRef,
    /// Its pool.
    pub pool: PoolId,
    /// Who worked on.
    pub user: UserId,
    /// When the seat could be believed in no longer, by the machine's wall clock.
    #[serde(deserialize_with = "overdraft_from")]
    pub from: WallTime,
    /// For how long, in ms: until the pool answered, or the work ended.
    pub lasted_ms: OverdraftMs,
    /// It lasted longer by an unknown time: the machine went down before the work was over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_least: bool,
}

/// Says which field it is: nothing around an overdraft does.
fn overdraft_from<'de, D: Deserializer<'de>>(deserializer: D) -> Result<WallTime, D::Error> {
    WallTime::deserialize(deserializer)
        .map_err(|error| D::Error::custom(format_args!("from: {error}")))
}

/// One renewal for everything that a machine keeps, or for as much of it as one message can claim:
/// what is not claimed in it is neither renewed nor ended by it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Renewal {
    /// The seats that the machine claims.
    pub seats: ClaimedSeats,
    /// The requests whose places it claims.
    pub places: ClaimedPlaces,
}

/// A claim, with what is known of the person in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedSeat {
    /// The seat.
    pub seat: SeatRef,
    /// Seconds since the last input, counted from the lock when the screen is locked; null when
    /// unknown.
    pub idle_s: Option<IdleSeconds>,
    /// Whether the idle rules apply: a seat that hangs on a process is exempt.
    #[serde(default)]
    pub idle_exempt: bool,
}

/// A frame of the pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromPool {
    /// The greeting was accepted; a snapshot follows.
    Welcome {
        /// The version spoken on this link.
        #[serde(deserialize_with = "stated::number")]
        version: u32,
        /// The pool server's own version, for people.
        #[serde(deserialize_with = "stated::text::<ProgramText, _>")]
        program: String,
        /// Where its journal is.
        position: JournalPosition,
        /// The shortest lease T that seats of machines get in any pool, in ms, until a pool's policy
        /// states another.
        #[serde(deserialize_with = "stated::number")]
        lease_ms: LeaseMs,
        /// The pool's seal on `position`: hexadecimal, of no meaning to the machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[serde(deserialize_with = "stated::whole_text_or_none::<Seal, _>")]
        seal: Option<String>,
        /// The secret that the next greeting must show. The machine's first message says that it
        /// is durable: only from then on do secret and link count.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[serde(deserialize_with = "stated::secret_or_none")]
        secret: Option<Secret>,
        /// The machine showed an older secret, as a cloned image or a restored backup does: what
        /// it was left by an earlier broker is not its own, except sign-offs that were accepted.
        #[serde(default)]
        void: bool,
    },
    /// The greeting was refused; the link closes.
    Refused {
        /// Why.
        problem: Problem,
    },
    /// The answer to message `n`.
    Answer {
        /// The message's number.
        #[serde(deserialize_with = "stated::number")]
        n: u64,
        /// The answer.
        answer: PoolAnswer,
    },
    /// The answer to a message whose number is none: that comes back as it was said.
    #[serde(rename = "answer", skip_deserializing)]
    AnswerToOdd {
        /// What the message had for a number.
        n: Value,
        /// The answer.
        answer: PoolAnswer,
    },
    /// One page of the machine's projection; replaces everything known before.
    Snapshot {
        /// This push's number.
        #[serde(deserialize_with = "stated::number")]
        push: u64,
        /// Where the journal was.
        position: JournalPosition,
        /// This page, from 1.
        #[serde(deserialize_with = "stated::number")]
        page: u32,
        /// All pages.
        #[serde(deserialize_with = "stated::number")]
        pages: u32,
        /// The page's part.
        #[serde(deserialize_with = "stated::list::<ITEMS_MAX, _, _>")]
        items: Vec<Projected>,
    },
    /// Changes since the push before.
    Changed {
        /// This push's number.
        #[serde(deserialize_with = "stated::number")]
        push: u64,
        /// The number before; another than the last one seen means a gap: ask for a snapshot.
        #[serde(deserialize_with = "stated::number")]
        previous: u64,
        /// Where the journal was.
        position: JournalPosition,
        /// What changed.
        #[serde(deserialize_with = "stated::list::<ITEMS_MAX, _, _>")]
        items: Vec<Projected>,
    },
    /// A journal position under the pool's seal; the next greeting shows the newest one. Sent
    /// after pushes about the machine's own seats, and now and then.
    Sealed {
        /// Where the journal was.
        position: JournalPosition,
        /// The seal on it.
        #[serde(deserialize_with = "stated::whole_text::<Seal, _>")]
        seal: String,
    },
    /// Another computer showed an older secret of this machine and was refused: it is a clone of
    /// this one, or the other way round.
    CloneSeen {
        /// When.
        at: WallTime,
    },
    /// Somebody waits and this holder is the longest idle: warn him.
    WarnIdle {
        /// The seat.
        seat: SeatRef,
        /// The waiter's name, as privacy allows.
        #[serde(default, deserialize_with = "stated::text_or_none::<DisplayName, _>")]
        waiter: Option<String>,
    },
    /// The holder said elsewhere that the seat is kept: activity at that time, which ends a
    /// warning given for idleness before it. Said again after a snapshot.
    Kept {
        /// The seat.
        seat: SeatRef,
        /// How long before this frame was made, in ms.
        #[serde(deserialize_with = "stated::number")]
        ago_ms: AgoMs,
    },
    /// Everybody who is logged in on this machine, said at the beginning of a link and whenever a
    /// log-in here was ended elsewhere. Every other log-in of the machine has ended.
    LogIns {
        /// The people. If one cannot be read, or there are too many, the frame says nothing.
        #[serde(deserialize_with = "stated::whole_list::<LOG_INS_MAX, _, _>")]
        users: Vec<UserId>,
    },
    /// A frame of a newer version; ignored.
    #[serde(other)]
    Unknown,
}
