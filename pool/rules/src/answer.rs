//! What to tell the one who asked, from the state after their command.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{
    ClientName, OfferId, Operation, PlaceId, PoolId, SeatId, SeatRef, UserId, WallTime,
};

use super::command::Command;
use super::definition::Accept;
use super::event::{Event, RequestKey};
use super::idle::Idle;
use super::mono::Mono;
use super::presence::Presence;
use super::recovery::Recovering;
use super::refusal::{Refusal, RefusalCode};
use super::refused::RefusedRequest;
use super::state::{Became, Ending, State, TakenBack};

/// A refusal lists at most so many holders: enough to ask around, small enough for a frame.
pub(super) const HOLDERS_TOLD: usize = 100;

/// The answer to a command that was not refused as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done, or there was nothing to do.
    Done,
    /// The check passed: a seat was free at this instant.
    Passed,
    /// The check was refused.
    Refused(Refused),
    /// What became of the request.
    Became(Outcome),
}

/// What became of a request, as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was refused.
    Refused(Refused),
    /// It has a place in line.
    Waiting {
        /// The place.
        place: PlaceId,
        /// Its position, from 1.
        position: u32,
    },
    /// It is offered a seat.
    Offered {
        /// The place.
        place: PlaceId,
        /// The offer.
        offer: OfferId,
        /// How it is to be taken.
        accept: Accept,
        /// How long it still stands.
        left: Duration,
    },
    /// It has a seat.
    Seat {
        /// The seat and its epoch.
        seat: SeatRef,
        /// In which pool.
        pool: PoolId,
        /// For whom.
        user: UserId,
        /// By which way in.
        client: ClientName,
        /// Whether it takes one of the pool's seats.
        counted: bool,
        /// When the stay began, for people.
        since: WallTime,
        /// T, from which a machine works out its own deadline.
        lease: Duration,
        /// What is left of the lease.
        left: Duration,
    },
    /// It is over. Of a leaving seat the machine hears this too: it must stop using it.
    Ended(Ending),
}

/// A refused sign-on or check, with the truth as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub code: RefusalCode,
    /// The text that the client's application expects, where a seat is what was wanting.
    pub fixed_message: Option<String>,
    /// How the pool stands.
    pub facts: Facts,
    /// The user's own position in line, from 1, if they have one.
    pub position: Option<u32>,
}

/// How a pool stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which pool.
    pub pool: PoolId,
    /// How many counted seats there are.
    pub seats: u32,
    /// How many are taken, leaving ones included.
    pub in_use: u32,
    /// How many are set aside by offers.
    pub offered: u32,
    /// How many are set aside by checks that have passed.
    pub provisional: u32,
    /// How many wait, those with an offer included.
    pub waiting: u32,
    /// Who holds them, those whose seats count first, then the longest stay, at most 100.
    pub holders: Vec<Holder>,
    /// Why nothing is granted whatever is free; none while all is well.
    pub recovering: Option<Recovering>,
}

/// One who holds a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The seat.
    pub seat: SeatId,
    /// Who.
    pub user: UserId,
    /// By which way in.
    pub client: ClientName,
    /// Since when.
    pub since: WallTime,
    /// How long since their last input.
    pub idle: Idle,
    /// Whether it takes one of the pool's seats.
    pub counted: bool,
    /// Whether it is being taken back.
    pub leaving: bool,
}

/// The answer to a command, from what [`decide`](super::decide()) said about it and the state
/// after its events.
///
/// # Errors
///
/// Hands on every refusal but that of a check, which is an answer.
pub fn answer(
    state: &State,
    presence: &Presence,
    command: &Command,
    decision: &Result<Vec<Event>, Refusal>,
    now: Mono,
) -> Result<Answer, Refusal> {
    if let Command::Check(check) = command {
        let code = match decision {
            Ok(events) => events.iter().find_map(refused_code),
            Err(Refusal::CheckRefused { code }) => Some(*code),
            Err(other) => return Err(other.clone()),
        };
        return Ok(code.map_or(Answer::Passed, |code| {
            let of = Of {
                pool: &check.pool,
                user: check.user,
                client: &check.client,
                operation: &check.operation,
            };
            Answer::Refused(refused(state, presence, of, code, now))
        }));
    }
    decision.as_ref().map_err(Clone::clone)?;
    let request = request_of(state, command);
    let outcome = request.and_then(|key| outcome(state, presence, &key, now));
    Ok(outcome.map_or(Answer::Done, Answer::Became))
}

fn refused_code(event: &Event) -> Option<RefusalCode> {
    if let Event::ChecksRefused { code, .. } = event { Some(*code) } else { None }
}

/// The request that a command is answered with.
fn request_of(state: &State, command: &Command) -> Option<RequestKey> {
    if let Command::SignOn(sign_on) = command {
        return Some(RequestKey { caller: sign_on.caller, id: sign_on.request });
    }
    if let Command::AskRequest { request, .. } | Command::Cancel { request, .. } = command {
        return Some(*request);
    }
    if let Command::AcceptOffer { offer, .. } | Command::DeclineOffer { offer, .. } = command {
        return state.contents().offers.get(offer).copied();
    }
    None
}

/// What became of a request; none when it is unknown, or forgotten after a day.
#[must_use]
pub fn outcome(state: &State, presence: &Presence, key: &RequestKey, now: Mono) -> Option<Outcome> {
    if let Some(request) = state.refused(key) {
        return Some(outcome_refused(state, presence, request, now));
    }
    let request = state.request(key)?;
    Some(match &request.became {
        Became::Waiting(place) => outcome_waiting(state, presence, *place, now)?,
        Became::Granted(seat) => outcome_granted(state, presence, *seat, now)?,
        Became::Ended(ending) => Outcome::Ended(ending.clone()),
    })
}

fn outcome_refused(
    state: &State,
    presence: &Presence,
    request: &RefusedRequest,
    now: Mono,
) -> Outcome {
    let of = Of {
        pool: &request.pool,
        user: request.user,
        client: &request.client,
        operation: &request.operation,
    };
    Outcome::Refused(refused(state, presence, of, request.code, now))
}

fn outcome_waiting(state: &State, presence: &Presence, id: PlaceId, now: Mono) -> Option<Outcome> {
    let place = state.place(id)?;
    Some(match place.offer_id() {
        Some(offer) => {
            let left = presence.offer_left(offer, now);
            Outcome::Offered { place: id, offer, accept: place.accept, left }
        }
        None => Outcome::Waiting { place: id, position: state.position(id)? },
    })
}

fn outcome_granted(
    state: &State,
    presence: &Presence,
    granted: SeatRef,
    now: Mono,
) -> Option<Outcome> {
    let seat = state.seat(granted.id)?;
    if let Some(leaving) = &seat.leaving {
        return Some(ended(granted, leaving));
    }
    let pool = state.pool(&seat.asked.pool)?;
    Some(Outcome::Seat {
        seat: granted,
        pool: seat.asked.pool.clone(),
        user: seat.asked.user,
        client: seat.asked.client.clone(),
        counted: seat.counted,
        since: seat.since,
        lease: super::presence::lease(pool, seat),
        left: presence.lease_left(seat, now),
    })
}

fn ended(seat: SeatRef, leaving: &TakenBack) -> Outcome {
    let (release, at) = (leaving.release.clone(), Some(leaving.at));
    Outcome::Ended(Ending::Seat { seat, release, at })
}

/// What a refusal speaks of.
struct Of<'a> {
    pool: &'a PoolId,
    user: UserId,
    client: &'a ClientName,
    operation: &'a Operation,
}

fn refused(
    state: &State,
    presence: &Presence,
    of: Of<'_>,
    code: RefusalCode,
    now: Mono,
) -> Refused {
    let pool = state.pool(of.pool);
    let message = pool.and_then(|pool| pool.definition.fixed_message(of.client, of.operation));
    let place = state.user_place(of.pool, of.user);
    Refused {
        code,
        fixed_message: message.filter(|_| code.has_fixed_message()).map(ToOwned::to_owned),
        facts: facts(state, presence, of.pool, now),
        position: place.and_then(|place| state.position(place.id)),
    }
}

/// How a pool stands; all zero when there is none.
#[must_use]
pub fn facts(state: &State, presence: &Presence, id: &PoolId, now: Mono) -> Facts {
    let counts = state.counts(id);
    let pool = state.pool(id);
    Facts {
        pool: id.clone(),
        seats: pool.map_or(0, |pool| pool.definition.seats),
        in_use: counts.in_use,
        offered: counts.offered,
        provisional: presence.set_aside(state, id, now),
        waiting: pool.map_or(0, |pool| u32::try_from(pool.line.len()).unwrap_or(u32::MAX)),
        holders: holders(state, presence, id, now),
        recovering: presence
            .recovering(state, now)
            .or_else(|| pool.filter(|pool| pool.unconfirmed).map(|_| Recovering::UntilDefined)),
    }
}

fn holders(state: &State, presence: &Presence, pool: &PoolId, now: Mono) -> Vec<Holder> {
    let told = state.holders(pool).take(HOLDERS_TOLD);
    let told = told.map(|seat| Holder {
        seat: seat.id,
        user: seat.asked.user,
        client: seat.asked.client.clone(),
        since: seat.since,
        idle: presence.idle(seat.id, now),
        counted: seat.counted,
        leaving: seat.leaving.is_some(),
    });
    told.collect()
}
