//! Computers that share one enrolment: a copy of a machine's whole state directory goes on beside
//! it, or in its place.

use std::collections::BTreeSet;

use hotseat_broker_core::fence_ms;
use hotseat_protocol::ids::{MachineId, SeatId};

use super::clock::Clock;
use super::happening::Happening;
use super::machine::{Machine, Overtaken};
use super::words::ms;
use super::world::World;

/// So many computers may be clones in one play.
const CLONES_MAX: usize = 2;

impl World {
    /// Whether more than one computer has ever had this enrolment.
    #[must_use]
    pub(super) fn is_shared(&self, id: MachineId) -> bool {
        self.machines.iter().filter(|machine| machine.id == id).count() > 1
    }

    /// How many people there are, whatever was cloned.
    #[must_use]
    pub(super) fn people(&self) -> u64 {
        self.setup.machines.len() as u64 * 2
    }

    /// All that a machine has on its disk is copied now, and is started soon or late, while the
    /// original goes on, or in its place. One of the two is found and switched off some time.
    pub(super) fn clone_machine(&mut self, machine: usize) {
        let full = self.machines.len() >= self.setup.machines.len() + CLONES_MAX;
        if full || self.machines[machine].retired {
            return;
        }
        let clone = self.machines.len();
        let copy = Machine::copy(&self.machines[machine]);
        self.machines.push(copy);
        self.apart.push(false);
        self.met.clones += 1;
        let soon = self.random.chance(60);
        let wait =
            if soon { self.random.between(0, 3_000) } else { self.random.between(3_000, 200_000) };
        let same_boot = self.random.chance(40);
        self.plan(wait, Happening::CloneStarts { machine: clone, same_boot });
        if self.random.chance(25) {
            self.retire(machine);
        } else if self.random.chance(60) {
            let found = if self.random.chance(50) { machine } else { clone };
            let wait = wait + self.random.between(20_000, 400_000);
            self.plan(wait, Happening::Retires { machine: found });
        }
    }

    pub(super) fn clone_starts(&mut self, machine: usize, same_boot: bool) {
        if self.machines[machine].retired {
            return;
        }
        if !same_boot {
            self.machines[machine].boot = self.fresh_boot();
            let rate = self.random.between(950, 1_050);
            self.machines[machine].clock = Clock::new(self.now, 1_000, rate);
        }
        self.machines[machine].powered = true;
        let wait = self.random.between(10, 2_000);
        self.plan(wait, Happening::StartBroker { machine });
    }

    /// A boot that no other computer has had.
    pub(super) fn fresh_boot(&mut self) -> u64 {
        1_000 + self.fresh_id()
    }

    /// A computer is switched off for good.
    pub(super) fn retire(&mut self, machine: usize) {
        self.machines[machine].retired = true;
        self.power_cut(machine);
    }

    /// Where two computers have one enrolment, one of them is switched off.
    pub(super) fn tell_clones_apart(&mut self) {
        for machine in 0..self.machines.len() {
            let id = self.machines[machine].id;
            let computers = self.machines.iter().enumerate();
            let computers = computers.filter(|(_, other)| other.id == id && !other.retired);
            let computers: Vec<usize> = computers.map(|(number, _)| number).collect();
            if computers.len() > 1
                && let Some(stays) = self.random.pick(&computers)
            {
                computers.into_iter().filter(|other| *other != stays).for_each(|other| {
                    self.retire(other);
                });
            }
        }
    }

    /// Promise 2: no computer is taken for a machine whose link is up in another boot, unless it was
    /// asked at that link whether anybody is there, as long as somebody is.
    pub(super) fn invariant_whoever_is_there_was_asked(
        &mut self,
        machine: usize,
        older: &[u64],
        asked: bool,
    ) {
        let boot = self.machines[machine].boot;
        let served = older.iter().map(|link| &self.links[link]).filter(|link| {
            let other = &self.machines[link.machine];
            other.core.is_some() && other.life == link.life
        });
        let mut others = served.map(|link| link.machine);
        let other = others.find(|other| self.machines[*other].boot != boot);
        self.audit.must(asked || other.is_none(), || {
            format!("promise 2: machine {machine} is taken for {other:?}, which nobody asked")
        });
    }

    /// A link of this computer counts from now on. Another one with its enrolment, which the pool
    /// could not reach, may go on to believe in what it was answered before, and in no more: the
    /// pool cannot know whether it is gone. Whoever showed an older secret waited for that.
    pub(super) fn takes_over(&mut self, machine: usize, void: bool) {
        let (id, now) = (self.machines[machine].id, self.now);
        let fence = fence_ms(ms(self.longest_lease));
        self.ledger.catch_up();
        let counted = self.ledger.state().machine_seats(id).map(|seat| seat.id);
        let seats: BTreeSet<SeatId> = counted.chain(self.history.orphans.keys().copied()).collect();
        self.machines[machine].back = true;
        if void {
            // All that it was left is void, what it believed in too.
            self.machines[machine].overtaken = None;
        }
        let others = self.machines.iter_mut().enumerate();
        for (_, other) in others.filter(|(number, other)| *number != machine && other.id == id) {
            if !void && (other.overtaken.is_none() || other.back) {
                let until = other.clock.at(now) + fence;
                other.overtaken = Some(Overtaken { until, seats: seats.clone() });
                other.back = false;
                self.met.overtook += 1;
            }
        }
    }
}
