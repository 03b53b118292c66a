//! What must be true after every step.

use hotseat_protocol::ids::SeatRef;
use hotseat_rules::Keeper;

use super::Met;
use super::users;
use super::words::ms;
use super::world::World;

impl World {
    /// Checks what must always be true; says how many beliefs were looked at.
    pub(super) fn check_always(&mut self) -> Result<u64, String> {
        let (audit, reckoning) = (&mut self.audit, &mut self.reckoning);
        let broken = audit.broken.take().or_else(|| reckoning.broken.take());
        if let Some(broken) = broken.or_else(|| audit.held.broken.take()) {
            return Err(broken);
        }
        // Belief changes with a step of a broker, and ends by itself; facts change with a write.
        let mut changed = self.ledger.catch_up();
        self.note_when_seats_were_lost();
        for machine in &mut self.machines {
            changed |= machine.look();
        }
        if !changed {
            return Ok(0);
        }
        let (held, met) = self.invariant_held_only_what_the_journal_counts()?;
        self.met = met;
        Ok(held)
    }

    /// A seat that two turns of the store have lost was lost by the first.
    fn note_when_seats_were_lost(&mut self) {
        let history = &self.history;
        if self.lost_noted_at != history.turned_at {
            self.lost_noted_at = history.turned_at;
            self.lost_at.retain(|seat, _| history.orphans.contains_key(seat));
            for seat in history.orphans.keys() {
                self.lost_at.entry(*seat).or_insert(history.turned_at);
            }
        }
    }

    /// Promise 2, in its strongest form: what a broker calls held is a seat of the journal that
    /// has not been released, and so it still counts. Then brokers together can never hold more
    /// than the pool counts, which promise 1 bounds.
    ///
    /// Nobody can keep that for a computer that was out of reach when its clone was taken for it:
    /// the pool lets go of its seats as it does for a machine that was booted anew. It may believe
    /// in what it was answered before, to the end of that lease, and in nothing more.
    ///
    /// Where a backup was put back, machines may believe in seats that the journal does not know
    /// any more. With them, too, no more are held than were ever counted at once, and not beside
    /// anything that was granted since. A store that was rolled back behind the pool's back keeps
    /// this as soon as the pool knows; until then, machines hold no more than what the journal
    /// counts and what it has lost.
    fn invariant_held_only_what_the_journal_counts(&self) -> Result<(u64, Met), String> {
        let state = self.ledger.state();
        let mut met = self.met;
        let (mut held, mut counted, mut orphan, mut granted_since) = (0, 0, None, None);
        for machine in &self.machines {
            for belief in machine.held(self.now) {
                let seat = belief.seat;
                if !machine.is_answered_for(belief) {
                    met.overtaken += 1;
                    continue;
                }
                if machine.overtaken.is_some() && !machine.back {
                    return Err(format!("promise 2: seat {seat} is held by a clone as well"));
                }
                let lost = self.history.orphans.get(&seat.id);
                match state.seat(seat.id) {
                    Some(found) if found.keeper != Keeper::Machine(machine.id) => {
                        return Err(format!("promise 2: seat {seat} is another machine's"));
                    }
                    Some(found) if found.counted == belief.counted => {
                        if found.epoch.generation == state.generation() {
                            granted_since = Some(seat);
                        }
                    }
                    Some(_) => {
                        return Err(format!("promise 2: seat {seat} is counted differently"));
                    }
                    None if lost.is_some() => {
                        met.orphans += 1;
                        orphan = Some(seat);
                    }
                    None => {
                        let reason = self.audit.released.get(&seat.id);
                        return Err(format!(
                            "promise 2: seat {seat} is held, but released: {reason:?}"
                        ));
                    }
                }
                held += 1;
                counted +=
                    usize::from(belief.counted && (lost.is_none() || !self.history.unnoticed));
            }
        }
        if let Some(orphan) = orphan {
            self.invariant_what_is_lost_ends(orphan, granted_since)?;
        }
        let in_use = state.counts(&users::pool()).in_use as usize;
        let bound = if orphan.is_some() { in_use.max(self.history.counted) } else { in_use };
        if counted > bound {
            return Err(format!("promise 2: {counted} seats are held, {bound} are in use"));
        }
        Ok((held, met))
    }

    /// Promise 2: nobody believes longer than a lease in a seat that the store has lost, nor while
    /// one that was granted in the generation after it is held.
    fn invariant_what_is_lost_ends(
        &self,
        orphan: SeatRef,
        granted_since: Option<SeatRef>,
    ) -> Result<(), String> {
        let lease = ms(self.longest_lease);
        let lost_at = self.lost_at.get(&orphan.id).copied().unwrap_or(self.history.turned_at);
        if self.now > lost_at + lease {
            return Err(format!("promise 2: seat {orphan} of a lost history is held for too long"));
        }
        match granted_since {
            Some(seat) if !self.history.unnoticed => Err(format!(
                "promise 2: seat {seat} was granted while {orphan} of a lost history is held"
            )),
            _ => Ok(()),
        }
    }

    /// Promise 9: a machine whose wall clock jumped signs nobody off and frees nothing. At most it
    /// doubts, and asks the pool.
    pub(super) fn invariant_a_wall_clock_changes_nothing(
        &mut self,
        machine: usize,
        effects: &[hotseat_broker_core::Effect],
    ) {
        use hotseat_broker_core::Effect;
        use hotseat_protocol::link::MachineMessage;
        let asks = |effect: &Effect| {
            matches!(
                effect,
                Effect::Push { .. } | Effect::SendToPool { body: MachineMessage::Renew(_), .. }
            )
        };
        let more = effects.iter().find(|effect| !asks(effect));
        self.audit.must(more.is_none(), || {
            format!("promise 9: the wall clock of machine {machine} jumped: {more:?}")
        });
    }
}
