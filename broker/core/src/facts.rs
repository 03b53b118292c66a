//! What the pool shows of this machine's own seats and places.

use alloc::vec::Vec;

use hotseat_protocol::link::{
    JournalPosition, MachineMessage, MachinePlace, MachineSeat, Projected,
};

use super::Core;
use super::answers::Granted;
use super::in_flight::InFlight;
use super::mirror::Changes;
use super::sign_on::{Place, Stage};

impl Core {
    /// Changes since the push before.
    pub(super) fn changed(
        &mut self,
        push: u64,
        previous: u64,
        position: JournalPosition,
        items: Vec<Projected>,
    ) {
        match self.mirror.changed(push, previous, position) {
            Changes::Count => self.take_facts(items),
            Changes::Missed => {
                self.ctx.send(InFlight::Nothing, MachineMessage::Resync);
            }
            Changes::Wait => {}
        }
    }

    pub(super) fn take_facts(&mut self, items: Vec<Projected>) {
        for item in items {
            match item {
                Projected::Pool { pool } => {
                    self.mirror.show_pool(*pool);
                }
                Projected::PoolRemoved { pool } => {
                    self.mirror.remove_pool(&pool);
                }
                Projected::Seat { seat } => self.seat_shown(seat),
                Projected::SeatEnded { seat, end } => self.gone(seat, Some(end)),
                Projected::Place { place } => self.place_shown(place),
                Projected::PlaceEnded { request, end } => self.place_gone(request, Some(end)),
                Projected::Unknown => {}
            }
        }
        self.withdraw_unwanted_warnings();
    }

    fn seat_shown(&mut self, shown: MachineSeat) {
        if shown.leaving.is_some() {
            return self.seat_leaving(shown.seat, shown.leaving);
        }
        if self.is_signed_off(shown.seat) {
            return;
        }
        let waits = self.intents.get(&shown.request).is_some_and(|intent| {
            matches!(intent.stage, Stage::Waiting(_)) && intent.askers.is_empty()
        });
        if waits {
            // A grant that nobody asked for in a message: it is claimed at once, and believed
            // when that renewal is answered.
            let granted = Granted {
                seat: shown.seat,
                client: shown.client,
                since: shown.since,
                counted: shown.counted,
            };
            self.adopt(shown.request, granted);
        }
    }

    fn place_shown(&mut self, shown: MachinePlace) {
        let waits = self
            .intents
            .get(&shown.request)
            .is_some_and(|intent| matches!(intent.stage, Stage::Waiting(_)));
        if !waits {
            return;
        }
        if let Some(intent) = self.intents.get_mut(&shown.request)
            && let Stage::Waiting(place) = &mut intent.stage
        {
            place.since = shown.since;
        }
        let place = Place { id: shown.id, rank: shown.rank, since: shown.since, offer: None };
        self.placed(shown.request, place, shown.offer);
    }
}
