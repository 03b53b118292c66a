//! What must be true after every step.

use super::users;
use super::world::World;

impl World {
    /// Checks what must always be true; says how many beliefs were looked at.
    pub(super) fn check_always(&mut self) -> Result<u64, String> {
        if let Some(broken) = self.audit.broken.take().or_else(|| self.reckoning.broken.take()) {
            return Err(broken);
        }
        // Belief changes with a step of a broker, and ends by itself; facts change with a write.
        let mut changed = self.ledger.catch_up();
        for machine in &mut self.machines {
            changed |= machine.look();
        }
        if changed { self.invariant_held_only_what_the_journal_counts() } else { Ok(0) }
    }

    /// Promise 2, in its strongest form: what a broker calls held is a seat of the journal that
    /// has not been released, and so it still counts. Then brokers together can never hold more
    /// than the pool counts, which promise 1 bounds.
    fn invariant_held_only_what_the_journal_counts(&self) -> Result<u64, String> {
        let state = self.ledger.state();
        let (mut held, mut counted) = (0, 0);
        for belief in self.machines.iter().flat_map(|machine| machine.held(self.now)) {
            let seat = belief.seat;
            match state.seat(seat.id) {
                Some(found) if found.counted == belief.counted => {}
                Some(_) => return Err(format!("promise 2: seat {seat} is counted differently")),
                None => {
                    let reason = self.audit.released.get(&seat.id);
                    return Err(format!(
                        "promise 2: seat {seat} is held, but released: {reason:?}"
                    ));
                }
            }
            held += 1;
            counted += usize::from(belief.counted);
        }
        let in_use = state.counts(&users::pool()).in_use as usize;
        if counted > in_use {
            return Err(format!("promise 2: {counted} seats are held, {in_use} in use"));
        }
        Ok(held)
    }

    /// Promise 9: a machine whose wall clock jumped signs nobody off and frees nothing. At most it
    /// doubts, and asks the pool.
    pub(super) fn invariant_a_wall_clock_changes_nothing(
        &mut self,
        machine: usize,
        effects: &[hotseat_broker::core::Effect],
    ) {
        use hotseat_broker::core::Effect;
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
