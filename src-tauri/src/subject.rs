//! What a notification is about, and when that is over for the person. Pure.
//!
//! A subject carries all that it is judged by, so it does not matter which view happens to be the
//! current one: a view that is older than the event, or none at all, ends nothing. Over is what
//! something positive says is over: a seat that was taken afterwards, a level that is no more, a
//! moment that has passed.

use hotseat_protocol::ids::{Epoch, OfferId, PlaceId, PoolId};
use hotseat_protocol::ipc::{EndedSeat, LinkState};
use hotseat_protocol::problem::Problem;

use crate::app_state::{self, AppState};
use crate::clock::Now;

/// What one notification is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// An idle warning, told apart from others by its end.
    Warning {
        /// Where.
        pool: PoolId,
        /// On the boot-time clock, in ms.
        ends_boot_ms: u64,
    },
    /// An offer.
    Offer {
        /// Where.
        pool: PoolId,
        /// Which.
        offer: OfferId,
        /// On the boot-time clock, in ms.
        ends_boot_ms: u64,
    },
    /// A seat that ended.
    SeatEnded {
        /// Where.
        pool: PoolId,
        /// Which; absent from a broker that does not tell it.
        seat: Option<EndedSeat>,
        /// The newest fencing number that the person's seats had until then.
        newest: Option<Epoch>,
    },
    /// A place that ended, or an action that was refused: the person goes without a seat.
    NoSeat {
        /// Where.
        pool: PoolId,
        /// The place that the person had, if any.
        place: Option<PlaceId>,
        /// The newest fencing number that the person's seats had until then.
        newest: Option<Epoch>,
    },
    /// Something is wrong with this computer.
    Trouble(Problem),
    /// Something that needs no end: it is told once.
    Once,
}

impl Subject {
    /// Whether it is over for the person.
    pub fn is_over(&self, state: &AppState, now: Now) -> bool {
        match self {
            Self::Warning { pool, ends_boot_ms } => {
                let runs = || {
                    let pool = state.pool(pool)?;
                    Some(app_state::warning(pool, now)?.ends_boot_ms == *ends_boot_ms)
                };
                now.boot_ms >= *ends_boot_ms || (is_known(state) && runs() != Some(true))
            }
            Self::Offer { pool, offer, ends_boot_ms } => {
                let stands = || Some(app_state::offer(state.pool(pool)?, now)?.id == *offer);
                now.boot_ms >= *ends_boot_ms || (is_known(state) && stands() != Some(true))
            }
            Self::SeatEnded { pool, seat, newest } => {
                let kept = seat.is_some_and(|seat| is_kept(state, pool, &seat, now));
                kept || has_taken_since(state, pool, *newest)
            }
            Self::NoSeat { pool, place, newest } => {
                let waits_again = state
                    .pool(pool)
                    .and_then(|pool| pool.place.as_ref())
                    .is_some_and(|now| Some(now.id) != *place);
                waits_again || has_taken_since(state, pool, *newest)
            }
            Self::Trouble(_) => {
                // One attempt that fails in another way says nothing about the next.
                let up = state.view.as_ref().is_some_and(|view| view.link == LinkState::Up);
                up && state.trouble().is_none()
            }
            Self::Once => false,
        }
    }
}

fn is_known(state: &AppState) -> bool {
    state.view.is_some()
}

/// Whether the person has held a seat there that was granted after all those of then.
fn has_taken_since(state: &AppState, pool: &PoolId, newest: Option<Epoch>) -> bool {
    let held = state.newest_held.get(pool);
    held.is_some_and(|held| newest.is_none_or(|newest| !newest.covers(*held)))
}

/// Whether the very seat is held longer than it was believed when it was said to have ended.
fn is_kept(state: &AppState, pool: &PoolId, ended: &EndedSeat, now: Now) -> bool {
    let Some(pool) = state.pool(pool) else { return false };
    pool.seats.iter().any(|seat| {
        seat.id == ended.id
            && seat.deadline_boot_ms > ended.deadline_boot_ms
            && seat.held_at(now.boot_ms)
    })
}

#[cfg(test)]
mod tests;
