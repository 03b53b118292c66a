//! What each machine is told unasked: its own seats, places and offers in full and at once, and
//! the pools as privacy allows, at most once a second.
//!
//! The [`Feed`] belongs to whoever drives the engine and sees committed facts only.
//! A machine follows through a [`Subscription`]: first a snapshot, then changes.
//! Each push names the one before. Who reads too slowly misses pushes and gets a new snapshot as
//! soon as there is room again.

mod pages;
mod project;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use hotseat_protocol::ids::{MachineId, PoolId, SeatId, Seq, UserId};
use hotseat_protocol::link::{FromPool, JournalPosition, Projected};
use hotseat_rules::{Caller, Keeper, Mono, Pick, Privacy, Seat, idle_picks};
use tokio::sync::mpsc;

use self::pages::pages;
use self::project::PoolPicture;
pub use self::project::{Eyes, fact_end, holder, pool_view, privacy, shown};
use crate::engine::{Committed, Touch, View};
use crate::stated::stated_ms;

/// Pushes that wait for a slow link; with more it gets a new snapshot instead.
pub const PUSHES_WAITING_MAX: usize = 64;

/// Pools are shown at most so often: a full pool in the morning changes many times a second.
pub const POOLS_EVERY: Duration = Duration::from_secs(1);

/// How old the idle times and names in a shown pool may be; no fact says that they changed.
pub const PICTURES_EVERY: Duration = Duration::from_secs(15);

/// What ids are called. Asked for often, so it answers from memory.
pub trait Names: Send + Sync {
    /// The name of a person; none when it was erased.
    fn user(&self, id: UserId) -> Option<String>;

    /// Who took a seat back, for its holder.
    fn caller(&self, caller: Caller) -> Option<String>;
}

/// One push: a frame, or all pages of a snapshot.
type Push = Vec<FromPool>;

/// What a machine's link reads.
#[derive(Debug)]
pub struct Subscription {
    /// Whose.
    pub machine: MachineId,
    /// Which of the machine's links: a newer one has a greater number.
    pub link: u64,
    pushes: mpsc::Receiver<Push>,
    frames: VecDeque<FromPool>,
}

impl Subscription {
    /// The next frame. None: a newer link of this machine has taken over, or the pool ends.
    pub async fn next(&mut self) -> Option<FromPool> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Some(frame);
            }
            self.frames.extend(self.pushes.recv().await?);
        }
    }

    /// The next frame that is there already.
    pub fn try_next(&mut self) -> Option<FromPool> {
        if self.frames.is_empty() {
            self.frames.extend(self.pushes.try_recv().ok()?);
        }
        self.frames.pop_front()
    }
}

#[derive(Debug)]
struct Subscriber {
    link: u64,
    pushes: mpsc::Sender<Push>,
    /// The number of the newest push, sent or missed.
    number: u64,
    /// A push was missed: nothing but a snapshot helps.
    lagging: bool,
}

/// All who follow.
pub struct Feed {
    names: std::sync::Arc<dyn Names>,
    subscribers: BTreeMap<MachineId, Subscriber>,
    links: u64,
    /// Pools that have changed since they were shown.
    stale: BTreeSet<PoolId>,
    /// Machines that have seen such a pool before everybody else, and as of which record.
    ahead: BTreeMap<(PoolId, MachineId), Seq>,
    shown: BTreeMap<PoolId, PoolPicture>,
    shown_at: Option<Mono>,
    pictured_at: Option<Mono>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("subscribers", &self.subscribers.len()).finish_non_exhaustive()
    }
}

impl Feed {
    /// A feed that nobody follows yet.
    #[must_use]
    pub fn new(names: std::sync::Arc<dyn Names>) -> Self {
        Self {
            names,
            subscribers: BTreeMap::new(),
            links: 0,
            stale: BTreeSet::new(),
            ahead: BTreeMap::new(),
            shown: BTreeMap::new(),
            shown_at: None,
            pictured_at: None,
        }
    }

    /// A machine's link begins to follow; an older one of the same machine ends.
    pub fn follow(&mut self, machine: MachineId, view: View<'_>) -> Subscription {
        self.links = self.links.saturating_add(1);
        let (sender, pushes) = mpsc::channel(PUSHES_WAITING_MAX);
        let link = self.links;
        let subscriber = Subscriber { link, pushes: sender, number: 0, lagging: true };
        self.subscribers.insert(machine, subscriber);
        self.catch_up(machine, view);
        Subscription { machine, link, pushes, frames: VecDeque::new() }
    }

    /// A link asks for a snapshot, because it missed a push.
    pub fn resync(&mut self, machine: MachineId, link: u64, view: View<'_>) {
        if let Some(found) = self.subscribers.get_mut(&machine).filter(|found| found.link == link) {
            found.lagging = true;
            self.catch_up(machine, view);
        }
    }

    /// A link has ended. Returns whether it was the machine's newest, so that the machine is gone.
    pub fn unfollow(&mut self, machine: MachineId, link: u64) -> bool {
        let newest = self.subscribers.get(&machine).is_some_and(|found| found.link == link);
        if newest {
            self.subscribers.remove(&machine);
        }
        newest
    }

    /// The machines whose subscription was dropped; they no longer follow.
    pub fn take_closed(&mut self) -> Vec<MachineId> {
        let closed: Vec<MachineId> = self
            .subscribers
            .iter()
            .filter(|(_, subscriber)| subscriber.pushes.is_closed())
            .map(|(machine, _)| *machine)
            .collect();
        for machine in &closed {
            self.subscribers.remove(machine);
        }
        closed
    }

    /// Facts that `view` already contains.
    pub fn committed(&mut self, facts: &[Committed], view: View<'_>) {
        let mut changes: BTreeMap<MachineId, Vec<Projected>> = BTreeMap::new();
        let mut lines = BTreeSet::new();
        for fact in facts {
            for touch in &fact.touches {
                let change = match touch {
                    Touch::Seat { machine, seat } => {
                        project::seat(view, &*self.names, *machine, *seat)
                            .map(|seat| (*machine, Projected::Seat { seat }))
                    }
                    Touch::SeatEnded { machine, seat, release } => {
                        let end = fact_end(&*self.names, release, fact.record.at);
                        Some((*machine, Projected::SeatEnded { seat: *seat, end }))
                    }
                    Touch::PlaceEnded { machine, request, end } => {
                        Some((*machine, Projected::PlaceEnded { request: *request, end: *end }))
                    }
                    Touch::Line(pool) => {
                        lines.insert(pool.clone());
                        None
                    }
                    Touch::Pool(pool) | Touch::PoolRemoved(pool) => {
                        self.stale.insert(pool.clone());
                        None
                    }
                };
                if let Some((machine, item)) = change {
                    changes.entry(machine).or_default().push(item);
                }
            }
        }
        for (machine, place) in lines.iter().flat_map(|pool| project::line(view, pool)) {
            changes.entry(machine).or_default().push(Projected::Place { place });
        }
        for (machine, items) in changes {
            self.push(machine, items, view);
        }
        self.show_pools(view);
    }

    /// Somebody's seat is wanted. Their machine sees the waiter first: it takes a warning back when
    /// its picture of the pool says that nobody waits.
    pub fn wanted(&mut self, pick: &Pick, view: View<'_>) {
        let key = (pick.pool.clone(), pick.machine);
        if self.stale.contains(&pick.pool) && self.ahead.get(&key) != Some(&view.state.seq()) {
            let picture = PoolPicture::of(view, &*self.names, &pick.pool, Eyes::Other);
            let shown = self.shown_to(pick.machine, &pick.pool, picture.as_ref(), view);
            self.push(pick.machine, vec![shown], view);
            self.ahead.insert(key, view.state.seq());
        }
        let warning = self.warning(pick, view);
        if let Some(subscriber) = self.subscribers.get_mut(&pick.machine) {
            subscriber.send(vec![warning]);
        }
    }

    fn warning(&self, pick: &Pick, view: View<'_>) -> FromPool {
        let pool = view.state.pool(&pick.pool);
        let privacy = pool.map_or(Privacy::Counts, |pool| pool.definition.privacy);
        let waiter = shown(privacy, self.names.user(pick.waiter));
        FromPool::WarnIdle { seat: pick.seat, waiter }
    }

    /// A holder said elsewhere than at the machine that the seat is kept.
    pub fn kept(&mut self, seat: SeatId, view: View<'_>) {
        let Some(seat) = view.state.seat(seat) else { return };
        let Some((machine, frame)) = machine_of(seat.keeper).zip(kept(seat, view)) else { return };
        if let Some(subscriber) = self.subscribers.get_mut(&machine) {
            subscriber.send(vec![frame]);
        }
    }

    /// What was said to a machine between pushes, as far as it still holds: who follows anew, or
    /// read too slowly, may have missed it.
    fn said_between(&self, machine: MachineId, view: View<'_>) -> Vec<FromPool> {
        let kept = view.state.machine_seats(machine).filter_map(|seat| kept(seat, view));
        let picks = idle_picks(view.state, view.presence, view.now);
        let picks = picks.into_iter().filter(|pick| pick.machine == machine);
        kept.chain(picks.map(|pick| self.warning(&pick, view))).collect()
    }

    /// To be called at least once a second: shows pools that changed, and helps those who lagged.
    pub fn tick(&mut self, view: View<'_>) {
        let lagging = self.subscribers.iter().filter(|(_, subscriber)| subscriber.lagging);
        for machine in lagging.map(|(machine, _)| *machine).collect::<Vec<_>>() {
            self.catch_up(machine, view);
        }
        if self.pictured_at.is_none_or(|at| view.now >= at + PICTURES_EVERY) {
            self.pictured_at = Some(view.now);
            self.stale.extend(view.state.pools().map(|pool| pool.definition.id.clone()));
        }
        // A check that passes, and the end of what it set aside, are no facts of the journal.
        let set_aside = |id: &PoolId| view.presence.set_aside(view.state, id, view.now);
        let shown = self.shown.iter().filter(|(id, shown)| shown.set_aside() != set_aside(id));
        self.stale.extend(shown.map(|(id, _)| id.clone()));
        self.show_pools(view);
    }

    fn show_pools(&mut self, view: View<'_>) {
        let soon = self.shown_at.is_some_and(|at| view.now < at + POOLS_EVERY);
        if self.stale.is_empty() || soon {
            return;
        }
        self.shown_at = Some(view.now);
        let mut news = Vec::new();
        let ahead = std::mem::take(&mut self.ahead);
        let mut corrections = Vec::new();
        for id in std::mem::take(&mut self.stale) {
            let picture = PoolPicture::of(view, &*self.names, &id, Eyes::Other);
            let changed = match &picture {
                Some(picture) => {
                    self.shown.insert(id.clone(), picture.clone()).as_ref() != Some(picture)
                }
                None => self.shown.remove(&id).is_some(),
            };
            if changed {
                news.push((id, picture));
            } else {
                // As it was, but some have seen it otherwise in between.
                let seen = ahead.keys().filter(|(pool, _)| *pool == id);
                corrections.extend(seen.map(|(_, machine)| {
                    (*machine, self.shown_to(*machine, &id, picture.as_ref(), view))
                }));
            }
        }
        for (machine, item) in corrections {
            self.push(machine, vec![item], view);
        }
        if news.is_empty() {
            return;
        }
        for machine in self.subscribers.keys().copied().collect::<Vec<_>>() {
            let items = news.iter();
            let items =
                items.map(|(id, picture)| self.shown_to(machine, id, picture.as_ref(), view));
            self.push(machine, items.collect(), view);
        }
    }

    fn shown_to(
        &self,
        machine: MachineId,
        id: &PoolId,
        picture: Option<&PoolPicture>,
        view: View<'_>,
    ) -> Projected {
        match picture {
            Some(picture) => {
                let pool = picture.for_machine(view, &*self.names, machine);
                Projected::Pool { pool: Box::new(pool) }
            }
            None => Projected::PoolRemoved { pool: id.clone() },
        }
    }

    /// Sends a snapshot to one who lags, if there is room.
    fn catch_up(&mut self, machine: MachineId, view: View<'_>) {
        let items = {
            let Some(subscriber) = self.subscribers.get(&machine) else { return };
            if !subscriber.lagging || subscriber.pushes.capacity() == 0 {
                return;
            }
            project::everything(view, &*self.names, machine)
        };
        let seen = self.stale.iter().map(|pool| ((pool.clone(), machine), view.state.seq()));
        self.ahead.extend(seen);
        let said = self.said_between(machine, view);
        let Some(subscriber) = self.subscribers.get_mut(&machine) else { return };
        subscriber.lagging = false;
        subscriber.number = subscriber.number.saturating_add(1);
        let (push, position) = (subscriber.number, position(view));
        let pages = pages(items);
        let count = u32::try_from(pages.len()).unwrap_or(u32::MAX);
        let frames = (1..).zip(pages).map(|(page, items)| FromPool::Snapshot {
            push,
            position,
            page,
            pages: count,
            items,
        });
        subscriber.send(frames.chain(said).collect());
    }

    fn push(&mut self, machine: MachineId, items: Vec<Projected>, view: View<'_>) {
        let Some(subscriber) = self.subscribers.get_mut(&machine) else { return };
        if subscriber.lagging {
            // The snapshot that follows has it, but not how a seat ended; that comes with the
            // answer to the next renewal.
            return;
        }
        let position = position(view);
        for items in pages(items) {
            let previous = subscriber.number;
            subscriber.number = subscriber.number.saturating_add(1);
            let push = subscriber.number;
            subscriber.send(vec![FromPool::Changed { push, previous, position, items }]);
        }
    }
}

impl Subscriber {
    fn send(&mut self, push: Push) {
        // A link that has ended is found by `take_closed`.
        if let Err(mpsc::error::TrySendError::Full(_)) = self.pushes.try_send(push) {
            self.lagging = true;
        }
    }
}

fn position(view: View<'_>) -> JournalPosition {
    JournalPosition::new(view.state.generation(), view.state.seq())
}

fn kept(seat: &Seat, view: View<'_>) -> Option<FromPool> {
    let ago = view.presence.kept_elsewhere(seat.id, view.now)?;
    Some(FromPool::Kept { seat: seat.seat_ref(), ago_ms: stated_ms(ago) })
}

/// The machine that keeps something.
fn machine_of(keeper: Keeper) -> Option<MachineId> {
    match keeper {
        Keeper::Machine(machine) => Some(machine),
        Keeper::Calls => None,
    }
}

#[cfg(test)]
#[path = "feed/tests.rs"]
mod tests;
