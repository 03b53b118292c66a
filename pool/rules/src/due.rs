//! What the clock has made necessary, and when to look again.

use alloc::vec::Vec;

use hotseat_protocol::ids::OfferId;

use super::command::Command;
use super::idle::next_crossing;
use super::line::{in_grace, next_to_offer};
use super::mono::Mono;
use super::presence::Presence;
use super::state::State;
use super::timers::Timer;

/// The timer commands that are due. `random` brings 128 fresh random bits for each offer.
///
/// One turn of the engine decides and applies what is returned and asks again, until nothing is
/// returned; commands that were received before come first, so that a renewal or a sign-off that
/// was waiting is applied before any expiry. At most one offer per pool is returned at a time.
pub fn due(
    state: &State,
    presence: &Presence,
    now: Mono,
    mut random: impl FnMut() -> u128,
) -> Vec<Command> {
    let mut commands: Vec<Command> = presence.timers.past(now).map(command).collect();
    for pool in state.pools() {
        if next_to_offer(state, presence, pool, now).is_some() {
            commands.push(Command::OfferNext {
                pool: pool.definition.id.clone(),
                fresh_offer: OfferId::from_random(random()),
            });
        }
    }
    commands
}

fn command(timer: &Timer) -> Command {
    match timer {
        Timer::Lease(seat) => Command::ExpireSeat { seat: *seat },
        Timer::Session(seat) => Command::TimeOutSession { seat: *seat },
        Timer::Place(place) => Command::LapsePlace { place: *place },
        Timer::Offer(offer) => Command::LapseOffer { offer: *offer },
        Timer::Checks(pool, user, client) => {
            Command::TallyChecks { pool: pool.clone(), user: *user, client: client.clone() }
        }
        Timer::Hour => Command::AgeRequests,
        Timer::Recovery => Command::EndRecovery,
    }
}

/// When [`due()`] or [`idle_picks`](super::idle_picks) may say something new, if nothing else
/// happens before.
#[must_use]
pub fn next_deadline(state: &State, presence: &Presence, now: Mono) -> Option<Mono> {
    let graces =
        state.pools().filter(|pool| !pool.line.is_empty() && in_grace(presence, pool, now));
    let graces = graces.filter_map(|pool| presence.grace_end(pool));
    let crossings = state.pools().filter_map(|pool| next_crossing(state, presence, pool, now));
    let holds = presence.holds.next_end(now);
    presence.timers.first().into_iter().chain(graces).chain(crossings).chain(holds).min()
}
