//! One renewal for everything that this machine claims, every T/3.

use alloc::vec::Vec;

use hotseat_protocol::ids::{RequestId, SeatRef};
use hotseat_protocol::ipc::Notice;
use hotseat_protocol::link::{
    ClaimedSeat, MachineMessage, Renewal, Renewed, SeatEnd, UnclaimedSeat,
};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::clocks::Sending;
use super::limits::OUTAGE_MS;
use super::link::What;
use super::saved::SavedAnchor;
use super::sign_on::{Place, Stage};

impl Core {
    /// Sends a renewal if one is due.
    pub(super) fn renew(&mut self) {
        let due = self.renewal_deadline();
        if self.link.is_none() || due.is_none_or(|due| self.now.boot_ms < due) {
            return;
        }
        self.renew_now = false;
        let renewal = Renewal { seats: self.claimed_seats(), places: self.claimed_places() };
        self.send(What::Renew, MachineMessage::Renew(renewal));
        let told_idle = self.idle_by_seat();
        if let Some(link) = &mut self.link {
            link.told_idle = told_idle;
            link.renewed_at = Some(self.now.boot_ms);
        }
    }

    /// When the next renewal is due, while the link is up.
    pub(super) fn renewal_deadline(&self) -> Option<u64> {
        let link = self.link.as_ref()?;
        match link.renewed_at {
            Some(at) if !self.renew_now => Some(at.saturating_add(link.lease_ms / 3)),
            _ => Some(self.now.boot_ms),
        }
    }

    fn claimed_seats(&self) -> Vec<ClaimedSeat> {
        self.seats
            .values()
            .filter(|seat| seat.leaving.is_none())
            .map(|seat| ClaimedSeat {
                seat: seat.saved.seat,
                idle_s: self.idle_of(&seat.hangs).map(|ms| IdleSeconds::clamped(ms / 1_000)),
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

    /// The answer to a renewal.
    pub(super) fn renewed(&mut self, sending: Sending, renewed: Renewed) {
        for left in renewed.seats {
            self.extend(left.seat, sending, left.left_ms);
        }
        for gone in renewed.gone {
            self.gone(gone.seat, gone.end);
        }
        for leaving in renewed.leaving {
            self.let_go(leaving.seat, leaving.end);
        }
        for unclaimed in renewed.unclaimed {
            self.unclaimed(unclaimed);
        }
        for left in renewed.places {
            self.place_left(left);
        }
        for gone in renewed.places_gone {
            self.place_gone(gone.request, gone.end);
        }
        self.tell_pool_back();
    }

    /// The pool takes a seat back. One that is not known here is not used here either.
    fn let_go(&mut self, seat: SeatRef, end: Option<SeatEnd>) {
        if self.seats.contains_key(&seat.id) {
            self.taken_back(seat, end);
        } else if !self.is_signed_off(seat) {
            self.write_down_sign_off(seat, ReleaseReason::NobodyTookIt);
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
        if claimed || self.is_signed_off(seat) || self.cancels.contains_key(&request) {
            return;
        }
        self.seats.remove(&seat.id);
        self.save(super::saved::Change::DropSeat(seat.id));
        self.write_down_sign_off(seat, ReleaseReason::NobodyTookIt);
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

    /// After an outage that was noticed, people hear which seats they kept.
    fn tell_pool_back(&mut self) {
        let Some(since) = self.outage_since.take() else {
            return;
        };
        if self.now.boot_ms.saturating_sub(since) < OUTAGE_MS {
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
            self.notify(&owner, &hangs, Notice::PoolBack { pool });
        }
    }
}
