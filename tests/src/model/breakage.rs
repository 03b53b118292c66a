//! Rules that are broken on purpose, to see that the checker notices: a checker that cannot fail
//! proves nothing. Each breaks what goes into the real rules or comes out of them.

use hotseat_protocol::ids::{MachineId, SeatRef};
use hotseat_protocol::link::{FromPool, PoolAnswer};
use hotseat_protocol::quantity::LeftMs;
use hotseat_rules::{Command, Event, Mono, Presence, Refusal, State};

use super::office;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breakage {
    /// The pool takes a leaving seat for a free one.
    GrantsLeaving,
    /// The pool renews what a machine does not claim.
    RenewsUnclaimed,
    /// The pool takes what is said of an older epoch for the newest.
    IgnoresEpochs,
    /// The pool releases a seat twice.
    ReleasesTwice,
    /// The broker counts a lease from when it heard of it, not from when it asked.
    BelievesFromReceipt,
}

impl Breakage {
    /// Decides as a pool would that is broken in this way.
    pub(super) fn decide(
        self,
        state: &State,
        presence: &Presence,
        command: &Command,
        now: Mono,
    ) -> Result<Vec<Event>, Refusal> {
        match (self, command) {
            (Self::GrantsLeaving, Command::SignOn(_)) => {
                hotseat_rules::decide(&with_seats_for_leaving(state), presence, command, now)
            }
            (Self::IgnoresEpochs, Command::SignOff { by, seat, reason }) => {
                let newest = state.seat(seat.id).map_or(*seat, |found| found.seat_ref());
                let command = Command::SignOff { by: *by, seat: newest, reason: *reason };
                hotseat_rules::decide(state, presence, &command, now)
            }
            (Self::ReleasesTwice, Command::SignOff { .. }) => {
                let events = hotseat_rules::decide(state, presence, command, now)?;
                Ok(events.iter().chain(&events).cloned().collect())
            }
            _ => hotseat_rules::decide(state, presence, command, now),
        }
    }
}

/// A pool that has one more seat for each that is leaving.
fn with_seats_for_leaving(state: &State) -> State {
    let mut contents = state.contents().clone();
    for pool in contents.pools.values_mut() {
        let leaving = pool.seats.values().filter(|seat| seat.leaving.is_some()).count();
        pool.definition.seats += u32::try_from(leaving).expect("a small number");
    }
    State::from_contents(contents).expect("more seats break nothing")
}

/// What a pool takes for claimed.
pub(super) fn claims(
    breakage: Option<Breakage>,
    state: &State,
    machine: MachineId,
    claimed: Vec<SeatRef>,
) -> Vec<SeatRef> {
    if breakage != Some(Breakage::RenewsUnclaimed) {
        return claimed;
    }
    state.machine_seats(machine).map(|seat| seat.seat_ref()).collect()
}

/// What a broker takes an answer for that it hears so many ms of true time after it asked.
pub(super) fn heard(breakage: Option<Breakage>, frame: FromPool, after_ms: u64) -> FromPool {
    if breakage != Some(Breakage::BelievesFromReceipt) {
        return frame;
    }
    let FromPool::Answer { n, answer: PoolAnswer::Renewed(mut renewed) } = frame else {
        return frame;
    };
    for left in &mut renewed.seats {
        let later = office::before_the_fence(after_ms);
        left.left_ms = LeftMs::clamped(left.left_ms.get() + later);
    }
    FromPool::Answer { n, answer: PoolAnswer::Renewed(renewed) }
}
