//! Whom the pool believes about what: a machine about its own seats, places and people, the
//! application server about those that calls keep, and nobody about anybody else's.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::engine::Work;
use hotseat_protocol::ids::{MachineId, PlaceId, SeatId, UserId};
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::reason::PlaceEnd;
use hotseat_rules::{Caller, Command, Event, Keeper, RequestKey, Seat, State};

/// Who has said what, and who was where.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Requests whose own caller has left the line with them, declined or cancelled.
    left: BTreeSet<RequestKey>,
    /// The requests that had each place, one after the other.
    had: BTreeMap<PlaceId, Vec<RequestKey>>,
    /// Seats of which each machine says that somebody was warned there.
    warned: BTreeSet<(MachineId, SeatId)>,
    /// Seats whose holders the pool wants to be warned.
    picked: BTreeSet<SeatId>,
    /// Who has ever had a seat on which machine.
    here: BTreeSet<(MachineId, UserId)>,
    /// Seats that the application server has signed off.
    signed_off: BTreeSet<SeatId>,
}

impl Trust {
    /// A machine says something.
    pub(super) fn says(&mut self, machine: MachineId, body: &MachineMessage) {
        let key = |id| RequestKey { caller: Caller::Machine(machine), id };
        match body {
            MachineMessage::Cancel { request, .. }
            | MachineMessage::LeaveLine { request }
            | MachineMessage::DeclineOffer { request, .. } => drop(self.left.insert(key(*request))),
            MachineMessage::WarningEnded { seat, .. } => {
                self.warned.insert((machine, seat.id));
            }
            _ => {}
        }
    }

    /// The application server wants something.
    pub(super) fn calls(&mut self, work: &Work) {
        if let Work::Command(Command::SignOff { seat, .. }) = work {
            self.signed_off.insert(seat.id);
        }
    }

    /// The pool wants a holder to be warned.
    pub(super) fn picks(&mut self, seat: SeatId) {
        self.picked.insert(seat);
    }

    /// An event that is in the journal, whoever saw it come.
    pub(super) fn learns(&mut self, event: &Event) {
        match event {
            Event::SeatGranted { asked, keeper: Keeper::Machine(machine), .. } => {
                self.here.insert((*machine, asked.user));
            }
            Event::PlaceTaken { place, asked, .. } | Event::PlaceMoved { place, asked, .. } => {
                self.had.entry(*place).or_default().push(asked.request);
            }
            _ => {}
        }
    }

    /// What is wrong with an event, seen from the state before it.
    pub(super) fn judge(&self, before: &State, event: &Event) -> Option<String> {
        let wrong = match event {
            Event::SeatReleased { seat, release } => {
                // Whoever says so: what only the pool can know is no machine's to tell.
                let a_machines = matches!(release.by, Some(Caller::Machine(_)));
                let calls = |seat: &&Seat| seat.keeper == Keeper::Calls;
                let nobodys = before.seat(*seat).filter(calls).is_some_and(|seat| {
                    !release.reason.is_the_pools() && !self.signed_off.contains(&seat.id)
                });
                nobodys || (a_machines && release.reason.is_the_pools())
            }
            Event::SeatReacquired { seat, asked } => {
                before.seat(*seat).is_some_and(|seat| seat.keeper != asked.request.caller.keeper())
            }
            Event::PlaceEnded { place, end: PlaceEnd::Left | PlaceEnd::Declined, .. } => {
                let had = self.had.get(place).into_iter().flatten();
                !had.into_iter().any(|request| self.left.contains(request))
            }
            Event::PlaceMoved { place, asked, .. } => {
                before.place(*place).is_some_and(|place| place.asked.user != asked.user)
            }
            Event::RequestCancelled { request } => !self.left.contains(request),
            Event::SeatWarned { seat } => !self.picked.contains(seat) && !self.told(before, *seat),
            Event::WarningAnswered { seat, .. } => !self.told(before, *seat),
            Event::Overdraft { machine, user, .. } => !self.here.contains(&(*machine, *user)),
            _ => false,
        };
        wrong.then(|| format!("trust: nobody who may has said {event:?}"))
    }

    /// Whether the machine that keeps a seat has told of a warning there.
    fn told(&self, before: &State, seat: SeatId) -> bool {
        let keeper = before.seat(seat).map(|seat| seat.keeper);
        matches!(keeper, Some(Keeper::Machine(machine)) if self.warned.contains(&(machine, seat)))
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::reason::ReleaseReason;
    use hotseat_rules::Release;

    use super::*;

    #[test]
    fn what_only_the_pool_can_know_is_no_machines_to_tell() {
        let (machine, seat) = (MachineId::from_random(1), SeatId::from_random(2));
        for reason in ReleaseReason::ALL.iter().copied() {
            for by in [None, Some(Caller::Machine(machine))] {
                let release = Release { reason, by, why: None };
                let event = Event::SeatReleased { seat, release };
                let wrong = Trust::default().judge(&State::default(), &event);
                assert_eq!(wrong.is_some(), by.is_some() && reason.is_the_pools(), "{event:?}");
            }
        }
    }
}
