//! Puts one event into the state. Total and dumb: all deciding was done before.

use alloc::collections::BTreeMap;
use core::time::Duration;

use hotseat_protocol::ids::{
    Epoch, Generation, MachineId, OfferId, PlaceId, PoolId, SeatId, SeatRef, Seq, UserId,
};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::command::Keeper;
use super::definition::PoolDefinition;
use super::event::{Asked, At, Event, Release, RequestKey};
use super::recovery::Recovery;
use super::state::{
    Became, Ending, Machine, Offer, Place, Pool, Request, Seat, State, TakenBack, User, UserKind,
};

/// How many hours of the pool's time a request is kept after its end.
pub(super) const REQUEST_HOURS: usize = 24;

/// Puts one event into the state. Live and replay share it.
///
/// `at` is the event's place in the journal. An event that speaks of what is not there changes
/// nothing but the number; [`check_invariants`](super::check_invariants) finds such journals.
pub fn apply(state: &mut State, event: &Event, at: At) {
    state.contents.seq = at.seq;
    match event {
        Event::Initialised { generation } => state.contents.generation = *generation,
        Event::PoolDefined { definition } => state.define_pool(definition),
        Event::PoolRemoved { pool } => state.retire_pool(pool),
        Event::UserAdded { user, kind } => state.set_user(*user, *kind, true),
        Event::UserChanged { user, kind, enabled } => state.set_user(*user, *kind, *enabled),
        Event::UserRemoved { user } => state.remove_user(*user),
        Event::MachineAdded { machine } | Event::MachineConfirmed { machine } => {
            state.set_revoked(*machine, false);
        }
        Event::MachineRevoked { machine } => state.set_revoked(*machine, true),
        Event::SignOnRefused { asked, code } => state.refuse(asked, *code),
        Event::SeatGranted { .. } => state.grant(event, at),
        Event::SeatReacquired { seat, asked } => state.reacquire(*seat, asked, at),
        Event::SeatLeaving { seat, release } => state.seat_leaves(*seat, release, at),
        Event::SeatReleased { seat, release } => state.seat_ends(*seat, release, at),
        Event::PlaceTaken { place, asked, keeper, anchor, accept } => {
            let place = Place {
                id: *place,
                asked: asked.clone(),
                keeper: *keeper,
                anchor: anchor.clone(),
                accept: *accept,
                offer: None,
                since: at.time,
                longest_lease: Duration::ZERO,
            };
            state.take_place(place, at.seq);
        }
        Event::PlaceMoved { place, .. } => state.move_place(*place, event),
        Event::PlaceEnded { place, end, .. } => state.end_place(*place, *end),
        Event::Offered { place, offer } => state.offer(*place, *offer),
        Event::OfferWithdrawn { place, .. } => state.withdraw(*place),
        Event::RequestCancelled { request } => state.cancel(*request),
        Event::ChecksRefused { .. } => {}
        Event::Overdraft { machine, seat, from, .. } => {
            state.machine_mut(*machine).told_overdraft(*from, *seat);
        }
        Event::SeatWarned { seat } => state.change_seat(*seat, |seat| seat.warned = true),
        Event::WarningAnswered { seat, .. } => {
            state.change_seat(*seat, |seat| seat.warned = false);
        }
        Event::IdleSpell { seat, to, .. } => {
            state.change_seat(*seat, |seat| seat.idle_until = Some(*to));
        }
        Event::RequestsAged => state.age_requests(at.seq),
        Event::FoundBehind { machine, seen } => {
            let (machine, seen, wait) = (*machine, *seen, state.waits());
            state.contents.recovery = Some(Recovery::Behind { machine, seen, wait });
        }
        Event::GenerationBegan { generation, wait, lost, .. } => {
            state.begin_generation(*generation, lost);
            state.contents.recovery = Some(Recovery::Waiting { wait: *wait });
        }
        Event::RecoveryEnded => state.contents.recovery = None,
        Event::RecordSetAside { generation } => {
            if let Some(began) = generation {
                state.begin_generation(*began, &[]);
            }
        }
        Event::Quarantined { users, machines, pools, .. } => state.doubt(users, machines, pools),
    }
}

impl State {
    fn set_user(&mut self, user: UserId, kind: UserKind, enabled: bool) {
        self.contents.users.insert(user, User { kind, enabled, unconfirmed: false });
    }

    fn set_revoked(&mut self, machine: MachineId, revoked: bool) {
        let machine = self.machine_mut(machine);
        (machine.revoked, machine.unconfirmed) = (revoked, false);
    }

    fn cancel(&mut self, request: RequestKey) {
        let became = Became::Ended(Ending::Cancelled);
        let cancelled = Request { asked: None, became, changed: self.contents.seq };
        self.contents.requests.insert(request, cancelled);
    }

    fn remove_user(&mut self, user: UserId) {
        self.contents.users.remove(&user);
        for machine in self.contents.machines.values_mut() {
            machine.people.remove(&user);
        }
    }

    fn machine_mut(&mut self, machine: MachineId) -> &mut Machine {
        self.contents.machines.entry(machine).or_default()
    }

    /// What was seen of the generations before says nothing from here on: neither of the
    /// journal's own, nor of those that were lost, of which a machine may have shown one.
    fn begin_generation(&mut self, generation: Generation, lost: &[Generation]) {
        let shown = match self.contents.recovery {
            Some(Recovery::Behind { seen, .. }) => Some(seen.generation),
            Some(Recovery::Waiting { .. }) | None => None,
        };
        let before = [self.contents.generation].into_iter().chain(shown);
        self.contents.past.extend(before.chain(lost.iter().copied()));
        // Of a store whose first record was set aside: it had no generation before.
        self.contents.past.remove(&Generation(0));
        self.contents.past.remove(&generation);
        self.contents.generation = generation;
    }

    fn define_pool(&mut self, definition: &PoolDefinition) {
        let pool = self.contents.pools.entry(definition.id.clone()).or_insert_with(|| Pool {
            definition: definition.clone(),
            retired: false,
            unconfirmed: false,
            seats: BTreeMap::new(),
            line: BTreeMap::new(),
        });
        pool.definition = definition.clone();
        (pool.retired, pool.unconfirmed) = (false, false);
        for seat in pool.seats.values_mut() {
            let lease = definition.seat_lease(seat.keeper, &seat.asked.client);
            seat.longest_lease = seat.longest_lease.max(lease);
        }
        for place in pool.line.values_mut() {
            let lease = definition.place_lease(place.keeper);
            place.longest_lease = place.longest_lease.max(lease);
        }
    }

    fn retire_pool(&mut self, id: &PoolId) {
        if let Some(pool) = self.contents.pools.get_mut(id) {
            pool.retired = true;
        }
        self.drop_empty_retired(id);
    }

    fn drop_empty_retired(&mut self, id: &PoolId) {
        if self.contents.pools.get(id).is_some_and(|pool| pool.retired && pool.seats.is_empty()) {
            self.contents.pools.remove(id);
        }
    }

    fn request_became(&mut self, asked: &Asked, became: Became) {
        let changed = self.contents.seq;
        let request = Request { asked: Some(asked.clone()), became, changed };
        self.contents.requests.insert(asked.request, request);
    }

    fn request_ended(&mut self, key: &RequestKey, ending: Ending) {
        let changed = self.contents.seq;
        if let Some(request) = self.contents.requests.get_mut(key) {
            request.became = Became::Ended(ending);
            request.changed = changed;
        }
    }

    fn grant(&mut self, event: &Event, at: At) {
        let Event::SeatGranted { seat, asked, keeper, anchor, counted, .. } = event else {
            return;
        };
        let Some(pool) = self.contents.pools.get_mut(&asked.pool) else {
            return;
        };
        let seat = Seat {
            id: *seat,
            epoch: Epoch { generation: self.contents.generation, seq: at.seq },
            asked: asked.clone(),
            keeper: *keeper,
            anchor: anchor.clone(),
            counted: *counted,
            since: at.time,
            longest_lease: pool.definition.seat_lease(*keeper, &asked.client),
            leaving: None,
            warned: false,
            idle_until: None,
        };
        self.index.seat_came(&seat);
        self.index.granted.insert(seat.id, asked.request);
        let granted = seat.seat_ref();
        pool.seats.insert(seat.id, seat);
        if let Keeper::Machine(machine) = keeper {
            self.machine_mut(*machine).had(asked.user, at.seq);
        }
        self.request_became(asked, Became::Granted(granted));
    }

    fn reacquire(&mut self, id: SeatId, asked: &Asked, at: At) {
        let epoch = Epoch { generation: self.contents.generation, seq: self.contents.seq };
        let mut before = None;
        self.change_seat(id, |seat| {
            before = Some((seat.asked.request, seat.seat_ref()));
            seat.asked = asked.clone();
            seat.epoch = epoch;
            seat.warned = false;
        });
        let Some((request, seat)) = before else {
            return;
        };
        let release = Release::rule(ReleaseReason::Superseded);
        self.request_ended(&request, Ending::Seat { seat, release, at: Some(at.time) });
        self.index.granted.insert(id, asked.request);
        self.request_became(asked, Became::Granted(SeatRef { id, epoch }));
    }

    fn change_seat(&mut self, id: SeatId, change: impl FnOnce(&mut Seat)) {
        let Some(pool) = self.index.seats.get(&id) else {
            return;
        };
        if let Some(seat) =
            self.contents.pools.get_mut(pool).and_then(|pool| pool.seats.get_mut(&id))
        {
            change(seat);
        }
    }

    fn seat_leaves(&mut self, id: SeatId, release: &Release, at: At) {
        self.change_seat(id, |seat| {
            seat.leaving = Some(TakenBack { release: release.clone(), at: at.time });
            seat.warned = false;
        });
        if let Some(seat) = self.seat(id).cloned() {
            self.index.seat_leaves(&seat);
        }
    }

    fn seat_ends(&mut self, id: SeatId, release: &Release, at: At) {
        let Some(pool_id) = self.index.seats.get(&id).cloned() else {
            return;
        };
        let Some(pool) = self.contents.pools.get_mut(&pool_id) else {
            return;
        };
        let Some(seat) = pool.seats.remove(&id) else {
            return;
        };
        self.index.seat_went(&seat);
        let at = seat.leaving.as_ref().map_or(at.time, |leaving| leaving.at);
        let (seat_ref, release) = (seat.seat_ref(), release.clone());
        let ending = Ending::Seat { seat: seat_ref, release, at: Some(at) };
        self.request_ended(&seat.asked.request, ending);
        self.drop_empty_retired(&pool_id);
    }

    fn take_place(&mut self, mut place: Place, rank: Seq) {
        let Some(pool) = self.contents.pools.get_mut(&place.asked.pool) else {
            return;
        };
        place.longest_lease = pool.definition.place_lease(place.keeper);
        self.index.place_came(rank, &place);
        let (asked, id) = (place.asked.clone(), place.id);
        pool.line.insert(rank, place);
        self.request_became(&asked, Became::Waiting(id));
    }

    fn change_place(&mut self, id: PlaceId, change: impl FnOnce(&mut Place, &PoolDefinition)) {
        let Some((pool, rank)) = self.index.places.get(&id) else {
            return;
        };
        let Some(pool) = self.contents.pools.get_mut(pool) else {
            return;
        };
        if let Some(place) = pool.line.get_mut(rank) {
            change(place, &pool.definition);
        }
    }

    fn move_place(&mut self, id: PlaceId, event: &Event) {
        let Event::PlaceMoved { asked, keeper, anchor, accept, .. } = event else {
            return;
        };
        let mut before = None;
        self.change_place(id, |place, definition| {
            before = Some((place.asked.request, place.offer));
            place.longest_lease = definition.place_lease(*keeper);
            place.asked = asked.clone();
            place.keeper = *keeper;
            place.anchor = anchor.clone();
            place.accept = *accept;
        });
        let Some((request, offer)) = before else {
            return;
        };
        let end = PlaceEnd::Superseded;
        self.request_ended(&request, Ending::Place { place: id, end });
        self.request_became(asked, Became::Waiting(id));
        if let Some(offer) = offer {
            self.contents.offers.insert(offer.id, asked.request);
        }
    }

    fn end_place(&mut self, id: PlaceId, end: PlaceEnd) {
        let Some((pool_id, rank)) = self.index.places.get(&id).cloned() else {
            return;
        };
        let Some(pool) = self.contents.pools.get_mut(&pool_id) else {
            return;
        };
        let Some(place) = pool.line.remove(&rank) else {
            return;
        };
        self.index.place_went(&place);
        if place.offer.is_some() {
            self.index.offer_went(&pool_id);
        }
        self.request_ended(&place.asked.request, Ending::Place { place: id, end });
    }

    fn offer(&mut self, id: PlaceId, offer: OfferId) {
        let made = self.contents.seq;
        let mut of = None;
        self.change_place(id, |place, definition| {
            place.offer = Some(Offer { id: offer, made, stands: definition.offer });
            of = Some((place.asked.pool.clone(), place.asked.request));
        });
        let Some((pool, request)) = of else { return };
        self.index.offer_came(&pool);
        self.contents.offers.insert(offer, request);
    }

    fn withdraw(&mut self, id: PlaceId) {
        let mut of = None;
        self.change_place(id, |place, _| {
            if place.offer.take().is_some() {
                of = Some(place.asked.pool.clone());
            }
        });
        if let Some(pool) = of {
            self.index.offer_went(&pool);
        }
    }

    fn age_requests(&mut self, seq: Seq) {
        self.contents.hours.push_back(seq);
        if self.contents.hours.len() <= REQUEST_HOURS {
            return;
        }
        let Some(limit) = self.contents.hours.pop_front() else {
            return;
        };
        self.contents.requests.retain(|_, request| match request.became {
            Became::Waiting(_) | Became::Granted(_) => true,
            Became::Ended(_) => request.changed > limit,
        });
        self.age_refusals(limit);
        let requests = &self.contents.requests;
        self.contents.offers.retain(|_, request| requests.contains_key(request));
        self.index.find_grants(&self.contents);
    }
}
