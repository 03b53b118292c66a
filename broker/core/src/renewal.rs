//! One renewal for everything that this machine claims, every third of the shortest lease in force;
//! several at once where it is more than one message may claim.
//!
//! An administrator may change a lease at any time. A shorter one is renewed at once, and a longer
//! one counts from the next renewal on, because what was answered before is left for less.

use alloc::vec::Vec;

use hotseat_protocol::bounded_list::{ClaimedPlaces, ClaimedSeats};
use hotseat_protocol::ids::{RequestId, SeatRef};
use hotseat_protocol::ipc::Notice;
use hotseat_protocol::link::{
    ClaimedSeat, MachineMessage, Renewal, Renewed, SeatEnd, UnclaimedSeat,
};
use hotseat_protocol::quantity::{IdleSeconds, LeaseMs};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::clocks::Sending;
use super::in_flight::InFlight;
use super::limits::{OUTAGE_MS, RENEWAL_LEAST_MS};
use super::link::LastRenewal;
use super::link::Link;
use super::saved::SavedAnchor;
use super::sign_on::{Place, Stage};

/// All that is claimed, in one message, or in several where it is more than one may claim; one
/// that claims nothing asks for what the pool counts.
fn renewals(seats: &[ClaimedSeat], places: &[RequestId]) -> Vec<Renewal> {
    let mut seats = ClaimedSeats::split(seats).into_iter();
    let mut places = ClaimedPlaces::split(places).into_iter();
    let mut renewals = Vec::new();
    loop {
        let (seats, places) = (seats.next(), places.next());
        if !renewals.is_empty() && seats.is_none() && places.is_none() {
            return renewals;
        }
        let (seats, places) = (seats.unwrap_or_default(), places.unwrap_or_default());
        renewals.push(Renewal { seats, places });
    }
}

impl Core {
    /// Sends a renewal if one is due.
    pub(super) fn renew(&mut self) {
        let due = self.renewal_deadline();
        if due.is_none_or(|due| self.ctx.now.boot_ms < due) {
            return;
        }
        let what = InFlight::Renew(self.ctx.newest_message());
        self.renew_now = false;
        for renewal in renewals(&self.claimed_seats(), &self.claimed_places()) {
            self.ctx.send(what.clone(), MachineMessage::Renew(renewal));
        }
        let told_idle = self.idle_by_seat();
        let shortest_ms = self.link.as_ref().map(|link| self.shortest_lease_ms(link));
        if let (Some(link), Some(lease_ms)) = (&mut self.link, shortest_ms) {
            link.told_idle = told_idle;
            link.renewed = Some(LastRenewal { at: self.ctx.now.boot_ms, lease_ms });
        }
    }

    /// When the next renewal is due, while the link is up.
    pub(super) fn renewal_deadline(&self) -> Option<u64> {
        let link = self.link.as_ref()?;
        match link.renewed {
            Some(last) if !self.renew_now && last.lease_ms <= self.shortest_lease_ms(link) => {
                let every = (last.lease_ms / 3).max(RENEWAL_LEAST_MS);
                Some(last.at.saturating_add(every))
            }
            _ => Some(self.ctx.now.boot_ms),
        }
    }

    /// The shortest lease of any pool, in ms, as far as this machine knows: the pools' policies
    /// say, and the welcome where they do not, or may have changed unseen.
    fn shortest_lease_ms(&self, link: &Link) -> u64 {
        let stated = self.mirror.pools().map(|pool| pool.policy.lease_ms.map(LeaseMs::get));
        let told = stated.map(|lease_ms| lease_ms.unwrap_or(link.lease_ms));
        let welcome = (!self.mirror.current()).then_some(link.lease_ms);
        told.chain(welcome).min().unwrap_or(link.lease_ms)
    }

    /// A renewal was answered with less than the lease that is known of: the lease has changed,
    /// and the news of it has yet to come, or comes with the next welcome only.
    fn heed_left(&mut self, sending: Sending, renewed: &Renewed) {
        let least = renewed.seats.iter().map(|left| left.left_ms.get()).min();
        let last = self.link.as_mut().and_then(|link| link.renewed.as_mut());
        if let (Some(last), Some(left_ms)) = (last.filter(|last| last.at == sending.at), least) {
            last.lease_ms = last.lease_ms.min(left_ms);
        }
    }

    fn claimed_seats(&self) -> Vec<ClaimedSeat> {
        self.seats
            .values()
            .filter(|seat| seat.leaving.is_none())
            .map(|seat| ClaimedSeat {
                seat: seat.saved.seat,
                idle_s: self
                    .sessions
                    .idle_ms(&seat.hangs, self.ctx.now.boot_ms)
                    .map(|ms| IdleSeconds::clamped(ms / 1_000)),
                idle_exempt: matches!(seat.saved.anchor, SavedAnchor::Connection { .. }),
            })
            .collect()
    }

    fn claimed_places(&self) -> Vec<RequestId> {
        self.intents
            .values()
            .filter(|intent| matches!(intent.stage, Stage::Waiting(_)))
            .map(|intent| intent.saved.request)
            .collect()
    }

    /// The answer to a renewal, or to one part of it.
    pub(super) fn renewed(&mut self, sending: Sending, renewed: Renewed) {
        self.heed_left(sending, &renewed);
        for left in renewed.seats {
            self.extend(left.seat, sending, left.left_ms.get());
        }
        for claim in renewed.ended {
            self.gone(claim.seat, claim.end);
        }
        for leaving in renewed.leaving {
            self.confirm_leaving(leaving.seat, leaving.end);
        }
        for unclaimed in renewed.unclaimed {
            self.unclaimed(unclaimed);
        }
        for left in renewed.places {
            self.place_left(left);
        }
        for claim in renewed.places_ended {
            self.place_gone(claim.request, claim.end);
        }
    }

    /// The pool reclaims a seat. One that is not known here is not used here either.
    fn confirm_leaving(&mut self, seat: SeatRef, end: Option<SeatEnd>) {
        if self.seats.contains_key(&seat.id) {
            self.seat_leaving(seat, end);
        } else if !self.is_signed_off(seat) {
            self.outbox.sign_off(&mut self.ctx, seat, ReleaseReason::NobodyTookIt);
        }
    }

    /// The pool counts a seat for this machine that it did not claim.
    fn unclaimed(&mut self, unclaimed: UnclaimedSeat) {
        let UnclaimedSeat { seat, request } = unclaimed;
        if let Some(intent) = self.intents.get(&request) {
            // Awaited: an answer is under way, or must be asked for.
            if matches!(intent.stage, Stage::Waiting(_)) {
                self.ask_again(request);
            }
            return;
        }
        let known = self.seats.get(&seat.id);
        let claimed = known.is_some_and(|known| known.saved.seat.epoch.covers(seat.epoch));
        if claimed || self.is_signed_off(seat) || self.outbox.cancels.contains(request) {
            return;
        }
        self.seats.remove(&seat.id);
        self.ctx.save(super::saved::Change::DropSeat(seat.id));
        self.outbox.sign_off(&mut self.ctx, seat, ReleaseReason::NobodyTookIt);
    }

    fn place_left(&mut self, left: hotseat_protocol::link::PlaceLeft) {
        let Some(intent) = self.intents.get(&left.request) else {
            return;
        };
        let Stage::Waiting(place) = &intent.stage else {
            return;
        };
        let place = Place { rank: left.rank, ..place.clone() };
        self.placed(left.request, place, left.offer);
    }

    /// After an outage that was noticed, people hear which seats they kept. Call it when the pool
    /// has spoken of all of them.
    pub(super) fn tell_pool_reachable(&mut self) {
        let Some(since) = self.outage_since.take() else {
            return;
        };
        if self.ctx.now.boot_ms.saturating_sub(since) < OUTAGE_MS {
            return;
        }
        let kept: Vec<_> = self
            .seats
            .values()
            .filter(|seat| self.held(seat) && seat.fenced.is_some_and(|fence| fence.at >= since))
            .map(|seat| {
                let pool = seat.saved.pool.clone();
                (seat.saved.owner.clone(), seat.hangs.clone(), pool)
            })
            .collect();
        for (owner, hangs, pool) in kept {
            self.ctx.notify(&owner, &hangs, Notice::PoolReachable { pool });
        }
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::ids::{Epoch, Generation, SeatId, Seq};

    use super::*;

    #[test]
    fn what_is_claimed_is_said_once_in_as_many_messages_as_it_takes() {
        let claim = |number: usize| {
            let epoch = Epoch { generation: Generation(7), seq: Seq(1) };
            let seat = SeatRef { id: SeatId::from_random(number as u128), epoch };
            ClaimedSeat { seat, idle_s: None, idle_exempt: false }
        };
        let place = |number: usize| RequestId::from_random(number as u128);
        let most = ClaimedSeats::ITEMS_MAX;
        assert_eq!(most, ClaimedPlaces::ITEMS_MAX);
        for (seats, places, messages) in
            [(0, 0, 1), (most, most, 1), (most + 1, 0, 2), (1, most + 1, 2), (2 * most + 1, 7, 3)]
        {
            let seats: Vec<_> = (0..seats).map(claim).collect();
            let places: Vec<_> = (0..places).map(place).collect();
            let said = renewals(&seats, &places);
            assert_eq!(said.len(), messages);
            let claimed: Vec<_> = said.iter().flat_map(|said| said.seats.iter().copied()).collect();
            assert_eq!(claimed, seats);
            let waits: Vec<_> = said.iter().flat_map(|said| said.places.iter().copied()).collect();
            assert_eq!(waits, places);
        }
    }
}
