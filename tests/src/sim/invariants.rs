//! What must be true after every step.

use hotseat_pool::rules::State;

use super::users;
use super::world::World;

impl World {
    /// Checks what must always be true; says how many seats are held.
    pub(super) fn check_always(&mut self) -> Result<u64, String> {
        if let Some(broken) = self.audit.broken.take() {
            return Err(broken);
        }
        self.invariant_held_only_what_the_journal_counts()
    }

    /// Promise 2, in its strongest form: what a broker calls held is a seat of the journal that
    /// has not been released, and so it still counts. Then brokers together can never hold more
    /// than the pool counts, which promise 1 bounds.
    fn invariant_held_only_what_the_journal_counts(&self) -> Result<u64, String> {
        let mut held = Vec::new();
        for (number, machine) in self.machines.iter().enumerate() {
            if machine.paused_at.is_some() {
                // Nobody can ask anything on a machine that stands still; it is told first.
                continue;
            }
            for person in [number as u64 * 2, number as u64 * 2 + 1] {
                held.extend(machine.held(person, self.now));
            }
        }
        if held.is_empty() {
            return Ok(0);
        }
        let durable;
        let state: &State = match &self.pool {
            Some(pool) if !pool.appending() => pool.state(),
            Some(pool) => {
                durable = pool.durable();
                &durable
            }
            None => {
                durable = super::pool::state_of(&self.pool_disk);
                &durable
            }
        };
        for (seat, counted) in &held {
            match state.seat(seat.id) {
                Some(found) if found.counted == *counted => {}
                Some(_) => return Err(format!("seat {seat} is counted differently")),
                None => {
                    let reason = self.audit.released.get(&seat.id);
                    return Err(format!(
                        "promise 2: seat {seat} is held, but released: {reason:?}"
                    ));
                }
            }
        }
        let counted = held.iter().filter(|(_, counted)| *counted).count();
        let in_use = state.counts(&users::pool()).in_use as usize;
        if counted > in_use {
            return Err(format!("promise 2: {counted} seats are held, {in_use} in use"));
        }
        Ok(held.len() as u64)
    }
}
