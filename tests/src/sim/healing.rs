//! The end: all faults heal, and then everything that was promised must come true.

use std::collections::BTreeSet;

use hotseat_broker_core::{Input, OsEvent};
use hotseat_protocol::ids::{MachineId, SeatId, SeatRef};
use hotseat_protocol::ipc::LinkState;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{Became, Caller, Ending, Keeper, Place};

use super::callers::Says;
use super::happening::Happening;
use super::machine::session_name;
use super::users;
use super::words;
use super::world::World;

/// Longer than every wait that the design names, together.
const SETTLES: u64 = 5 * 60_000;
/// Longer than it also takes until a store that was rolled back is recovered.
const SETTLES_BACK: u64 = 9 * 60_000;

/// Longer than a frame takes, and then a question about it and the answer, in ms.
const FRAMES_ARRIVE: u64 = 2_000;

/// A sign-off that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Promise {
    /// Of which seat.
    pub(super) seat: SeatRef,
    /// As what.
    pub(super) reason: ReleaseReason,
    /// By which machine.
    pub(super) by: MachineId,
    /// The store was turned back since: the history in which it was answered may be lost.
    pub(super) turned: bool,
}

impl World {
    /// Heals everything, lets it settle, checks; then ends every program, and checks again.
    pub(super) fn heal_and_check(&mut self) -> Result<u64, String> {
        self.heal();
        let mut held = self.settle()?;
        self.invariant_the_line_moves()?;
        self.invariant_mirrors_agree()?;
        held += self.frames_arrive()?;
        self.invariant_views_agree()?;
        self.end_programs();
        held += self.settle()?;
        if !self.far {
            self.invariant_all_that_ended_is_released()?;
        }
        self.invariant_promised_sign_offs_came_true()?;
        self.invariant_promised_cancels_came_true()?;
        Ok(held)
    }

    fn heal(&mut self) {
        self.slow = false;
        self.pool_disk.heal();
        self.pool_still_until = 0;
        self.plan(0, Happening::StartPool);
        self.tell_clones_apart();
        for machine in 0..self.machines.len() {
            self.apart[machine] = false;
            let computer = &mut self.machines[machine];
            computer.disk_works = true;
            computer.still_until = 0;
            computer.stalled = [0, 0];
            self.plan(0, Happening::GoesOn { machine });
            self.plan(1, Happening::Boot { machine });
            self.plan(2, Happening::StartBroker { machine });
        }
    }

    fn settle(&mut self) -> Result<u64, String> {
        let until = self.now + if self.history.turned { SETTLES_BACK } else { SETTLES };
        let mut held = 0;
        // A pool that learnt late that it was rolled back is waited for.
        let longest = until + SETTLES_BACK;
        while let Some(at) = self.next_at() {
            let recovers = self.ledger.state().recovery().is_some();
            if at > if recovers { longest } else { until } {
                break;
            }
            self.step();
            held += self.check_always()?;
        }
        Ok(held)
    }

    /// Lets arrive what was said last, and what is asked because of it, until all views agree.
    fn frames_arrive(&mut self) -> Result<u64, String> {
        let (until, mut held) = (self.now + FRAMES_ARRIVE, 0);
        while self.next_at().is_some_and(|at| at <= until) && self.invariant_views_agree().is_err()
        {
            self.step();
            held += self.check_always()?;
        }
        Ok(held)
    }

    /// Promise 6, its liveness: where a seat is free, nobody who can be reached waits without an
    /// offer.
    fn invariant_the_line_moves(&self) -> Result<(), String> {
        let pool = self.pool.as_ref().ok_or("end: the pool did not start")?;
        let state = pool.state();
        if self.far && state.recovery().is_some() {
            // A recovery waits for the longest time that was stated, which is days away.
            return Ok(());
        }
        let waits = state.places().any(|place| place.offer.is_none());
        let view = pool.view();
        let free = view.presence.free(state, &users::pool(), view.now);
        if waits && free > 0 {
            let line: Vec<_> = state.places().map(|place| place.id).collect();
            return Err(format!("promise 6: the line stands, {free} are free: {line:?}"));
        }
        Ok(())
    }

    /// What each broker holds is what the pool counts for it.
    fn invariant_mirrors_agree(&self) -> Result<(), String> {
        let pool = self.pool.as_ref().ok_or("end: the pool did not start")?;
        let machines = self.machines.iter().enumerate().filter(|(_, machine)| !machine.retired);
        for (number, machine) in machines {
            let revoked = pool.state().machine(machine.id).is_none_or(|machine| machine.revoked);
            if self.far && (revoked || machine.refused) {
                // Its seats count to the end of a lease that is days away.
                continue;
            }
            let seats = pool.state().machine_seats(machine.id);
            let theirs: BTreeSet<SeatId> = seats.map(|seat| seat.id).collect();
            let held = machine.held(self.now);
            let ours: BTreeSet<SeatId> = held.map(|belief| belief.seat.id).collect();
            if ours != theirs {
                return Err(format!(
                    "mirrors: machine {number} holds {ours:?}, the pool counts {theirs:?}"
                ));
            }
        }
        Ok(())
    }

    /// What each broker shows its people is what the pool says: its numbers, and this machine's
    /// seats and places.
    fn invariant_views_agree(&self) -> Result<(), String> {
        let pool = self.pool.as_ref().ok_or("end: the pool did not start")?;
        let (state, id) = (pool.state(), users::pool());
        let seats = state.pool(&id).map_or(0, |pool| pool.definition.seats);
        let waiting = u32::try_from(state.places().count()).unwrap_or(u32::MAX);
        let truth = (seats, state.counts(&id).in_use, waiting);
        let definition = state.pool(&id).map(|pool| &pool.definition);
        let policy = definition.map(|definition| words::pool_view(definition, 0, 0).policy);
        let machines = self.machines.iter().enumerate().filter(|(_, machine)| {
            let known = state.machine(machine.id);
            let behind = machine.was_put_back_by_a_copy(pool.position());
            let refused = self.far && machine.refused;
            !machine.retired && !behind && !refused && known.is_some_and(|known| !known.revoked)
        });
        for (number, machine) in machines {
            let core = machine.core.as_ref().ok_or("end: a broker did not start")?;
            let (mut shown, mut waits) = (BTreeSet::new(), BTreeSet::new());
            for person in machine.people {
                let view = core.view(&users::os_user(person));
                let pool = view.pools.iter().find(|pool| pool.pool.id == id);
                let pool = pool.ok_or(format!("mirrors: machine {number} shows no pool"))?;
                if policy.as_ref() != Some(&pool.pool.policy) {
                    let shown = &pool.pool.policy;
                    return Err(format!(
                        "mirrors: machine {number} follows {shown:?}, true is {policy:?}"
                    ));
                }
                let told = (pool.pool.seats, pool.pool.in_use, pool.pool.waiting);
                if view.link != LinkState::Up || told != truth {
                    let link = &view.link;
                    return Err(format!(
                        "mirrors: machine {number} ({link:?}) shows {told:?}, true is {truth:?}"
                    ));
                }
                shown.extend(pool.seats.iter().map(|seat| (seat.id, seat.epoch)));
                waits.extend(pool.place.iter().map(|place| (place.request, place.rank)));
            }
            let counted = state.machine_seats(machine.id).map(|seat| (seat.id, seat.epoch));
            let counted: BTreeSet<_> = counted.collect();
            let keeper = Keeper::Machine(machine.id);
            let line = state.places().filter(|place| place.keeper == keeper);
            let rank = |place: &Place| state.position(place.id).unwrap_or(0);
            let line: BTreeSet<_> = line.map(|p| (p.asked.request.id, rank(p))).collect();
            if shown != counted || waits != line {
                return Err(format!(
                    "mirrors: machine {number} shows {shown:?} and {waits:?}, \
                     the pool has {counted:?} and {line:?}"
                ));
            }
        }
        Ok(())
    }

    /// Every anchor goes: programs, sessions, visitors.
    fn end_programs(&mut self) {
        for machine in 0..self.machines.len() {
            let programs = std::mem::take(&mut self.machines[machine].programs);
            for program in programs.into_values() {
                if let Some(connection) = program.connection {
                    self.input(machine, Input::Closed { connection });
                }
            }
            if self.machines[machine].watched {
                for person in self.machines[machine].people {
                    let name = session_name(person);
                    self.input(machine, Input::Os(OsEvent::SessionEnded { name }));
                }
            }
        }
        for visit in std::mem::take(&mut self.callers.visits).into_values() {
            if let Some(seat) = visit.seat {
                self.call(Says::SignOff(seat));
            }
        }
    }

    /// Promise 3, its liveness: the anchor of every seat is gone now.
    fn invariant_all_that_ended_is_released(&self) -> Result<(), String> {
        let pool = self.pool.as_ref().ok_or("end: the pool did not start")?;
        let left: Vec<_> = pool.state().seats().map(|seat| seat.seat_ref()).collect();
        if !left.is_empty() {
            return Err(format!("promise 3: still counted: {left:?}"));
        }
        let line = pool.state().places().count();
        if line > 0 {
            return Err(format!("promise 6: {line} still wait in line"));
        }
        let machines = self.machines.iter().enumerate().filter(|(_, machine)| !machine.retired);
        for (number, machine) in machines {
            let disk = &machine.disk;
            let rest = disk.seats.len() + disk.intents.len();
            let unsaid = disk.sign_offs.len() + disk.cancels.len() + disk.ending_tokens.len();
            let revoked = pool.state().machine(machine.id).is_none_or(|known| known.revoked);
            if rest + unsaid > 0 && !revoked {
                return Err(format!("promise 4: machine {number} still has {disk:?}"));
            }
        }
        Ok(())
    }

    /// Promise 4, of sign-ons that ended before they were answered: what they were granted all the
    /// same was released for the reason that was acknowledged.
    fn invariant_promised_cancels_came_true(&self) -> Result<(), String> {
        for (key, promised) in &self.promised_requests {
            let request = self.ledger.state().request(key).map(|request| &request.became);
            let Some(Became::Ended(Ending::Seat { release, .. })) = request else {
                continue;
            };
            let shared = matches!(key.caller, Caller::Machine(by) if self.is_shared(by));
            if release.reason != *promised && !release.reason.is_the_pools() && !shared {
                let (id, reason) = (key.id, release.reason);
                return Err(format!(
                    "promise 4: sign-on {id} was ended as {promised}, its seat as {reason}"
                ));
            }
        }
        Ok(())
    }

    /// Promise 4: acknowledged sign-offs came true, with their reason, or the one that ended the
    /// grant before. Signing on again ends a grant without a release of its own.
    fn invariant_promised_sign_offs_came_true(&self) -> Result<(), String> {
        for Promise { seat, reason: promised, by, turned } in &self.promised {
            let renewed = self.audit.renewed_epochs.get(&seat.id);
            let again = renewed.is_some_and(|epoch| !seat.epoch.covers(*epoch));
            match self.ledger.released.get(&seat.id) {
                Some(reason) if reason == promised || reason.is_the_pools() || again => {}
                // The journal lost it.
                None if self.history.turned && self.ledger.state().seat(seat.id).is_none() => {}
                // The journal lost that it was answered, and the machine has no more to say of it
                // than that nobody took the seat.
                Some(ReleaseReason::NobodyTookIt) if *turned => {}
                // Whichever computer said it first; the auditor knows that one has.
                Some(_) if self.is_shared(*by) => {}
                other => {
                    return Err(format!(
                        "promise 4: seat {seat} was signed off as {promised}, released as {other:?}"
                    ));
                }
            }
        }
        Ok(())
    }
}
