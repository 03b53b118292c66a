//! What the pool shows this machine: pools as others see them, and facts about its own seats.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::link::{
    JournalPosition, MachineMessage, MachinePlace, MachineSeat, Projected,
};
use hotseat_protocol::view::PoolView;

use super::Core;
use super::answers::Granted;
use super::link::What;
use super::sign_on::{Place, Stage};

/// The local copy of the pool's projection.
#[derive(Debug, Default, Clone)]
pub(super) struct Mirror {
    pools: BTreeMap<PoolId, PoolView>,
    /// A whole snapshot has arrived at least once.
    filled: bool,
    /// The number of the newest push, while nothing was missed.
    push: Option<u64>,
    /// Pages of a snapshot that is not complete.
    pages: Vec<Projected>,
    position: Option<JournalPosition>,
}

impl Mirror {
    /// A new link: a snapshot follows. What is known stays, stale, until then.
    pub(super) fn begin(&mut self, position: JournalPosition) {
        self.push = None;
        self.pages.clear();
        self.position = Some(position);
    }

    /// Whether it is whole and nothing was missed on the link that is up.
    pub(super) fn current(&self) -> bool {
        self.push.is_some()
    }

    pub(super) fn filled(&self) -> bool {
        self.filled
    }

    pub(super) fn pool(&self, pool: &PoolId) -> Option<&PoolView> {
        self.pools.get(pool)
    }

    /// The pools, in the order of their ids.
    pub(super) fn pools(&self) -> impl Iterator<Item = &PoolView> {
        self.pools.values()
    }

    /// The newest journal position that was seen.
    pub(super) fn position(&self) -> Option<JournalPosition> {
        self.position
    }
}

impl Core {
    /// One page of a snapshot.
    pub(super) fn snapshot(
        &mut self,
        push: u64,
        position: JournalPosition,
        (page, pages): (u32, u32),
        items: Vec<Projected>,
    ) {
        if page == 1 {
            self.mirror.pages.clear();
        }
        self.mirror.pages.extend(items);
        if page < pages {
            return;
        }
        self.mirror.pools.clear();
        self.mirror.filled = true;
        self.mirror.push = Some(push);
        self.mirror.position = Some(position);
        let items = core::mem::take(&mut self.mirror.pages);
        self.take_facts(items);
    }

    /// Changes since the push before.
    pub(super) fn changed(
        &mut self,
        push: u64,
        previous: u64,
        position: JournalPosition,
        items: Vec<Projected>,
    ) {
        match self.mirror.push {
            Some(seen) if seen == previous => {
                self.mirror.push = Some(push);
                self.mirror.position = Some(position);
                self.take_facts(items);
            }
            Some(_) => {
                // Something was missed: never guess, ask.
                self.mirror.push = None;
                self.send(What::Nothing, MachineMessage::Resync);
            }
            None => {}
        }
    }

    fn take_facts(&mut self, items: Vec<Projected>) {
        for item in items {
            match item {
                Projected::Pool { pool } => {
                    self.mirror.pools.insert(pool.id.clone(), *pool);
                }
                Projected::PoolRemoved { pool } => {
                    self.mirror.pools.remove(&pool);
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
