//! The pool as a pure state machine. No async, no I/O, no clock, no randomness.
//!
//! * [`decide()`] looks at a [`Command`] and either refuses it or says which [`Event`]s follow.
//! * [`apply()`] puts one event into the [`State`]; live and replay share it.
//! * [`Presence`] is what is volatile and beside the state: ends of leases, who is connected, how
//!   idle. It is rebuilt at every start, each end as now plus its full duration.
//! * [`due()`] says which timer commands the clock has made necessary, [`next_deadline`] when to
//!   look again; [`renew()`] and [`renew_calls`] prolong what is claimed, without an event.
//! * [`answer()`], [`outcome`] and [`facts`] say what to tell the one who asked.
//!
//! Time is an argument ([`Mono`]), ids are brought by the command.
#![no_std]
#![deny(clippy::arithmetic_side_effects)]
#![warn(missing_docs)]

extern crate alloc;

mod answer;
mod apply;
mod command;
mod decide;
mod definition;
mod due;
mod event;
mod fits;
mod follow;
mod holds;
mod idle;
mod index;
mod invariants;
mod line;
mod mono;
mod presence;
pub mod presets;
mod queries;
mod recovery;
mod refusal;
mod refused;
mod renew;
mod salvage;
mod state;
mod timers;

pub use answer::{Answer, Facts, Holder, Outcome, Refused, answer, facts, outcome};
pub use apply::apply;
pub use command::{Caller, Check, Command, Keeper, SignOn, WarningAnswer};
pub use decide::decide;
pub use definition::{
    Accept, ClientDefinition, DefinitionError, HOLD_LEAST, HOLD_MOST, HOLD_USUALLY, IdlePolicy,
    MAX_CLIENTS, MAX_DURATION, MAX_MESSAGE, MAX_OPERATIONS, MAX_SEATS, MIN_LEASE, Offline, OnSleep,
    Options, PoolDefinition, Privacy, Rule,
};
pub use due::{due, next_deadline};
pub use event::{Asked, At, BodyHash, Event, Release, RequestKey};
pub use fits::{Misfit, fits};
pub use holds::{HOLDS_OF_A_CALLER_LEAST, holds_of_a_caller};
pub use idle::{Idle, Pick, idle_picks};
pub use invariants::{InvariantBroken, check_invariants};
pub use mono::Mono;
pub use presence::{OVERDRAFTS_IN_WINDOW_MAX, OVERDRAFTS_WINDOW, PAUSE, Presence, TURN_AT_LEAST};
pub use recovery::{NewGeneration, Position, Recovering, Recovery, Wait};
pub use refusal::{Refusal, RefusalCode};
pub use refused::{REFUSALS_OF_A_SERVICE, REFUSALS_OF_OTHERS, RefusedRequest};
pub use renew::{
    CallRenewal, Gone, Leaving, Renewal, RenewalAnswer, Renewed, Unclaimed, renew, renew_calls,
};
pub use salvage::{Concerned, Doubts, Lost, Salvage};
pub use state::{
    Became, Contents, Counts, Ending, Machine, Offer, Place, Pool, Request, Seat, SeatKey, State,
    TakenBack, User, UserKind,
};

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test chooses its own numbers")]
mod tests;
