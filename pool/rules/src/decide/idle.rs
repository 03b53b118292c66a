//! What machines report about idle holders, as facts for the journal.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{MachineId, SeatRef, WallTime};

use super::super::command::{Caller, WarningAnswer};
use super::super::definition::Privacy;
use super::super::event::Event;
use super::super::mono::Mono;
use super::super::presence::{OVERDRAFTS_IN_WINDOW_MAX, Presence};
use super::super::refusal::Refusal;
use super::super::state::{Seat, State};
use super::may_act;

/// A shorter idle spell is nobody's business: five minutes, in milliseconds.
const LEAST_SPELL_MS: i64 = 5 * 60 * 1000;

/// The seat reported about: none when it ended, leaves, or is at another epoch.
fn reported(state: &State, by: Caller, seat: SeatRef) -> Result<Option<&Seat>, Refusal> {
    let Some(found) = state.seat(seat.id) else {
        return Ok(None);
    };
    if !may_act(by, found.keeper, found.asked.user) {
        return Err(Refusal::NotYours);
    }
    Ok((found.epoch == seat.epoch && found.leaving.is_none()).then_some(found))
}

pub(super) fn warning(
    state: &State,
    machine: MachineId,
    seat: SeatRef,
) -> Result<Vec<Event>, Refusal> {
    let seat = reported(state, Caller::Machine(machine), seat)?.filter(|seat| !seat.warned);
    Ok(seat.map(|seat| Event::SeatWarned { seat: seat.id }).into_iter().collect())
}

pub(super) fn answer(
    state: &State,
    by: Caller,
    seat: SeatRef,
    answer: WarningAnswer,
) -> Result<Vec<Event>, Refusal> {
    let seat = reported(state, by, seat)?.filter(|seat| seat.warned);
    let answered = seat.map(|seat| Event::WarningAnswered { seat: seat.id, answer });
    Ok(answered.into_iter().collect())
}

pub(super) fn spell(
    state: &State,
    machine: MachineId,
    seat: SeatRef,
    from: WallTime,
    to: WallTime,
) -> Result<Vec<Event>, Refusal> {
    let Some(seat) = reported(state, Caller::Machine(machine), seat)? else {
        return Ok(Vec::new());
    };
    let pool = state.pool(&seat.asked.pool);
    let forbidden = pool.is_none_or(|pool| pool.definition.privacy == Privacy::Counts);
    let short = to.unix_ms.saturating_sub(from.unix_ms) <= LEAST_SPELL_MS;
    // A repeat, or part of a spell that is known.
    let known = seat.idle_until.is_some_and(|until| from < until);
    if forbidden || short || known {
        return Ok(Vec::new());
    }
    Ok(vec![Event::IdleSpell { seat: seat.id, from, to }])
}

/// What a machine's people did while the pool was silent. The seat may have ended long ago, so only
/// who had one there is tested. A report that comes again, because its answer was lost, is the same
/// by its time and seat, and is written once.
pub(super) fn overdraft(
    state: &State,
    presence: &Presence,
    overdraft: Event,
    now: Mono,
) -> Result<Vec<Event>, Refusal> {
    let Event::Overdraft { machine: id, seat, user, from, .. } = &overdraft else {
        return Ok(Vec::new());
    };
    let Some(machine) = state.machine(*id).filter(|machine| !machine.revoked) else {
        return Ok(Vec::new());
    };
    if machine.overdrafts.contains(&(*from, *seat)) {
        return Ok(Vec::new());
    }
    let granted = state.granted_to(*seat).and_then(|key| Some((key, state.request(key)?)));
    let was_here = match granted {
        Some((key, request)) => {
            let holder = request.asked.as_ref().map(|asked| asked.user);
            key.caller == Caller::Machine(*id) && holder == Some(*user)
        }
        // Forgotten after a day. A snapshot of an older program knows of those who are there.
        None => {
            let is_here = || state.machine_seats(*id).any(|seat| seat.asked.user == *user);
            machine.people.contains_key(user) || is_here()
        }
    };
    if !was_here {
        return Err(Refusal::NeverHere(*user));
    }
    if presence.overdrafts_of(*id, now) >= OVERDRAFTS_IN_WINDOW_MAX {
        return Err(Refusal::TooManyOverdrafts(OVERDRAFTS_IN_WINDOW_MAX));
    }
    Ok(vec![overdraft])
}
