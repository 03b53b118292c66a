//! The rules' answers in the link's words.

use hotseat_protocol::ids::WallTime;
use hotseat_protocol::link::{
    self, OfferState, PlaceClaimEnd, PlaceLeft, SeatClaimEnd, SeatLeft, UnclaimedSeat,
};
use hotseat_protocol::reason::PlaceEnd;
use hotseat_rules::{Ending, Outcome, RenewalAnswer};

use crate::directory::Names;
use crate::feed::{self, fact_end};
use crate::http::app::Context;
use crate::stated::stated_ms;

/// Ends that one answer tells with their reasons, of ended seats and of those being reclaimed, so
/// that it fits into a frame. The pushes tell each; the next renewal tells of what is still held.
const ENDS_TOLD_MAX: usize = 64;

/// Seats that one answer tells were not claimed. What nobody claims ends with its lease.
const UNCLAIMED_TOLD_MAX: usize = 1_024;

/// What became of a request.
pub(super) fn link_outcome(
    outcome: Outcome,
    context: &Context,
    names: &Names,
    now: WallTime,
) -> link::Outcome {
    match outcome {
        Outcome::Refused(refused) => {
            link::Outcome::Refused { problem: context.refusal(&refused, names) }
        }
        Outcome::Waiting { place, position } => {
            link::Outcome::Waiting { place, rank: position, offer: None }
        }
        Outcome::Offered { place, offer, left, .. } => link::Outcome::Waiting {
            place,
            rank: context.rank.unwrap_or(1),
            offer: Some(OfferState { id: offer, left_ms: stated_ms(left) }),
        },
        Outcome::Seat { seat, client, since, counted, left, .. } => {
            link::Outcome::Seat { seat, client, since, counted, left_ms: stated_ms(left) }
        }
        Outcome::Ended(Ending::Seat { seat, release, at }) => link::Outcome::Ended {
            seat: seat.id,
            epoch: seat.epoch,
            end: fact_end(names, &release, at.unwrap_or(now)),
        },
        Outcome::Ended(Ending::Place { end, .. }) => link::Outcome::PlaceEnded { end },
        Outcome::Ended(Ending::Cancelled) => link::Outcome::Cancelled,
    }
}

/// What a renewal achieved.
pub(super) fn renewed(
    answer: RenewalAnswer,
    names: &dyn feed::Names,
    now: WallTime,
) -> link::Renewed {
    let mut renewed = link::Renewed::default();
    for seat in answer.renewed {
        renewed.seats.push(SeatLeft { seat: seat.seat, left_ms: stated_ms(seat.left) });
    }
    for (index, ended) in answer.gone.into_iter().enumerate() {
        let at = ended.at.unwrap_or(now);
        let release = ended.release.as_ref().filter(|_| index < ENDS_TOLD_MAX);
        let end = release.map(|release| fact_end(names, release, at));
        renewed.ended.push(SeatClaimEnd { seat: ended.seat, end });
    }
    for leaving in answer.leaving.into_iter().take(ENDS_TOLD_MAX) {
        let end = Some(fact_end(names, &leaving.release, leaving.at));
        renewed.leaving.push(SeatClaimEnd { seat: leaving.seat, end });
    }
    for unclaimed in answer.unclaimed.into_iter().take(UNCLAIMED_TOLD_MAX) {
        let unclaimed = UnclaimedSeat { seat: unclaimed.seat, request: unclaimed.request };
        renewed.unclaimed.push(unclaimed);
    }
    for (request, outcome) in answer.waiting {
        match outcome {
            Some(Outcome::Waiting { position, .. }) => {
                renewed.places.push(PlaceLeft { request, rank: position, offer: None });
            }
            Some(Outcome::Offered { offer, left, .. }) => {
                let offer = OfferState { id: offer, left_ms: stated_ms(left) };
                // An offer goes to the first who can be reached; its rank is told by the pushes.
                renewed.places.push(PlaceLeft { request, rank: 1, offer: Some(offer) });
            }
            Some(Outcome::Seat { .. } | Outcome::Ended(Ending::Seat { .. })) => {
                renewed.places_ended.push(PlaceClaimEnd { request, end: Some(PlaceEnd::Seated) });
            }
            Some(Outcome::Ended(Ending::Place { end, .. })) => {
                renewed.places_ended.push(PlaceClaimEnd { request, end: Some(end) });
            }
            Some(Outcome::Ended(Ending::Cancelled) | Outcome::Refused(_)) | None => {
                renewed.places_ended.push(PlaceClaimEnd { request, end: None });
            }
        }
    }
    renewed
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
