//! Who is next: questions about a pool's line, asked by offers, sign-ons and checks alike.

use super::mono::Mono;
use super::presence::Presence;
use super::state::{Place, Pool, State};

/// Whether nobody is passed over yet: for one T after a start.
pub(super) fn in_grace(presence: &Presence, pool: &Pool, now: Mono) -> bool {
    presence.grace_end(pool).is_some_and(|end| now < end)
}

/// The waiter who is to be offered a seat now: a level, to be asked again until there is none.
pub(super) fn next_to_offer<'a>(
    state: &State,
    presence: &Presence,
    pool: &'a Pool,
    now: Mono,
) -> Option<&'a Place> {
    let nothing = state.grants_nothing(pool) || presence.free(state, &pool.definition.id, now) == 0;
    if pool.retired || nothing {
        return None;
    }
    let mut waiting = pool.line.values().filter(|place| place.offer.is_none());
    if in_grace(presence, pool, now) {
        return waiting.next().filter(|first| presence.reachable(first));
    }
    waiting.find(|place| presence.reachable(place))
}

/// Whether a newcomer must not go before the line.
pub(super) fn line_stands(presence: &Presence, pool: &Pool, now: Mono) -> bool {
    if in_grace(presence, pool, now) {
        return !pool.line.is_empty();
    }
    let may_be_offered = |place: &Place| place.offer.is_none() && presence.reachable(place);
    pool.line.values().any(may_be_offered)
}
