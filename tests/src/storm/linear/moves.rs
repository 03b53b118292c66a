//! Moves of the search: a choice is made, or taken back, and the configuration follows.

use std::hash::{DefaultHasher, Hash, Hasher};

use hotseat_protocol::ids::{PlaceId, SeatId, SeatRef};

use super::super::history::{Micros, What};
use super::line::Place;
use super::{Answered, Choice, Held, Search, Step};

impl Search {
    pub(super) fn make(&mut self, choice: Choice) -> Step {
        let (newest, first) = (self.newest, self.first);
        let mut step = Step { choice, before: None, place: None, newest, first };
        match choice {
            Choice::Op(number) => {
                self.enter_line(number);
                step.place = self.change_line(number);
                step.before = self.put_in(number);
            }
            Choice::End(seat) => step.before = self.end(seat),
            Choice::Take(number) => {
                self.taken[number] = true;
                self.in_use += 1;
            }
            Choice::EndUnknown(number) => {
                self.taken_ended[number] = true;
                self.in_use -= 1;
            }
            Choice::Offer(place) => step.place = self.line.offer(place),
            Choice::Lapse(place) => step.place = self.line.end(place),
        }
        self.print ^= print_of(choice);
        step
    }

    /// A new place goes to the end of the line. Behind whom it came is part of the configuration.
    fn enter_line(&mut self, number: usize) {
        if let What::Waits { place, kept_until, offer_until } = self.ops[number].what {
            self.print ^= print_of_entry(place, self.line.last());
            self.line.enter(Place { id: place, offered: false, kept_until, offer_until });
        }
    }

    /// Says how the place of the operation was before, if it was in the line.
    fn change_line(&mut self, number: usize) -> Option<(usize, Place)> {
        match self.ops[number].what {
            What::InLine { place, kept_until, .. } => self.line.keep(place, kept_until, 0),
            What::Offered { place, kept_until, offer_until } => {
                self.line.keep(place, kept_until, offer_until)
            }
            What::Seated { place, .. } | What::Declined { place } | What::Left { place } => {
                self.line.end(place)
            }
            What::Granted { .. }
            | What::Full { .. }
            | What::OthersWait { .. }
            | What::MayBeGranted { .. }
            | What::SignedOff { .. }
            | What::MayBeReleased { .. }
            | What::Renewed { .. }
            | What::Gone { .. }
            | What::Passed
            | What::CheckedFull { .. }
            | What::CheckedOthersWait { .. }
            | What::Waits { .. }
            | What::Lapsed { .. } => None,
        }
    }

    fn take_seat(&mut self, seat: SeatRef, lives_until: Micros) {
        self.newest = seat.epoch.seq.0;
        self.in_use += usize::from(!self.held.contains_key(&seat.id));
        self.held.insert(seat.id, Held { at: seat, lives_until });
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
            What::Granted { seat, lives_until } | What::Seated { seat, lives_until, .. } => {
                self.take_seat(seat, lives_until);
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
            | What::OthersWait { .. }
            | What::Gone { .. }
            | What::Passed
            | What::CheckedFull { .. }
            | What::CheckedOthersWait { .. }
            | What::Waits { .. }
            | What::InLine { .. }
            | What::Offered { .. }
            | What::Declined { .. }
            | What::Left { .. }
            | What::Lapsed { .. }
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
            Choice::Op(number) => {
                self.take_out(number, step.before);
                self.leave_line(number, step.place);
            }
            Choice::Offer(_) | Choice::Lapse(_) => self.line.put_back(step.place),
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

    /// Takes back what an operation did to the line.
    fn leave_line(&mut self, number: usize, before: Option<(usize, Place)>) {
        if let What::Waits { place, .. } = self.ops[number].what {
            self.line.never_entered(place);
            self.print ^= print_of_entry(place, self.line.last());
        }
        self.line.put_back(before);
    }

    fn take_out(&mut self, number: usize, before: Option<Held>) {
        self.announce(number, true);
        self.done[number] = false;
        self.done_count -= 1;
        match (self.ops[number].what, before) {
            (What::Granted { seat, .. } | What::Seated { seat, .. }, None) => {
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
        let epoch = what.granted().map(|seat| seat.epoch.seq.0);
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
        let alive = what.granted().is_some() || matches!(what, What::Renewed { .. });
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
        Choice::Offer(place) => (4, place).hash(&mut hasher),
        Choice::Lapse(place) => (5, place).hash(&mut hasher),
    }
    hasher.finish()
}

/// A number for the place behind which another one came. With what is in, these tell the order of
/// the line: whoever is in it came behind somebody who was.
fn print_of_entry(place: PlaceId, behind: Option<PlaceId>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (6, place, behind).hash(&mut hasher);
    hasher.finish()
}
