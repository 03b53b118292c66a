//! Renewals: they prolong what is claimed and nothing else, and write nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{MachineId, RequestId, SeatId, SeatRef, WallTime};

use super::answer::{Outcome, outcome};
use super::command::{Caller, Keeper};
use super::event::{Release, RequestKey};
use super::idle::Idle;
use super::mono::Mono;
use super::presence::{Presence, lease};
use super::state::{Became, Ending, Seat, State, TakenBack};

/// What a machine claims, in one renewal for all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewal {
    /// The seats that it believes in or whose anchor still lives.
    pub seats: Vec<SeatRef>,
    /// The requests for which it waits in line.
    pub waiting: Vec<RequestId>,
    /// How idle its holders are; a claimed seat that is not listed is unknown.
    pub idle: Vec<(SeatId, Idle)>,
}

/// The answer to a renewal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenewalAnswer {
    /// Claims that live on.
    pub renewed: Vec<Renewed>,
    /// Claims that are over.
    pub gone: Vec<Gone>,
    /// Every seat of this machine that is being taken back, claimed or not.
    pub leaving: Vec<Leaving>,
    /// Seats of this machine that were not claimed, and not renewed.
    pub unclaimed: Vec<Unclaimed>,
    /// What became of each request that waits.
    pub waiting: Vec<(RequestId, Option<Outcome>)>,
}

/// A claim that lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// The seat.
    pub seat: SeatRef,
    /// T.
    pub lease: Duration,
    /// What is left of the lease.
    pub left: Duration,
}

/// A claim that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The seat, at the epoch that was claimed.
    pub seat: SeatRef,
    /// Why, as long as that is known.
    pub release: Option<Release>,
    /// When, as long as that is known, for people.
    pub at: Option<WallTime>,
}

/// A seat that is being taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// The seat.
    pub seat: SeatRef,
    /// Why, and who wanted it.
    pub release: Release,
    /// Since when, for people.
    pub at: WallTime,
}

/// A seat that the pool knows of and its machine did not claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclaimed {
    /// The seat.
    pub seat: SeatRef,
    /// The request that it was granted to, if that was this machine's.
    pub request: RequestId,
    /// What is left of its lease.
    pub left: Duration,
}

/// Renews what a machine claims, at the time when its message was read.
#[must_use]
pub fn renew(
    state: &State,
    presence: &mut Presence,
    machine: MachineId,
    renewal: &Renewal,
    now: Mono,
) -> RenewalAnswer {
    let mut answer = RenewalAnswer::default();
    if state.machine(machine).is_none_or(|machine| machine.revoked) {
        let gone = renewal.seats.iter().map(|seat| gone(state, *seat));
        answer.gone = gone.collect();
        return answer;
    }
    for claim in &renewal.seats {
        let seat = state
            .seat(claim.id)
            .filter(|seat| seat.keeper == Keeper::Machine(machine) && seat.epoch == claim.epoch);
        match seat {
            None => answer.gone.push(gone(state, *claim)),
            // Listed below, with the other leaving seats of this machine.
            Some(seat) if seat.leaving.is_some() => {}
            Some(seat) => answer.renewed.extend(prolong(state, presence, seat, now)),
        }
    }
    note_idle(state, presence, renewal, &answer.renewed, now);
    answer.waiting = keep_places(state, presence, machine, &renewal.waiting, now);
    not_claimed(state, presence, machine, now, &mut answer);
    answer
}

fn prolong(state: &State, presence: &mut Presence, seat: &Seat, now: Mono) -> Option<Renewed> {
    let pool = state.pool(&seat.asked.pool)?;
    presence.prolong_seat(pool, seat, now);
    let left = presence.lease_left(seat, now);
    Some(Renewed { seat: seat.seat_ref(), lease: lease(pool, seat), left })
}

fn note_idle(
    state: &State,
    presence: &mut Presence,
    renewal: &Renewal,
    renewed: &[Renewed],
    now: Mono,
) {
    // Of one that is named twice the first counts.
    let reported: BTreeMap<SeatId, Idle> = renewal.idle.iter().rev().copied().collect();
    for Renewed { seat, .. } in renewed {
        let Some(seat) = state.seat(seat.id) else {
            continue;
        };
        let Some(pool) = state.pool(&seat.asked.pool) else {
            continue;
        };
        let idle = reported.get(&seat.id).copied().unwrap_or(Idle::Unknown);
        presence.note_idle(pool, seat, idle, now);
    }
}

fn keep_places(
    state: &State,
    presence: &mut Presence,
    machine: MachineId,
    requests: &[RequestId],
    now: Mono,
) -> Vec<(RequestId, Option<Outcome>)> {
    let mut answers = Vec::with_capacity(requests.len());
    for id in requests {
        let key = RequestKey { caller: Caller::Machine(machine), id: *id };
        if let Some(Became::Waiting(place)) = state.request(&key).map(|found| &found.became)
            && let Some(place) = state.place(*place)
            && let Some(pool) = state.pool(&place.asked.pool)
        {
            presence.keep_place(pool, place, now);
        }
        answers.push((*id, outcome(state, presence, &key, now)));
    }
    answers
}

fn not_claimed(
    state: &State,
    presence: &Presence,
    machine: MachineId,
    now: Mono,
    answer: &mut RenewalAnswer,
) {
    let renewed: alloc::collections::BTreeSet<SeatId> =
        answer.renewed.iter().map(|renewed| renewed.seat.id).collect();
    for seat in state.machine_seats(machine) {
        if let Some(TakenBack { release, at }) = seat.leaving.clone() {
            answer.leaving.push(Leaving { seat: seat.seat_ref(), release, at });
        } else if !renewed.contains(&seat.id) {
            answer.unclaimed.push(Unclaimed {
                seat: seat.seat_ref(),
                request: seat.asked.request.id,
                left: presence.lease_left(seat, now),
            });
        }
    }
}

/// What became of a claim that is over. Of a seat that was signed on to again since, the older
/// epoch has ended as superseded.
fn gone(state: &State, claim: SeatRef) -> Gone {
    let known = state.granted_to(claim.id).and_then(|request| state.request(request));
    let (release, at) = match known.map(|request| &request.became) {
        Some(Became::Ended(Ending::Seat { release, at, .. })) => (Some(release.clone()), *at),
        Some(Became::Granted(now)) if now.epoch != claim.epoch => {
            (Some(Release::rule(hotseat_protocol::reason::ReleaseReason::Superseded)), None)
        }
        _ => (None, None),
    };
    Gone { seat: claim, release, at }
}

/// The answer to a renewal by calls, for each seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallRenewal {
    /// It lives on for so long.
    Left(Duration),
    /// It is over, or was never this caller's to renew.
    Gone(Gone),
}

/// Renews seats kept by calls, each at the epoch that is named.
#[must_use]
pub fn renew_calls(
    state: &State,
    presence: &mut Presence,
    by: Caller,
    seats: &[SeatRef],
    now: Mono,
) -> Vec<(SeatRef, CallRenewal)> {
    let mut answers = Vec::with_capacity(seats.len());
    for claim in seats {
        let seat = state.seat(claim.id).filter(|seat| {
            seat.keeper == Keeper::Calls
                && seat.epoch == claim.epoch
                && seat.leaving.is_none()
                && super::decide::may_act(by, seat.keeper, seat.asked.user)
        });
        let renewed = seat.and_then(|seat| prolong(state, presence, seat, now));
        let answer = match renewed {
            Some(renewed) => CallRenewal::Left(renewed.left),
            None => CallRenewal::Gone(gone(state, *claim)),
        };
        answers.push((*claim, answer));
    }
    answers
}
