//! What can be asked of the state.

use core::time::Duration;

use hotseat_protocol::ids::{Generation, MachineId, OfferId, PlaceId, PoolId, SeatId, Seq, UserId};

use super::event::RequestKey;
use super::index::Index;
use super::invariants::{InvariantBroken, check_invariants};
use super::refused::RefusedRequest;
use super::state::{
    Became, Contents, Counts, Machine, Offer, Place, Pool, Request, Seat, SeatKey, State, User,
};

impl State {
    /// Takes over what a snapshot kept.
    ///
    /// # Errors
    ///
    /// When it cannot be what a pool kept.
    pub fn from_contents(contents: Contents) -> Result<Self, InvariantBroken> {
        let index = Index::of(&contents);
        let mut state = Self { contents, index };
        state.tidy_refusals();
        check_invariants(&state)?;
        Ok(state)
    }

    /// What a snapshot must keep.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Whether the other says the same, but for what snapshots of older programs did not keep: the
    /// leases that were stated, and whom machines had.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self == other || self.without_what_was_stated() == other.without_what_was_stated()
    }

    fn without_what_was_stated(&self) -> Self {
        let mut state = self.clone();
        for machine in state.contents.machines.values_mut() {
            machine.people.clear();
        }
        for pool in state.contents.pools.values_mut() {
            for seat in pool.seats.values_mut() {
                seat.longest_lease = Duration::ZERO;
            }
            for place in pool.line.values_mut() {
                place.longest_lease = Duration::ZERO;
                place.offer = place.offer.map(|offer| Offer { stands: Duration::ZERO, ..offer });
            }
        }
        state
    }

    /// The store's random number.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.contents.generation
    }

    /// The number of the last event applied.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.contents.seq
    }

    /// The pools that there are, by id; not those that were removed.
    pub fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.contents.pools.values().filter(|pool| !pool.retired)
    }

    /// A pool, unless it was removed.
    #[must_use]
    pub fn pool(&self, id: &PoolId) -> Option<&Pool> {
        self.contents.pools.get(id).filter(|pool| !pool.retired)
    }

    /// A user.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.contents.users.get(&id)
    }

    /// A machine, revoked ones included.
    #[must_use]
    pub fn machine(&self, id: MachineId) -> Option<&Machine> {
        self.contents.machines.get(&id)
    }

    /// A seat that has not been released.
    #[must_use]
    pub fn seat(&self, id: SeatId) -> Option<&Seat> {
        let pool = self.index.seats.get(&id)?;
        self.contents.pools.get(pool)?.seats.get(&id)
    }

    /// The seat that a sign-on with this key returns: never a leaving one.
    #[must_use]
    pub fn seat_by_key(&self, key: &SeatKey) -> Option<&Seat> {
        self.seat(*self.index.keys.get(key)?)
    }

    /// Every seat, by pool, those of removed pools included.
    pub fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.contents.pools.values().flat_map(|pool| pool.seats.values())
    }

    /// Every place, by pool and rank.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.contents.pools.values().flat_map(|pool| pool.line.values())
    }

    /// The seats that a machine keeps, leaving ones included.
    pub fn machine_seats(&self, machine: MachineId) -> impl Iterator<Item = &Seat> {
        let ids = self.index.machine_seats.get(&machine).into_iter().flatten();
        ids.filter_map(|id| self.seat(*id))
    }

    /// The seats that a user has, in all pools, leaving ones included.
    pub fn user_seats(&self, user: UserId) -> impl Iterator<Item = &Seat> {
        let ids = self.index.user_seats.get(&user).into_iter().flatten();
        ids.filter_map(|id| self.seat(*id))
    }

    /// A place that has not ended.
    #[must_use]
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        let (pool, rank) = self.index.places.get(&id)?;
        self.contents.pools.get(pool)?.line.get(rank)
    }

    /// A place's position in its line, from 1.
    #[must_use]
    pub fn position(&self, id: PlaceId) -> Option<u32> {
        let (pool, rank) = self.index.places.get(&id)?;
        let line = &self.contents.pools.get(pool)?.line;
        u32::try_from(line.range(..=*rank).count()).ok()
    }

    /// The place of a user in a pool's line.
    #[must_use]
    pub fn user_place(&self, pool: &PoolId, user: UserId) -> Option<&Place> {
        self.place(*self.index.user_places.get(&(pool.clone(), user))?)
    }

    /// The place that an offer stands for, while it stands.
    #[must_use]
    pub fn offered_place(&self, offer: OfferId) -> Option<&Place> {
        let request = self.contents.offers.get(&offer)?;
        let Became::Waiting(place) = self.request(request)?.became else {
            return None;
        };
        self.place(place).filter(|place| place.offer_id() == Some(offer))
    }

    /// What became of a request of the last day that was not refused.
    #[must_use]
    pub fn request(&self, key: &RequestKey) -> Option<&Request> {
        self.contents.requests.get(key)
    }

    /// A request that was refused, as long as that is remembered.
    #[must_use]
    pub fn refused(&self, key: &RequestKey) -> Option<&RefusedRequest> {
        self.contents.refused.get(key)
    }

    /// A pool's seats, leaving ones included: those that count first, then the longest stay.
    pub fn holders(&self, pool: &PoolId) -> impl Iterator<Item = &Seat> {
        let ids = self.index.holders.get(pool).into_iter().flatten();
        ids.filter_map(|(_, _, id)| self.seat(*id))
    }

    /// The request that last granted a seat, also for a day after the seat ended.
    #[must_use]
    pub fn granted_to(&self, seat: SeatId) -> Option<&RequestKey> {
        self.index.granted.get(&seat)
    }

    /// How many of a pool's seats are taken.
    #[must_use]
    pub fn counts(&self, pool: &PoolId) -> Counts {
        self.index.counts.get(pool).copied().unwrap_or_default()
    }

    /// How many of a pool's seats are neither in use nor offered. What may be granted, offered or
    /// passed is less where checks have set some aside: [`Presence::free`](super::Presence::free).
    #[must_use]
    pub fn free(&self, pool: &PoolId) -> u32 {
        let seats = self.pool(pool).map_or(0, |pool| pool.definition.seats);
        let counts = self.counts(pool);
        seats.saturating_sub(counts.in_use).saturating_sub(counts.offered)
    }
}
