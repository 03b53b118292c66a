//! What is known, and which of the twelve states each pool is in. Pure.
//!
//! The mirror holds what the broker pushed and nothing else; whether a seat is *held* is computed
//! from its deadline whenever somebody asks, never stored.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{Epoch, OfferId, PoolId};
use hotseat_protocol::ipc::{Change, LinkState, MyOffer, MySeat, PoolState, View, Warning};
use hotseat_protocol::problem::Problem;

use crate::clock::Now;
use crate::views::Busy;

mod status;

pub use status::{Silence, Status};

/// How far this program got towards its broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// Not tried long enough to say.
    Starting,
    /// Nobody answers at the socket, or nobody who may be trusted; the sentence says why.
    NoBroker {
        /// For the log.
        why: String,
    },
    /// The broker speaks another version.
    AnotherVersion {
        /// The broker's own version, for people.
        theirs: String,
    },
    /// Connected.
    Connected,
}

/// Everything this program knows.
#[derive(Debug, Clone, PartialEq)]
pub struct AppState {
    /// The broker.
    pub contact: Contact,
    /// The broker's view; absent until its first snapshot, and while there is no broker.
    pub view: Option<View>,
    /// Actions that were sent and not answered, one per pool.
    pub busy: BTreeMap<PoolId, Busy>,
    /// What was refused last in each pool; goes with the next action there.
    pub refusals: BTreeMap<PoolId, Problem>,
    /// For each offer the milliseconds that were left when it was first seen.
    pub offer_of_ms: BTreeMap<OfferId, u64>,
    /// In each pool the newest fencing number with which the person held a seat since this
    /// connection to the broker began.
    pub newest_held: BTreeMap<PoolId, Epoch>,
}

/// What the one icon shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<'a> {
    /// The state.
    pub status: Status,
    /// The pool that is in it; absent where it speaks for all.
    pub pool: Option<&'a PoolState>,
}

/// How closely the person's input has to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// No seat hangs on it.
    Slow,
    /// A seat is held.
    Held,
    /// A warning runs: activity must end it at once.
    Warned,
}

impl AppState {
    /// Nothing is known.
    pub fn new() -> Self {
        Self {
            contact: Contact::Starting,
            view: None,
            busy: BTreeMap::new(),
            refusals: BTreeMap::new(),
            offer_of_ms: BTreeMap::new(),
            newest_held: BTreeMap::new(),
        }
    }

    /// There is no broker to talk to: what it said is no longer known to be true.
    pub fn disconnected(&mut self, contact: Contact) {
        self.contact = contact;
        self.view = None;
        self.newest_held.clear();
        self.busy.clear();
    }

    /// Takes the broker's whole view.
    pub fn snapshot(&mut self, view: View, now: Now) {
        self.view = Some(view);
        self.after_change(now);
    }

    /// Takes changes in order; false when one is of a newer version and the whole view is needed.
    #[must_use]
    pub fn changed(&mut self, changes: Vec<Change>, now: Now) -> bool {
        let Some(view) = &mut self.view else { return false };
        for change in changes {
            match change {
                Change::Link { link } => view.link = link,
                Change::Trouble { trouble } => view.trouble = trouble,
                Change::Account { account } => view.account = account,
                Change::Pool { pool } => upsert(&mut view.pools, *pool),
                Change::PoolRemoved { pool } => view.pools.retain(|state| state.pool.id != pool),
                Change::Unknown => return false,
            }
        }
        self.after_change(now);
        true
    }

    /// The pools, by name.
    pub fn pools(&self) -> &[PoolState] {
        self.view.as_ref().map_or(&[], |view| &view.pools)
    }

    /// One pool.
    pub fn pool(&self, id: &PoolId) -> Option<&PoolState> {
        self.pools().iter().find(|state| state.pool.id == *id)
    }

    /// What to show: the states that speak for all pools, then the first that applies in any.
    pub fn shown(&self, now: Now) -> Shown<'_> {
        let for_all = |status| Shown { status, pool: None };
        let view = match (&self.contact, &self.view) {
            (Contact::AnotherVersion { theirs }, _) => {
                return for_all(Status::AnotherVersion { theirs: theirs.clone() });
            }
            (Contact::Connected, Some(view)) => view,
            (Contact::Connected | Contact::Starting | Contact::NoBroker { .. }, _) => {
                return for_all(Status::NoBroker);
            }
        };
        if view.link == LinkState::NotEnrolled {
            return for_all(Status::NotEnrolled);
        }
        view.pools
            .iter()
            .map(|pool| Shown { status: status(view, pool, now), pool: Some(pool) })
            // The first of equals, so the order of the pools decides.
            .min_by_key(|shown| shown.status.rank())
            .unwrap_or_else(|| for_all(without_pools(view)))
    }

    /// The state of one pool.
    pub fn status(&self, pool: &PoolState, now: Now) -> Status {
        self.view.as_ref().map_or(Status::NoBroker, |view| status(view, pool, now))
    }

    /// What can be done in one pool hangs on this: a loss takes no action away.
    pub fn status_beneath_loss(&self, pool: &PoolState, now: Now) -> Status {
        self.view.as_ref().map_or(Status::NoBroker, |view| beneath_loss(view, pool, now))
    }

    /// Whether a seat that hangs on this session is held: Quit gives it back.
    pub fn holds_by_session(&self, now: Now) -> bool {
        use hotseat_protocol::ipc::AnchorKind;
        let of_session = |seat: &MySeat| {
            seat.anchor == AnchorKind::Session && seat.leaving.is_none() && !is_over(seat, now)
        };
        self.pools().iter().any(|pool| pool.seats.iter().any(of_session))
    }

    /// What is wrong with this computer, and whether the pool refuses it for that.
    pub fn trouble(&self) -> Option<(&Problem, bool)> {
        let view = self.view.as_ref()?;
        let refusal = match &view.link {
            LinkState::Down { cause, .. } => {
                cause.as_ref().filter(|problem| Silence::of(Some(problem)).is_refusal())
            }
            LinkState::Up | LinkState::NotEnrolled => None,
        };
        let told = view.trouble.as_ref().map(|problem| (problem, false));
        refusal.map(|problem| (problem, true)).or(told)
    }

    /// How closely to watch the person's input.
    pub fn pace(&self, now: Now) -> Pace {
        let pools = self.pools();
        if pools.iter().any(|pool| warning(pool, now).is_some()) {
            Pace::Warned
        } else if pools.iter().any(|pool| !pool.seats.is_empty()) {
            Pace::Held
        } else {
            Pace::Slow
        }
    }

    /// The next moment on the boot-time clock at which something that is shown becomes untrue.
    pub fn next_deadline(&self, now: Now) -> Option<u64> {
        self.pools()
            .iter()
            .flat_map(|pool| {
                let seats = pool.seats.iter().map(|seat| seat.deadline_boot_ms);
                let warning = pool.warning.iter().map(|warning| warning.ends_boot_ms);
                let offer = pool.place.iter().flat_map(|place| &place.offer);
                seats.chain(warning).chain(offer.map(|offer| offer.ends_boot_ms))
            })
            .filter(|deadline| *deadline > now.boot_ms)
            .min()
    }

    fn after_change(&mut self, now: Now) {
        self.remember_held(now);
        let offers: Vec<(OfferId, u64)> = self
            .pools()
            .iter()
            .filter_map(|pool| {
                let offer = pool.place.as_ref()?.offer.as_ref()?;
                Some((offer.id, offer.ends_boot_ms.saturating_sub(now.boot_ms)))
            })
            .collect();
        self.offer_of_ms.retain(|id, _| offers.iter().any(|(open, _)| open == id));
        for (id, left) in offers {
            self.offer_of_ms.entry(id).or_insert(left);
        }
    }
}

impl AppState {
    fn remember_held(&mut self, now: Now) {
        let Some(view) = &self.view else { return };
        for pool in &view.pools {
            for seat in pool.seats.iter().filter(|seat| seat.held_at(now.boot_ms)) {
                let known = self.newest_held.entry(pool.pool.id.clone()).or_insert(seat.epoch);
                if !known.covers(seat.epoch) {
                    *known = seat.epoch;
                }
            }
        }
    }
}

impl Default for AppState {
    fn default() -> Self {
        Self::new()
    }
}

/// The seat that the person holds now, the longest-lasting one.
pub fn held_seat(pool: &PoolState, now: Now) -> Option<&MySeat> {
    let held = pool.seats.iter().filter(|seat| seat.held_at(now.boot_ms));
    held.max_by_key(|seat| seat.deadline_boot_ms)
}

/// The warning, while it runs.
pub fn warning(pool: &PoolState, now: Now) -> Option<&Warning> {
    pool.warning.as_ref().filter(|warning| now.boot_ms < warning.ends_boot_ms)
}

/// The offer, while it stands.
pub fn offer(pool: &PoolState, now: Now) -> Option<&MyOffer> {
    let offer = pool.place.as_ref()?.offer.as_ref()?;
    (now.boot_ms < offer.ends_boot_ms).then_some(offer)
}

/// Seats that could be taken now.
pub fn free(pool: &PoolState) -> u32 {
    let view = &pool.pool;
    let kept = view.offered.saturating_add(view.set_aside);
    view.seats.saturating_sub(view.in_use.saturating_add(kept))
}

/// Whether a newcomer would get a seat: one is free and nobody stands in line.
pub fn can_take(pool: &PoolState) -> bool {
    free(pool) > 0 && pool.pool.waiting == 0
}

fn is_over(seat: &MySeat, now: Now) -> bool {
    now.boot_ms >= seat.deadline_boot_ms
}

fn without_pools(view: &View) -> Status {
    match &view.link {
        LinkState::NotEnrolled => Status::NotEnrolled,
        LinkState::Down { since, cause } => Status::Unreachable {
            since: *since,
            safe_until: None,
            silence: Silence::of(cause.as_ref()),
        },
        LinkState::Up if view.account.is_none() => Status::SignedOut,
        LinkState::Up => Status::NoSeat,
    }
}

fn status(view: &View, pool: &PoolState, now: Now) -> Status {
    match &pool.lost {
        Some(lost) => Status::Lost { at: lost.end.at },
        None => beneath_loss(view, pool, now),
    }
}

/// What is true now, and is shown once the person has seen the loss.
fn beneath_loss(view: &View, pool: &PoolState, now: Now) -> Status {
    if let Some(offer) = offer(pool, now) {
        return Status::YourTurn { until: offer.ends_at };
    }
    if let Some(warning) = warning(pool, now) {
        return Status::IdleWarning { until: warning.ends_at };
    }
    let held = held_seat(pool, now);
    if let LinkState::Down { since, cause } = &view.link {
        let safe_until = held.map(|seat| seat.deadline_at);
        let silence = match Silence::of(cause.as_ref()) {
            Silence::Plain if pool.works_without_seat(now.boot_ms) => Silence::WithoutSeat,
            silence @ (Silence::Plain
            | Silence::Cloned
            | Silence::Refused
            | Silence::WithoutSeat) => silence,
        };
        return Status::Unreachable { since: *since, safe_until, silence };
    }
    if held.is_none() && pool.seats.iter().any(|seat| seat.leaving.is_none()) {
        return Status::Unconfirmed;
    }
    if view.account.is_none() {
        return Status::SignedOut;
    }
    match (held, &pool.place) {
        // In line for a second seat: the line is what the person waits to hear of.
        (_, Some(place)) => Status::Waiting { rank: place.rank },
        (Some(_), None) => Status::Holding,
        (None, None) => Status::NoSeat,
    }
}

fn upsert(pools: &mut Vec<PoolState>, pool: PoolState) {
    match pools.iter_mut().find(|known| known.pool.id == pool.pool.id) {
        Some(known) => *known = pool,
        None => pools.push(pool),
    }
    pools.sort_by(|a, b| (&a.pool.name, &a.pool.id).cmp(&(&b.pool.name, &b.pool.id)));
}

#[cfg(test)]
mod tests;
