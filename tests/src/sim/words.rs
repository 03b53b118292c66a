//! From the rules' words to the link's.

use std::time::Duration;

use hotseat_protocol::ids::{RequestId, WallTime};
use hotseat_protocol::link::{
    MachinePlace, MachineSeat, OfferState, Outcome, PlaceClaimEnd, PlaceLeft, PoolAnswer, Renewed,
    SeatClaimEnd, SeatEnd, SeatLeft, UnclaimedSeat,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::quantity::{LeaseMs, LeftMs, SignOffAfterMs, TrayGraceMs, WarnAfterMs};
use hotseat_protocol::reason::PlaceEnd;
use hotseat_protocol::view::{Offline, OnSleep, PolicyView, PoolView, Privacy};
use hotseat_rules::{
    Answer, Ending, Outcome as Became, Place, PoolDefinition, Refusal, RefusalCode, Refused,
    Release, RenewalAnswer, Seat,
};

/// A duration on the wire.
pub(crate) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn seat_end(release: &Release) -> SeatEnd {
    SeatEnd {
        reason: release.reason,
        by: None,
        note: release.why.clone(),
        at: WallTime { unix_ms: 0 },
    }
}

fn problem(refused: &Refused) -> Problem {
    let code = match refused.code {
        RefusalCode::PoolFull => Code::PoolFull,
        RefusalCode::OthersWait => Code::OthersWait,
        RefusalCode::ClientCannotHold => Code::ClientCannotHold,
        RefusalCode::ClientCannotWait => Code::ClientCannotWait,
        RefusalCode::UserDisabled => Code::UserDisabled,
        RefusalCode::MachineRevoked => Code::MachineRevoked,
        RefusalCode::PoolRecovering => Code::PoolRecovering,
    };
    Problem::new(code, "refused by the rules", "")
}

pub(crate) fn refusal(refusal: &Refusal) -> PoolAnswer {
    let code = match refusal {
        Refusal::OlderEpoch { .. } | Refusal::OfferOver(_) => Code::Ended,
        Refusal::NotYours => Code::NotAllowed,
        Refusal::NeverHere(_) => Code::NotFound,
        Refusal::TooManyOverdrafts(_)
        | Refusal::TooManySetAside { .. }
        | Refusal::TooManySeats(_) => Code::TooMany,
        Refusal::RequestReused => Code::RequestReused,
        Refusal::UnknownPool(_)
        | Refusal::UnknownUser(_)
        | Refusal::UnknownMachine(_)
        | Refusal::UnknownSeat(_)
        | Refusal::UnknownPlace(_)
        | Refusal::UnknownRequest(_) => Code::NotFound,
        _ => Code::Invalid,
    };
    PoolAnswer::Problem { problem: Problem::new(code, refusal.to_string(), "") }
}

/// A caller's budget is used up.
pub(super) fn too_many() -> PoolAnswer {
    PoolAnswer::Problem { problem: Problem::new(Code::TooMany, "too much was asked for", "") }
}

pub(super) fn unavailable() -> PoolAnswer {
    PoolAnswer::Problem {
        problem: Problem::new(Code::Unavailable, "the journal cannot be written", ""),
    }
}

fn outcome(became: Became) -> Outcome {
    match became {
        Became::Refused(refused) => Outcome::Refused { problem: problem(&refused) },
        Became::Waiting { place, position } => {
            Outcome::Waiting { place, rank: position, offer: None }
        }
        Became::Offered { place, offer, left, .. } => Outcome::Waiting {
            place,
            rank: 1,
            offer: Some(OfferState { id: offer, left_ms: LeftMs::clamped(ms(left)) }),
        },
        Became::Seat { seat, client, counted, since, left, .. } => {
            Outcome::Seat { seat, client, since, counted, left_ms: LeftMs::clamped(ms(left)) }
        }
        Became::Ended(Ending::Seat { seat, release, .. }) => {
            Outcome::Ended { seat: seat.id, epoch: seat.epoch, end: seat_end(&release) }
        }
        Became::Ended(Ending::Place { end, .. }) => Outcome::PlaceEnded { end },
        Became::Ended(Ending::Cancelled) => Outcome::Cancelled,
    }
}

/// An answer to a message that asks for an outcome, or to one that only wants it done.
pub(crate) fn answer(answer: Answer, wants_outcome: bool) -> PoolAnswer {
    let outcome = match answer {
        _ if !wants_outcome => return PoolAnswer::Done,
        Answer::Done => return PoolAnswer::Done,
        Answer::Passed => Outcome::Passed,
        Answer::Refused(refused) => Outcome::Refused { problem: problem(&refused) },
        Answer::Became(became) => outcome(became),
    };
    PoolAnswer::Outcome { outcome }
}

pub(crate) fn renewed(answer: RenewalAnswer) -> Renewed {
    let mut renewed = Renewed {
        seats: answer
            .renewed
            .iter()
            .map(|renewed| SeatLeft {
                seat: renewed.seat,
                left_ms: LeftMs::clamped(ms(renewed.left)),
            })
            .collect(),
        ended: answer
            .gone
            .iter()
            .map(|gone| SeatClaimEnd { seat: gone.seat, end: gone.release.as_ref().map(seat_end) })
            .collect(),
        leaving: answer
            .leaving
            .iter()
            .map(|leaving| SeatClaimEnd {
                seat: leaving.seat,
                end: Some(seat_end(&leaving.release)),
            })
            .collect(),
        unclaimed: answer
            .unclaimed
            .iter()
            .map(|unclaimed| UnclaimedSeat { seat: unclaimed.seat, request: unclaimed.request })
            .collect(),
        ..Renewed::default()
    };
    for (request, became) in answer.waiting {
        match place_left(request, became) {
            Ok(left) => renewed.places.push(left),
            Err(end) => renewed.places_ended.push(PlaceClaimEnd { request, end }),
        }
    }
    renewed
}

fn place_left(request: RequestId, became: Option<Became>) -> Result<PlaceLeft, Option<PlaceEnd>> {
    match became {
        Some(Became::Waiting { position, .. }) => {
            Ok(PlaceLeft { request, rank: position, offer: None })
        }
        Some(Became::Offered { offer, left, .. }) => Ok(PlaceLeft {
            request,
            rank: 1,
            offer: Some(OfferState { id: offer, left_ms: LeftMs::clamped(ms(left)) }),
        }),
        Some(Became::Seat { .. } | Became::Ended(Ending::Seat { .. })) => {
            Err(Some(PlaceEnd::Seated))
        }
        Some(Became::Ended(Ending::Place { end, .. })) => Err(Some(end)),
        Some(Became::Refused(_) | Became::Ended(Ending::Cancelled)) | None => Err(None),
    }
}

pub(super) fn machine_seat(seat: &Seat) -> MachineSeat {
    MachineSeat {
        seat: seat.seat_ref(),
        pool: seat.asked.pool.clone(),
        user: seat.asked.user,
        client: seat.asked.client.clone(),
        anchor: seat.anchor.clone(),
        request: seat.asked.request.id,
        since: seat.since,
        counted: seat.counted,
        leaving: seat.leaving.as_ref().map(|leaving| seat_end(&leaving.release)),
    }
}

pub(super) fn machine_place(place: &Place, rank: u32, left: Duration) -> MachinePlace {
    MachinePlace {
        id: place.id,
        request: place.asked.request.id,
        pool: place.asked.pool.clone(),
        user: place.asked.user,
        anchor: place.anchor.clone(),
        rank,
        since: place.since,
        offer: place.offer_id().map(|id| OfferState { id, left_ms: LeftMs::clamped(ms(left)) }),
    }
}

pub(crate) fn pool_view(definition: &PoolDefinition, in_use: u32, waiting: u32) -> PoolView {
    let idle = &definition.idle;
    PoolView {
        id: definition.id.clone(),
        name: definition.name.clone(),
        seats: definition.seats,
        in_use,
        offered: 0,
        set_aside: 0,
        waiting,
        clients: vec![],
        desktop_client: definition.desktop_client.clone(),
        policy: PolicyView {
            warn_after_ms: WarnAfterMs::clamped(ms(idle.warn_after)),
            sign_off_after_ms: SignOffAfterMs::clamped(ms(idle.sign_off_after)),
            only_when_wanted: idle.only_when_wanted,
            on_sleep: match definition.on_sleep {
                hotseat_rules::OnSleep::SignOff => OnSleep::SignOff,
                hotseat_rules::OnSleep::Keep => OnSleep::Keep,
            },
            tray_grace_ms: TrayGraceMs::clamped(ms(definition.tray_grace)),
            offline: match definition.offline {
                hotseat_rules::Offline::Stop => Offline::Stop,
                hotseat_rules::Offline::Tolerate => Offline::Tolerate,
            },
            lease_ms: Some(LeaseMs::clamped(ms(definition.lease))),
        },
        privacy: match definition.privacy {
            hotseat_rules::Privacy::Names => Privacy::Names,
            hotseat_rules::Privacy::Initials => Privacy::Initials,
            hotseat_rules::Privacy::Counts => Privacy::Counts,
        },
        holders: vec![],
        more_holders: 0,
        line: vec![],
        usually_waits_s: None,
    }
}

/// What became of a request, as the link says it.
pub(super) fn became(became: Option<Became>) -> PoolAnswer {
    match became {
        Some(became) => PoolAnswer::Outcome { outcome: outcome(became) },
        None => {
            PoolAnswer::Problem { problem: Problem::new(Code::NotFound, "no such request", "") }
        }
    }
}
