//! How long the longest answers are.

use std::time::Duration;

use hotseat_protocol::bounded_list::{ClaimedPlaces, ClaimedSeats};
use hotseat_protocol::bounded_text::{DisplayName, Note};
use hotseat_protocol::ids::{
    Epoch, Generation, OfferId, PlaceId, RequestId, SeatId, SeatRef, Seq, UserId,
};
use hotseat_protocol::link::{FromPool, LINK_FRAME_BYTES_MAX, PoolAnswer};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::version::Spoken;
use hotseat_rules::{Accept, Caller, Gone, Leaving, Release, Renewed, Unclaimed};

use super::*;

/// Everybody has the longest name.
struct LongNames;

impl feed::Names for LongNames {
    fn user(&self, _: UserId) -> Option<String> {
        Some("\u{1f468}".repeat(DisplayName::CHARACTERS_MAX))
    }

    fn caller(&self, _: Caller) -> Option<String> {
        self.user(UserId::from_random(0))
    }
}

fn seat(number: usize) -> SeatRef {
    let epoch = Epoch { generation: Generation(u32::MAX), seq: Seq(u64::MAX) };
    SeatRef { id: SeatId::from_random(number as u128), epoch }
}

fn release() -> Release {
    Release {
        reason: ReleaseReason::SignedOffByTheUser,
        by: Some(Caller::Admin),
        why: Some("\u{1f468}".repeat(Note::CHARACTERS_MAX)),
    }
}

/// Every claimed seat lives on or has ended, all are being reclaimed, as many again were not
/// claimed, and everybody who waits has an offer.
fn longest(ended: usize) -> RenewalAnswer {
    let (most, long) = (ClaimedSeats::ITEMS_MAX, Duration::from_hours(168));
    let at = WallTime { unix_ms: 1_700_000_000_123 };
    let renewed = |number| Renewed { seat: seat(number), lease: long, left: long };
    let gone = |number| Gone { seat: seat(number), release: Some(release()), at: Some(at) };
    let leaving = |number| Leaving { seat: seat(number), release: release(), at };
    let request = |number: usize| RequestId::from_random(number as u128);
    let unclaimed = |number| Unclaimed { seat: seat(number), request: request(number), left: long };
    let offered = |number: usize| {
        let (place, offer) = (PlaceId::from_random(1), OfferId::from_random(number as u128));
        (request(number), Some(Outcome::Offered { place, offer, accept: Accept::Ask, left: long }))
    };
    RenewalAnswer {
        renewed: (ended..most).map(renewed).collect(),
        gone: (0..ended).map(gone).collect(),
        leaving: (0..2 * most).map(leaving).collect(),
        unclaimed: (0..2 * most).map(unclaimed).collect(),
        waiting: (0..ClaimedPlaces::ITEMS_MAX).map(offered).collect(),
    }
}

#[test]
fn the_longest_answer_to_a_renewal_fits_into_a_frame() {
    let most = ClaimedSeats::ITEMS_MAX;
    for ended in [0, ENDS_TOLD_MAX, most / 2, most] {
        let renewed = renewed(longest(ended), &LongNames, WallTime { unix_ms: 0 });
        assert_eq!(renewed.seats.len() + renewed.ended.len(), most);
        let answer = PoolAnswer::Renewed(renewed);
        let frame = FromPool::Answer { n: u64::MAX, answer };
        let bytes = Spoken::newest().write(&frame).unwrap().len();
        assert!(bytes < LINK_FRAME_BYTES_MAX, "{ended} ends: {bytes} bytes");
    }
}
