//! What must survive the broker: seats, intents, sign-offs, cancels, hooks and log-ins.
//!
//! The shell keeps one [`Saved`] on disk. It applies each [`Change`] of a write, writes the whole
//! durably, and hands the value back at the next start.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;

use hotseat_protocol::ids::{
    Anchor, ClientName, PoolId, RequestId, SeatId, SeatRef, Secret, UserId, WallTime,
};
use hotseat_protocol::link::{Accept, AccountUser, Overdraft};
use hotseat_protocol::reason::ReleaseReason;

/// A user of the operating system: a uid in decimal, or a Windows SID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OsUser(pub String);

impl fmt::Display for OsUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One OS user's log-in on this machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey {
    /// Whose.
    pub user: OsUser,
    /// The name that the OS gives it, or `uid N` where there is none.
    pub name: String,
}

/// SHA-256 of a resume key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// What a seat or an intent hangs on, over a restart of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SavedAnchor {
    /// The OS session.
    Session(SessionKey),
    /// One process's connection.
    Connection {
        /// What lets the process come back for its seat.
        resume: KeyHash,
    },
}

/// A seat that the machine keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSeat {
    /// The seat, at the newest epoch that was heard of.
    pub seat: SeatRef,
    /// Its pool.
    pub pool: PoolId,
    /// The OS user whose seat it is.
    pub owner: OsUser,
    /// The holder.
    pub user: UserId,
    /// The way in.
    pub client: ClientName,
    /// The request that was answered by it.
    pub request: RequestId,
    /// Since when.
    pub since: WallTime,
    /// Whether it counts.
    pub counted: bool,
    /// What it hangs on.
    pub anchor: SavedAnchor,
}

/// A sign-on that may have been sent: it is a seat, a place, or unanswered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedIntent {
    /// The intent.
    pub request: RequestId,
    /// The OS user who wants it.
    pub owner: OsUser,
    /// The person.
    pub user: UserId,
    /// The pool.
    pub pool: PoolId,
    /// The client; the pool's desktop client when none.
    pub client: Option<ClientName>,
    /// Whether to wait, and what to do with an offer.
    pub wait: Option<Accept>,
    /// What the pool was told that the seat hangs on; a repeat says the same.
    pub told: Anchor,
    /// What it hangs on.
    pub anchor: SavedAnchor,
}

/// A sign-off that the pool has not answered yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSignOff {
    /// The seat, at the newest epoch that was heard of.
    pub seat: SeatRef,
    /// Why.
    pub reason: ReleaseReason,
}

/// A hook that must be run to its end before the pool is told. It is written down together with the
/// end of the seat, so that a broker that was started again runs it once more: at least once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedHook {
    /// As whom.
    pub owner: OsUser,
    /// Whose hook.
    pub pool: PoolId,
    /// Why the seat ended.
    pub reason: ReleaseReason,
}

/// Work without a seat that the pool was not told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedOverdraft {
    /// What the pool will be told. While the work goes on, its length is what was last noted.
    pub report: Overdraft,
    /// Since when, on the boot-time clock, in ms, while the work goes on; none once it is over.
    pub since_boot_ms: Option<u64>,
}

/// A log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedAccount {
    /// Good for this user on this machine; shown to nobody.
    pub token: Secret,
    /// Who.
    pub user: AccountUser,
    /// When the token ends unless it is used.
    pub expires_at: WallTime,
}

/// Everything durable, as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// Seats.
    pub seats: BTreeMap<SeatId, SavedSeat>,
    /// Sign-ons without a final answer.
    pub intents: BTreeMap<RequestId, SavedIntent>,
    /// Sign-offs without an answer.
    pub sign_offs: BTreeMap<SeatId, SavedSignOff>,
    /// Sign-ons that must come to nothing, and why.
    pub cancels: BTreeMap<RequestId, ReleaseReason>,
    /// Log-ins.
    pub accounts: BTreeMap<OsUser, SavedAccount>,
    /// Tokens that must end and have not yet, by the number of their log-out.
    pub ending_tokens: BTreeMap<u64, Secret>,
    /// Work without a seat that the pool was not told yet, by number.
    pub overdrafts: BTreeMap<u64, SavedOverdraft>,
    /// Hooks that have not ended, by their seat.
    pub hooks: BTreeMap<SeatId, SavedHook>,
}

/// One change of [`Saved`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Adds or replaces a seat.
    PutSeat(Box<SavedSeat>),
    /// Removes a seat.
    DropSeat(SeatId),
    /// Adds or replaces an intent.
    PutIntent(Box<SavedIntent>),
    /// Removes an intent.
    DropIntent(RequestId),
    /// Adds or replaces a sign-off.
    PutSignOff(SavedSignOff),
    /// Removes a sign-off.
    DropSignOff(SeatId),
    /// Adds a cancel.
    PutCancel(RequestId, ReleaseReason),
    /// Removes a cancel.
    DropCancel(RequestId),
    /// Adds or replaces a log-in.
    PutAccount(OsUser, Box<SavedAccount>),
    /// Removes a log-in.
    DropAccount(OsUser),
    /// Adds a token that must end.
    PutEndingToken(u64, Secret),
    /// Removes a token that has ended.
    DropEndingToken(u64),
    /// Adds or replaces an overdraft.
    PutOverdraft(u64, Box<SavedOverdraft>),
    /// Removes one that the pool was told.
    DropOverdraft(u64),
    /// Adds or replaces a hook.
    PutHook(SeatId, Box<SavedHook>),
    /// Removes a hook that has ended.
    DropHook(SeatId),
}

impl Saved {
    /// Makes one change. Making it twice is the same as once.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::PutSeat(seat) => {
                self.seats.insert(seat.seat.id, (**seat).clone());
            }
            Change::DropSeat(seat) => {
                self.seats.remove(seat);
            }
            Change::PutIntent(intent) => {
                self.intents.insert(intent.request, (**intent).clone());
            }
            Change::DropIntent(request) => {
                self.intents.remove(request);
            }
            Change::PutSignOff(sign_off) => {
                self.sign_offs.insert(sign_off.seat.id, sign_off.clone());
            }
            Change::DropSignOff(seat) => {
                self.sign_offs.remove(seat);
            }
            Change::PutCancel(request, reason) => {
                self.cancels.insert(*request, *reason);
            }
            Change::DropCancel(request) => {
                self.cancels.remove(request);
            }
            Change::PutAccount(user, account) => {
                self.accounts.insert(user.clone(), (**account).clone());
            }
            Change::DropAccount(user) => {
                self.accounts.remove(user);
            }
            Change::PutEndingToken(number, token) => {
                self.ending_tokens.insert(*number, token.clone());
            }
            Change::DropEndingToken(number) => {
                self.ending_tokens.remove(number);
            }
            Change::PutOverdraft(number, overdraft) => {
                self.overdrafts.insert(*number, (**overdraft).clone());
            }
            Change::DropOverdraft(number) => {
                self.overdrafts.remove(number);
            }
            Change::PutHook(seat, hook) => {
                self.hooks.insert(*seat, (**hook).clone());
            }
            Change::DropHook(seat) => {
                self.hooks.remove(seat);
            }
        }
    }
}

impl Change {
    /// Whether both are about the same record, so that the later one says it all.
    pub(super) fn same_thing(&self, other: &Change) -> bool {
        self.thing() == other.thing()
    }

    fn thing(&self) -> Thing<'_> {
        match self {
            Self::PutSeat(seat) => Thing::Seat(seat.seat.id),
            Self::DropSeat(seat) => Thing::Seat(*seat),
            Self::PutIntent(intent) => Thing::Intent(intent.request),
            Self::DropIntent(request) => Thing::Intent(*request),
            Self::PutSignOff(sign_off) => Thing::SignOff(sign_off.seat.id),
            Self::DropSignOff(seat) => Thing::SignOff(*seat),
            Self::PutCancel(request, _) | Self::DropCancel(request) => Thing::Cancel(*request),
            Self::PutAccount(user, _) | Self::DropAccount(user) => Thing::Account(user),
            Self::PutEndingToken(number, _) | Self::DropEndingToken(number) => {
                Thing::EndingToken(*number)
            }
            Self::PutOverdraft(number, _) | Self::DropOverdraft(number) => {
                Thing::Overdraft(*number)
            }
            Self::PutHook(seat, _) | Self::DropHook(seat) => Thing::Hook(*seat),
        }
    }
}

/// What a change is about.
#[derive(PartialEq, Eq)]
enum Thing<'a> {
    Seat(SeatId),
    Intent(RequestId),
    SignOff(SeatId),
    Cancel(RequestId),
    Account(&'a OsUser),
    EndingToken(u64),
    Overdraft(u64),
    Hook(SeatId),
}

/// Which boot of the machine the saved state is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boot {
    /// Another one (or it cannot be told): all that was left is signed off at once.
    Another,
    /// This one: what was left waits so long, in ms, for its tray or process to come back.
    /// [`RESTART_GRACE_MS`](super::RESTART_GRACE_MS), after an announced upgrade
    /// [`UPGRADE_GRACE_MS`](super::UPGRADE_GRACE_MS).
    Same {
        /// The grace.
        grace_ms: u64,
    },
}
