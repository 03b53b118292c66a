//! What somebody wants, in the imperative. Fresh ids are brought along; they are used or dropped.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{
    Anchor, ClientName, Generation, MachineId, OfferId, Operation, PlaceId, PoolId, RequestId,
    SeatId, SeatRef, Seq, ServiceId, UserId, WallTime,
};
use hotseat_protocol::reason::ReleaseReason;

use super::definition::{Accept, PoolDefinition};
use super::event::{Asked, BodyHash, RequestKey};
use super::recovery::{NewGeneration, Position, Wait};
use super::salvage::Doubts;
use super::state::UserKind;

/// Who asks: the scope of request ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// A machine's broker, over its link.
    Machine(MachineId),
    /// An application server or script with a service token.
    Service(ServiceId),
    /// A person with their own token, over REST.
    User(UserId),
    /// An administrator.
    Admin,
}

impl Caller {
    /// Who would keep the seats that this caller signs on.
    #[must_use]
    pub fn keeper(self) -> Keeper {
        match self {
            Self::Machine(machine) => Keeper::Machine(machine),
            Self::Service(_) | Self::User(_) | Self::Admin => Keeper::Calls,
        }
    }
}

/// Who renews a seat or a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keeper {
    /// A machine's broker.
    Machine(MachineId),
    /// Calls over REST.
    Calls,
}

/// How a warning was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningAnswer {
    /// *Keep my seat*.
    Kept,
    /// The person came back to work.
    Active,
    /// The warning was taken back: nobody waits any more.
    Withdrawn,
    /// *Sign off now*.
    SignedOff,
    /// Nobody answered in time.
    Unanswered,
}

/// A request for a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOn {
    /// Who asks, and so who keeps the seat.
    pub caller: Caller,
    /// Made by the outermost caller for this intent.
    pub request: RequestId,
    /// Hash of the body.
    pub body: BodyHash,
    /// In which pool.
    pub pool: PoolId,
    /// For whom.
    pub user: UserId,
    /// By which way in.
    pub client: ClientName,
    /// Doing what.
    pub operation: Operation,
    /// What the seat shall hang on. Calls without a session bring the request id.
    pub anchor: Anchor,
    /// Wait in line when no seat is free: how an offer would be taken. None: do not wait.
    pub wait: Option<Accept>,
    /// A fresh id for the seat.
    pub fresh_seat: SeatId,
    /// A fresh id for the place.
    pub fresh_place: PlaceId,
}

impl SignOn {
    /// What the journal keeps of it.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            request: RequestKey { caller: self.caller, id: self.request },
            body: self.body,
            pool: self.pool.clone(),
            user: self.user,
            client: self.client.clone(),
            operation: self.operation.clone(),
        }
    }
}

/// A test that a seat is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Who asks.
    pub caller: Caller,
    /// Made by the outermost caller for this intent.
    pub request: RequestId,
    /// Hash of the body.
    pub body: BodyHash,
    /// In which pool.
    pub pool: PoolId,
    /// For whom.
    pub user: UserId,
    /// By which way in; any client may check.
    pub client: ClientName,
    /// Doing what.
    pub operation: Operation,
}

/// All that can be asked of the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Begin a store. Once, as the first command.
    Initialise {
        /// Its random number.
        generation: Generation,
    },
    /// Begin another generation of a store that was restored or rolled back: nothing is granted
    /// for a while.
    BeginGeneration {
        /// A new random number.
        generation: Generation,
        /// Why.
        why: NewGeneration,
        /// How long nothing is granted: the longest lease that somebody may still believe in.
        wait: Wait,
        /// Generations that are given up too, although the journal does not know them.
        lost: Vec<Generation>,
    },
    /// Have whoever is in doubt refused, after records were set aside.
    Quarantine {
        /// The first of the records.
        record: Seq,
        /// How many later ones went with it.
        others: u64,
        /// Who and what is in doubt.
        doubts: Box<Doubts>,
    },
    /// Say that a machine in doubt was not revoked.
    ConfirmMachine {
        /// Which.
        machine: MachineId,
    },
    /// A machine showed a place in this store's history that the store has sealed.
    NoteSeen {
        /// Which machine.
        machine: MachineId,
        /// What it has seen.
        seen: Position,
    },
    /// Make a pool, or change it.
    DefinePool {
        /// All of it.
        definition: Box<PoolDefinition>,
    },
    /// Remove a pool.
    RemovePool {
        /// Which.
        pool: PoolId,
    },
    /// Add a user, enabled.
    AddUser {
        /// Who.
        user: UserId,
        /// Counted or not.
        kind: UserKind,
    },
    /// Change a user.
    SetUser {
        /// Who.
        user: UserId,
        /// Counted or not, from the next grant on.
        kind: UserKind,
        /// Whether they may sign on.
        enabled: bool,
    },
    /// Remove a user.
    RemoveUser {
        /// Who.
        user: UserId,
    },
    /// Enrol a machine.
    AddMachine {
        /// Which.
        machine: MachineId,
    },
    /// Revoke a machine's credential.
    RevokeMachine {
        /// Which.
        machine: MachineId,
    },
    /// Take a seat, or a place in line.
    SignOn(SignOn),
    /// Test that a seat is free.
    Check(Check),
    /// Ask what became of a request. Over REST this keeps a place, and takes an `auto` offer.
    AskRequest {
        /// Which.
        request: RequestKey,
        /// A fresh id for the seat.
        fresh_seat: SeatId,
    },
    /// Give a seat back.
    SignOff {
        /// Who asks.
        by: Caller,
        /// Which seat, at which epoch.
        seat: SeatRef,
        /// Why.
        reason: ReleaseReason,
    },
    /// A machine has ended its belief in a leaving seat.
    ConfirmLeaving {
        /// Which machine.
        machine: MachineId,
        /// Which seat, at which epoch.
        seat: SeatRef,
    },
    /// End whatever a request brought or will bring.
    Cancel {
        /// Which.
        request: RequestKey,
        /// Why a seat that was granted meanwhile ends.
        reason: ReleaseReason,
    },
    /// Leave the line.
    LeaveLine {
        /// Who asks.
        by: Caller,
        /// Which place.
        place: PlaceId,
    },
    /// Take the offered seat.
    AcceptOffer {
        /// Who asks.
        by: Caller,
        /// Which offer.
        offer: OfferId,
        /// The request that it was offered to, where the taker names it: a newer request may have
        /// taken over the place and its offer since.
        request: Option<RequestKey>,
        /// A fresh id for the seat.
        fresh_seat: SeatId,
    },
    /// Pass the offered seat on, and leave the line.
    DeclineOffer {
        /// Who asks.
        by: Caller,
        /// Which offer.
        offer: OfferId,
        /// The request that it was offered to, as of a taking.
        request: Option<RequestKey>,
    },
    /// Take a seat back.
    Reclaim {
        /// Who asks.
        by: Caller,
        /// Which seat, whatever its epoch.
        seat: SeatId,
        /// What to tell the holder.
        why: Option<String>,
    },
    /// Note that a holder was warned for being idle.
    NoteWarning {
        /// Which machine showed it.
        machine: MachineId,
        /// Which seat.
        seat: SeatRef,
    },
    /// Note how the warning was answered.
    AnswerWarning {
        /// Who says so: the machine, or the holder over REST.
        by: Caller,
        /// Which seat.
        seat: SeatRef,
        /// How.
        answer: WarningAnswer,
    },
    /// Note that somebody worked on without a seat while the pool was silent.
    NoteOverdraft {
        /// Which machine.
        machine: MachineId,
        /// The seat that was held before.
        seat: SeatId,
        /// Its pool.
        pool: PoolId,
        /// Who worked on.
        user: UserId,
        /// From when.
        from: WallTime,
        /// Until when.
        to: WallTime,
        /// It ended later, nobody knows when.
        at_least: bool,
    },
    /// Note that a holder was idle for a while.
    NoteIdleSpell {
        /// Which machine saw it.
        machine: MachineId,
        /// Which seat.
        seat: SeatRef,
        /// From when.
        from: WallTime,
        /// Until when.
        to: WallTime,
    },
    /// Timer: a lease may have ended.
    ExpireSeat {
        /// Which.
        seat: SeatId,
    },
    /// Timer: a session on a machine-kept seat may have timed out.
    TimeOutSession {
        /// Which.
        seat: SeatId,
    },
    /// Timer: nobody may have asked for a place.
    LapsePlace {
        /// Which.
        place: PlaceId,
    },
    /// Timer: an offer may have lapsed.
    LapseOffer {
        /// Which.
        offer: OfferId,
    },
    /// A seat may be free and somebody may wait for it.
    OfferNext {
        /// In which pool.
        pool: PoolId,
        /// A fresh id for the offer.
        fresh_offer: OfferId,
    },
    /// Timer: refused checks may have to be written down.
    TallyChecks {
        /// In which pool.
        pool: PoolId,
        /// For whom.
        user: UserId,
        /// By which way in.
        client: ClientName,
    },
    /// Timer: an hour of the pool's time may have passed.
    AgeRequests,
    /// Timer: nobody may believe in a lost seat any more.
    EndRecovery,
}
