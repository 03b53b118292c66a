//! What the journal says, and nothing else: ids and durations, no deadline.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::time::Duration;

use hotseat_protocol::ids::{
    Anchor, ClientName, Epoch, Generation, MachineId, OfferId, PlaceId, PoolId, SeatId, SeatRef,
    Seq, UserId, WallTime,
};
use hotseat_protocol::reason::PlaceEnd;

use super::command::Keeper;
use super::definition::{Accept, PoolDefinition};
use super::event::{Asked, Release, RequestKey};
use super::index::Index;
use super::recovery::Recovery;
use super::refused::RefusedRequest;

/// Everything that a snapshot must keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The store's random number; 0 before its first event.
    pub generation: Generation,
    /// The number of the last event applied.
    pub seq: Seq,
    /// Everybody with a log-in.
    pub users: BTreeMap<UserId, User>,
    /// Every machine that was ever enrolled.
    pub machines: BTreeMap<MachineId, Machine>,
    /// Every pool, with its seats and its line.
    pub pools: BTreeMap<PoolId, Pool>,
    /// What became of each request that was not refused, for a day.
    pub requests: BTreeMap<RequestKey, Request>,
    /// The requests that were refused, for a day, the newest of each caller.
    pub refused: BTreeMap<RequestKey, RefusedRequest>,
    /// Every offer made, to the request that it was made for, as long as that is kept.
    pub offers: BTreeMap<OfferId, RequestKey>,
    /// The last event of each of the past hours, at most 24.
    pub hours: VecDeque<Seq>,
    /// The generations that the store had before.
    pub past: BTreeSet<Generation>,
    /// Why nothing is granted; none while all is well.
    pub recovery: Option<Recovery>,
}

impl Default for Contents {
    fn default() -> Self {
        Self {
            generation: Generation(0),
            seq: Seq::default(),
            users: BTreeMap::new(),
            machines: BTreeMap::new(),
            pools: BTreeMap::new(),
            requests: BTreeMap::new(),
            refused: BTreeMap::new(),
            offers: BTreeMap::new(),
            hours: VecDeque::new(),
            past: BTreeSet::new(),
            recovery: None,
        }
    }
}

/// Whether a user's seats count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserKind {
    /// With an own licence: never counted.
    Named,
    /// Shares the pool's seats.
    Concurrent,
}

/// A person with a log-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Counted or not, from the next grant on.
    pub kind: UserKind,
    /// Whether they may sign on.
    pub enabled: bool,
    /// They are disabled because a record that was set aside may have done it.
    pub unconfirmed: bool,
}

/// A report is repeated until it is answered, so only those of the last outage can come again: so
/// many seats of one machine, and several outages of a smaller one.
pub(super) const OVERDRAFTS_KNOWN_MAX: usize = 1_024;

/// People of one machine that are remembered: more than sign on at the largest terminal server in
/// the days that an outage lasts.
const PEOPLE_KNOWN_MAX: usize = 4_096;

/// A computer with one broker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// Whether its credential was revoked.
    pub revoked: bool,
    /// It is revoked because a record that was set aside may have done it.
    pub unconfirmed: bool,
    /// The newest overdrafts that it has told of, so that a repeated report is written once: since
    /// when, and without which seat. At most [`OVERDRAFTS_KNOWN_MAX`].
    pub overdrafts: BTreeSet<(WallTime, SeatId)>,
    /// Whoever had a seat that it kept, with the newest grant: it tells of their overdrafts, and of
    /// nobody else's. At most [`PEOPLE_KNOWN_MAX`].
    pub people: BTreeMap<UserId, Seq>,
}

impl Machine {
    /// Somebody was granted a seat that it keeps.
    pub(super) fn had(&mut self, user: UserId, granted: Seq) {
        self.people.insert(user, granted);
        if self.people.len() > PEOPLE_KNOWN_MAX
            && let Some(oldest) = self.people.iter().min_by_key(|(_, granted)| **granted)
        {
            let oldest = *oldest.0;
            self.people.remove(&oldest);
        }
    }

    /// It has told of an overdraft.
    pub(super) fn told_overdraft(&mut self, from: WallTime, seat: SeatId) {
        self.overdrafts.insert((from, seat));
        while self.overdrafts.len() > OVERDRAFTS_KNOWN_MAX {
            self.overdrafts.pop_first();
        }
    }
}

/// A pool with its seats and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// What it is.
    pub definition: PoolDefinition,
    /// Removed, but seats are still leaving.
    pub retired: bool,
    /// A record that was set aside may have changed or removed it: nothing is granted until it is
    /// defined again.
    pub unconfirmed: bool,
    /// Everybody's stays, leaving ones included.
    pub seats: BTreeMap<SeatId, Seat>,
    /// The waiters by rank: the number of the event that made the place.
    pub line: BTreeMap<Seq, Place>,
}

/// One stay of one holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// Its id.
    pub id: SeatId,
    /// Number of the event that last granted it.
    pub epoch: Epoch,
    /// What the last grant was asked for.
    pub asked: Asked,
    /// Who renews it.
    pub keeper: Keeper,
    /// What it hangs on.
    pub anchor: Anchor,
    /// Whether it takes one of the pool's seats; fixed at the grant.
    pub counted: bool,
    /// When the stay began, for people.
    pub since: WallTime,
    /// The longest lease that its keeper may have been told of during the stay: so long may it
    /// believe in the seat after a restart, whatever the pool's lease is by then.
    pub longest_lease: Duration,
    /// It is being taken back: why, and since when.
    pub leaving: Option<TakenBack>,
    /// A warning was shown and not yet answered.
    pub warned: bool,
    /// The end of the last idle spell written down, for people.
    pub idle_until: Option<WallTime>,
}

/// A seat that is being taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBack {
    /// Why, and who wanted it.
    pub release: Release,
    /// Since when, for people.
    pub at: WallTime,
}

/// What makes two sign-ons the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatKey {
    /// The pool.
    pub pool: PoolId,
    /// The holder.
    pub user: UserId,
    /// The way in.
    pub client: ClientName,
    /// Who renews it.
    pub keeper: Keeper,
    /// What it hangs on.
    pub anchor: Anchor,
}

impl Seat {
    /// Its id and its epoch.
    #[must_use]
    pub fn seat_ref(&self) -> SeatRef {
        SeatRef { id: self.id, epoch: self.epoch }
    }

    /// What makes another sign-on the same as this one.
    #[must_use]
    pub fn key(&self) -> SeatKey {
        SeatKey::new(&self.asked, self.keeper, &self.anchor)
    }
}

impl SeatKey {
    /// The key of a sign-on.
    #[must_use]
    pub fn new(asked: &Asked, keeper: Keeper, anchor: &Anchor) -> Self {
        Self {
            pool: asked.pool.clone(),
            user: asked.user,
            client: asked.client.clone(),
            keeper,
            anchor: anchor.clone(),
        }
    }
}

/// A place in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: PlaceId,
    /// What the newest request for it asked.
    pub asked: Asked,
    /// Who renews it, and then the seat.
    pub keeper: Keeper,
    /// What the seat will hang on.
    pub anchor: Anchor,
    /// How an offer is taken.
    pub accept: Accept,
    /// The seat set aside for it.
    pub offer: Option<Offer>,
    /// Since when, for people.
    pub since: WallTime,
    /// The longest time that its keeper may have been told of, within which it must be asked for.
    pub longest_lease: Duration,
}

/// A freed seat, set aside for a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// The event that made it: the newest are withdrawn first.
    pub made: Seq,
    /// How long it stands, as its waiter was told.
    pub stands: Duration,
}

impl Place {
    /// The key of the seat that it waits for.
    #[must_use]
    pub fn key(&self) -> SeatKey {
        SeatKey::new(&self.asked, self.keeper, &self.anchor)
    }

    /// The id of the offer, while one stands.
    #[must_use]
    pub fn offer_id(&self) -> Option<OfferId> {
        self.offer.map(|offer| offer.id)
    }
}

/// A request that changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it asked; none when it was cancelled before it arrived.
    pub asked: Option<Asked>,
    /// What became of it.
    pub became: Became,
    /// The event that last changed it.
    pub changed: Seq,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It has a place in line.
    Waiting(PlaceId),
    /// It has a seat, at this epoch.
    Granted(SeatRef),
    /// It had one.
    Ended(Ending),
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Its seat ended, or was signed on to again (superseded).
    Seat {
        /// The seat, at the epoch that this request had.
        seat: SeatRef,
        /// Why.
        release: Release,
        /// When, for people; of a seat that was taken back, when that began. None: from a
        /// snapshot that did not say.
        at: Option<WallTime>,
    },
    /// Its place ended, or a newer request took it over (superseded).
    Place {
        /// The place.
        place: PlaceId,
        /// Why.
        end: PlaceEnd,
    },
    /// It was cancelled before it arrived.
    Cancelled,
}

/// How many of a pool's seats are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Counted seats, leaving ones included.
    pub in_use: u32,
    /// Seats set aside by offers.
    pub offered: u32,
}

/// The state: [`Contents`], and an index over them that nobody else can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub(super) contents: Contents,
    pub(super) index: Index,
}
