//! Moves of the search: a choice is made, or taken back, and the configuration follows.

use std::hash::{DefaultHasher, Hash, Hasher};

use hotseat_protocol::ids::SeatId;

use super::super::history::What;
use super::{Answered, Choice, Held, Search, Step};

impl Search {
    pub(super) fn make(&mut self, choice: Choice) -> Step {
        let mut step = Step { choice, before: None, newest: self.newest, first: self.first };
        match choice {
            Choice::Op(number) => step.before = self.put_in(number),
            Choice::End(seat) => step.before = self.end(seat),
            Choice::Take(number) => {
                self.taken[number] = true;
                self.in_use += 1;
            }
            Choice::EndUnknown(number) => {
                self.taken_ended[number] = true;
                self.in_use -= 1;
            }
        }
        self.print ^= print_of(choice);
        step
    }

    /// Says how the seat of the operation was before.
    fn put_in(&mut self, number: usize) -> Option<Held> {
        self.announce(number, false);
        self.done[number] = true;
        self.done_count += 1;
        while self.done.get(self.first) == Some(&true) {
            self.first += 1;
        }
        let what = self.ops[number].what;
        let before = what.seat().and_then(|seat| self.held.get(&seat.id).copied());
        match what {
            What::Granted { seat, lives_until } => {
                self.newest = seat.epoch.seq.0;
                self.in_use += usize::from(before.is_none());
                self.held.insert(seat.id, Held { at: seat, lives_until });
            }
            What::Renewed { seat, lives_until } => {
                if let Some(held) = self.held.get_mut(&seat.id) {
                    held.lives_until = held.lives_until.max(lives_until);
                }
            }
            What::SignedOff { seat } => {
                self.end(seat.id);
            }
            What::Full { .. }
            | What::Gone { .. }
            | What::Passed
            | What::CheckedFull { .. }
            | What::MayBeGranted { .. }
            | What::MayBeReleased { .. } => {}
        }
        before
    }

    fn end(&mut self, seat: SeatId) -> Option<Held> {
        let before = self.held.remove(&seat)?;
        self.ended.insert(seat);
        self.in_use -= 1;
        Some(before)
    }

    pub(super) fn take_back(&mut self, step: Step) {
        self.print ^= print_of(step.choice);
        match step.choice {
            Choice::Op(number) => self.take_out(number, step.before),
            Choice::End(_) => self.revive(step.before),
            Choice::Take(number) => {
                self.taken[number] = false;
                self.in_use -= 1;
            }
            Choice::EndUnknown(number) => {
                self.taken_ended[number] = false;
                self.in_use += 1;
            }
        }
        self.newest = step.newest;
        self.first = step.first;
    }

    fn take_out(&mut self, number: usize, before: Option<Held>) {
        self.announce(number, true);
        self.done[number] = false;
        self.done_count -= 1;
        match (self.ops[number].what, before) {
            (What::Granted { seat, .. }, None) => {
                self.held.remove(&seat.id);
                self.in_use -= 1;
            }
            (What::Granted { .. } | What::Renewed { .. }, Some(held)) => {
                self.held.insert(held.at.id, held);
            }
            (What::SignedOff { .. }, before) => self.revive(before),
            _ => {}
        }
    }

    fn revive(&mut self, before: Option<Held>) {
        if let Some(held) = before {
            self.ended.remove(&held.at.id);
            self.held.insert(held.at.id, held);
            self.in_use += 1;
        }
    }

    /// Counts an operation among those that are to come, or no longer.
    pub(super) fn announce(&mut self, number: usize, to_come: bool) {
        let Answered { returned, what, .. } = self.ops[number];
        let epoch =
            if let What::Granted { seat, .. } = what { Some(seat.epoch.seq.0) } else { None };
        if to_come {
            self.returns.insert((returned, number));
            self.grants.extend(epoch.map(|epoch| (epoch, number)));
        } else {
            self.returns.remove(&(returned, number));
            epoch.map(|epoch| self.grants.remove(&(epoch, number)));
        }
        let Some(seat) = what.seat() else {
            return;
        };
        let alive = matches!(what, What::Granted { .. } | What::Renewed { .. });
        let spoken = self.spoken.entry(seat.id).or_default();
        if to_come {
            spoken.all += 1;
            spoken.alive += usize::from(alive);
        } else {
            spoken.all -= 1;
            spoken.alive -= usize::from(alive);
        }
    }
}

/// A number for one thing that is so.
fn print_of(choice: Choice) -> u64 {
    let mut hasher = DefaultHasher::new();
    match choice {
        Choice::Op(number) => (0, number).hash(&mut hasher),
        Choice::End(seat) => (1, seat).hash(&mut hasher),
        Choice::Take(number) => (2, number).hash(&mut hasher),
        Choice::EndUnknown(number) => (3, number).hash(&mut hasher),
    }
    hasher.finish()
}
