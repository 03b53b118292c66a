//! Restored and rolled-back stores: when the pool stops granting, and when it goes on.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{Generation, MachineId};

use super::super::event::Event;
use super::super::mono::Mono;
use super::super::presence::Presence;
use super::super::recovery::{NewGeneration, Position, Recovery, Wait};
use super::super::refusal::Refusal;
use super::super::state::State;
use super::super::timers::Timer;

/// A machine showed what it has seen; something follows only when that is news.
pub(super) fn note_seen(state: &State, machine: MachineId, seen: Position) -> Vec<Event> {
    let known = matches!(state.recovery(), Some(Recovery::Behind { .. }));
    if known || !state.is_behind(seen) {
        return Vec::new();
    }
    let mut events = withdraw_all(state);
    events.push(Event::FoundBehind { machine, seen });
    events
}

pub(super) fn begin_generation(
    state: &State,
    generation: Generation,
    why: NewGeneration,
    wait: Wait,
    lost: &[Generation],
) -> Result<Vec<Event>, Refusal> {
    let contents = state.contents();
    let used = generation == contents.generation || contents.past.contains(&generation);
    if used || lost.contains(&generation) {
        return Err(Refusal::IdTaken);
    }
    let mut events = withdraw_all(state);
    let lost = lost.to_vec();
    // What definitions stated of an unfinished wait is kept; an administrator may shorten the rest.
    let stated = wait.stated().max(state.waits().stated());
    let wait = Wait::new(wait.whole(), stated);
    events.push(Event::GenerationBegan { generation, why, wait, lost });
    Ok(events)
}

/// No offer stands while the pool recovers, so that none can be taken; places are kept.
fn withdraw_all(state: &State) -> Vec<Event> {
    let offered = state.places().filter_map(|place| Some((place.id, place.offer_id()?)));
    offered.map(|(place, offer)| Event::OfferWithdrawn { place, offer }).collect()
}

pub(super) fn end_recovery(state: &State, presence: &Presence, now: Mono) -> Vec<Event> {
    let waiting = matches!(state.recovery(), Some(Recovery::Waiting { .. }));
    if waiting && presence.timers.over(&Timer::Recovery, now) {
        vec![Event::RecoveryEnded]
    } else {
        Vec::new()
    }
}
