//! Going on after records that cannot be read or applied, and what is in doubt then.
//!
//! A record that is left out may have disabled a user, revoked a machine or lowered a pool's
//! number. Whomever it may have concerned is doubted, until a later record shows how they stand.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{Generation, MachineId, PoolId, Seq, UserId};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::apply::apply;
use super::command::Keeper;
use super::decide::{end_place, take_back};
use super::event::{At, Event, Release};
use super::fits::{Misfit, fits};
use super::refusal::Refusal;
use super::state::{Seat, State, UserKind};

/// Whom a record may have concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerned<T> {
    /// Exactly these, or nobody.
    These(BTreeSet<T>),
    /// Nobody knows.
    Anybody,
}

impl<T> Concerned<T> {
    /// Nobody.
    #[must_use]
    pub fn nobody() -> Self {
        Self::These(BTreeSet::new())
    }
}

/// What a record that is left out may have done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Users whom it may have disabled, removed or made to count.
    pub users: Concerned<UserId>,
    /// Machines that it may have revoked.
    pub machines: Concerned<MachineId>,
    /// Pools that it may have changed or removed.
    pub pools: Concerned<PoolId>,
}

impl Lost {
    /// Something of which nothing is known.
    #[must_use]
    pub fn anything() -> Self {
        Self { users: Concerned::Anybody, machines: Concerned::Anybody, pools: Concerned::Anybody }
    }

    /// Something that disabled, revoked and changed nothing.
    #[must_use]
    pub fn harmless() -> Self {
        Self {
            users: Concerned::nobody(),
            machines: Concerned::nobody(),
            pools: Concerned::nobody(),
        }
    }

    /// An event that is known and does not fit.
    #[must_use]
    pub fn event(event: &Event) -> Self {
        let mut lost = Self::harmless();
        match event {
            Event::UserChanged { user, .. } | Event::UserRemoved { user } => {
                lost.users = Concerned::These([*user].into());
            }
            Event::MachineRevoked { machine } => {
                lost.machines = Concerned::These([*machine].into());
            }
            Event::PoolDefined { definition } => {
                lost.pools = Concerned::These([definition.id.clone()].into());
            }
            Event::PoolRemoved { pool } => lost.pools = Concerned::These([pool.clone()].into()),
            Event::Quarantined { users, machines, pools, .. } => {
                lost.users = Concerned::These(users.iter().copied().collect());
                lost.machines = Concerned::These(machines.iter().copied().collect());
                lost.pools = Concerned::These(pools.iter().cloned().collect());
            }
            Event::Initialised { .. }
            | Event::UserAdded { .. }
            | Event::MachineAdded { .. }
            | Event::MachineConfirmed { .. }
            | Event::SignOnRefused { .. }
            | Event::SeatGranted { .. }
            | Event::SeatReacquired { .. }
            | Event::SeatLeaving { .. }
            | Event::SeatReleased { .. }
            | Event::PlaceTaken { .. }
            | Event::PlaceMoved { .. }
            | Event::PlaceEnded { .. }
            | Event::Offered { .. }
            | Event::OfferWithdrawn { .. }
            | Event::RequestCancelled { .. }
            | Event::ChecksRefused { .. }
            | Event::SeatWarned { .. }
            | Event::WarningAnswered { .. }
            | Event::Overdraft { .. }
            | Event::IdleSpell { .. }
            | Event::RequestsAged
            | Event::FoundBehind { .. }
            | Event::GenerationBegan { .. }
            | Event::RecoveryEnded
            | Event::RecordSetAside { .. } => {}
        }
        lost
    }
}

/// Who and what may be otherwise than the state says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Users who are enabled in the state.
    pub users: BTreeSet<UserId>,
    /// Machines that are not revoked in the state.
    pub machines: BTreeSet<MachineId>,
    /// Pools that are there in the state.
    pub pools: BTreeSet<PoolId>,
}

/// A state that is built from a journal of which records may be left out.
#[derive(Debug, Clone, Default)]
pub struct Salvage {
    state: State,
    doubts: Doubts,
}

impl Salvage {
    /// Begins with a state that is known, such as a snapshot's.
    #[must_use]
    pub fn from(state: State) -> Self {
        Self { state, doubts: Doubts::default() }
    }

    /// What the records so far make.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The next record: applied, if it fits.
    ///
    /// # Errors
    ///
    /// Why it does not; then nothing is changed.
    pub fn next(&mut self, event: &Event, at: At, generation: Generation) -> Result<(), Misfit> {
        let expected = event.begins().unwrap_or(self.state.generation());
        if generation != expected {
            return Err(Misfit::new(format!(
                "it is of generation {generation}, where {expected} was"
            )));
        }
        fits(&self.state, event)?;
        apply(&mut self.state, event, at);
        self.shows(event);
        Ok(())
    }

    /// The next record is left out. What is returned stands in its place: it was applied.
    ///
    /// `after` is the generation of the records that follow, where that is known.
    pub fn leave_out(&mut self, at: At, after: Option<Generation>, lost: &Lost) -> Event {
        let generation = after.filter(|after| *after != self.state.generation());
        let instead = Event::RecordSetAside { generation };
        apply(&mut self.state, &instead, at);
        self.doubt(lost);
        instead
    }

    /// Doubts whomever a record that is not applied may have concerned.
    pub fn doubt(&mut self, lost: &Lost) {
        let contents = self.state.contents();
        let users = contents.users.iter().filter(|(_, user)| user.enabled).map(|(id, _)| id);
        self.doubts.users.extend(users.filter(|id| concerns(&lost.users, id)));
        let machines = contents.machines.iter().filter(|(_, machine)| !machine.revoked);
        let machines = machines.map(|(id, _)| id);
        self.doubts.machines.extend(machines.filter(|id| concerns(&lost.machines, id)));
        let pools = contents.pools.keys().filter(|id| concerns(&lost.pools, id));
        self.doubts.pools.extend(pools.cloned());
    }

    /// The state, and who and what in it is in doubt.
    #[must_use]
    pub fn end(mut self) -> (State, Doubts) {
        let state = &self.state;
        let enabled = |id: &UserId| state.user(*id).is_some_and(|user| user.enabled);
        self.doubts.users.retain(enabled);
        let works = |id: &MachineId| state.machine(*id).is_some_and(|machine| !machine.revoked);
        self.doubts.machines.retain(works);
        self.doubts.pools.retain(|id| state.contents.pools.contains_key(id));
        (self.state, self.doubts)
    }

    /// A record shows how somebody stood when it was written.
    fn shows(&mut self, event: &Event) {
        match event {
            Event::UserAdded { user, .. }
            | Event::UserChanged { user, .. }
            | Event::UserRemoved { user } => {
                self.doubts.users.remove(user);
            }
            Event::SeatGranted { asked, keeper, counted, .. } => {
                self.shows_user(asked.user, *counted);
                self.shows_keeper(*keeper);
            }
            // Whoever has a licence of their own waits for nothing.
            Event::PlaceTaken { asked, keeper, .. } | Event::PlaceMoved { asked, keeper, .. } => {
                self.shows_user(asked.user, true);
                self.shows_keeper(*keeper);
            }
            Event::MachineAdded { machine }
            | Event::MachineRevoked { machine }
            | Event::MachineConfirmed { machine }
            | Event::Overdraft { machine, .. } => {
                self.doubts.machines.remove(machine);
            }
            Event::PoolDefined { definition } => {
                self.doubts.pools.remove(&definition.id);
            }
            Event::PoolRemoved { pool } => {
                self.doubts.pools.remove(pool);
            }
            Event::Initialised { .. }
            | Event::SignOnRefused { .. }
            | Event::SeatReacquired { .. }
            | Event::SeatLeaving { .. }
            | Event::SeatReleased { .. }
            | Event::PlaceEnded { .. }
            | Event::Offered { .. }
            | Event::OfferWithdrawn { .. }
            | Event::RequestCancelled { .. }
            | Event::ChecksRefused { .. }
            | Event::SeatWarned { .. }
            | Event::WarningAnswered { .. }
            | Event::IdleSpell { .. }
            | Event::RequestsAged
            | Event::FoundBehind { .. }
            | Event::GenerationBegan { .. }
            | Event::RecoveryEnded
            | Event::RecordSetAside { .. }
            | Event::Quarantined { .. } => {}
        }
    }

    /// A user was enabled, and counted or not. Where that is not what the state says of them, the
    /// record that changed it was left out.
    fn shows_user(&mut self, user: UserId, counted: bool) {
        let kind = if counted { UserKind::Concurrent } else { UserKind::Named };
        if self.state.user(user).is_some_and(|user| user.kind == kind) {
            self.doubts.users.remove(&user);
        }
    }

    fn shows_keeper(&mut self, keeper: Keeper) {
        if let Keeper::Machine(machine) = keeper {
            self.doubts.machines.remove(&machine);
        }
    }
}

fn concerns<T: Ord>(lost: &Concerned<T>, id: &T) -> bool {
    match lost {
        Concerned::Anybody => true,
        Concerned::These(these) => these.contains(id),
    }
}

/// Ends what those in doubt have, and has them refused until they are confirmed.
pub(super) fn quarantine(state: &State, record: Seq, others: u64, doubts: &Doubts) -> Vec<Event> {
    let ends = |user: &UserId, keeper: Keeper| match keeper {
        _ if doubts.users.contains(user) => {
            Some((ReleaseReason::UserDisabled, PlaceEnd::UserDisabled))
        }
        Keeper::Machine(machine) if doubts.machines.contains(&machine) => {
            Some((ReleaseReason::MachineRevoked, PlaceEnd::MachineRevoked))
        }
        Keeper::Machine(_) | Keeper::Calls => None,
    };
    let places = state.places().filter_map(|place| {
        let (_, end) = ends(&place.asked.user, place.keeper)?;
        Some(end_place(place, end))
    });
    let taken = |seat: &Seat| {
        let (reason, _) = ends(&seat.asked.user, seat.keeper)?;
        take_back(seat, Release::rule(reason))
    };
    let mut events: Vec<Event> = places.collect();
    events.extend(state.seats().filter_map(taken));
    events.push(Event::Quarantined {
        record,
        others,
        users: doubts.users.iter().copied().collect(),
        machines: doubts.machines.iter().copied().collect(),
        pools: doubts.pools.iter().cloned().collect(),
    });
    events
}

/// An administrator says that a machine was not revoked.
pub(super) fn confirm_machine(state: &State, machine: MachineId) -> Result<Vec<Event>, Refusal> {
    let found = state.machine(machine).ok_or(Refusal::UnknownMachine(machine))?;
    match (found.revoked, found.unconfirmed) {
        (false, _) => Ok(Vec::new()),
        (true, true) => Ok(vec![Event::MachineConfirmed { machine }]),
        (true, false) => Err(Refusal::Revoked(machine)),
    }
}

impl State {
    pub(super) fn doubt(&mut self, users: &[UserId], machines: &[MachineId], pools: &[PoolId]) {
        for user in users {
            if let Some(user) = self.contents.users.get_mut(user) {
                (user.enabled, user.unconfirmed) = (false, true);
            }
        }
        for machine in machines {
            if let Some(machine) = self.contents.machines.get_mut(machine) {
                (machine.revoked, machine.unconfirmed) = (true, true);
            }
        }
        for pool in pools {
            if let Some(pool) = self.contents.pools.get_mut(pool) {
                pool.unconfirmed = true;
            }
        }
    }
}
