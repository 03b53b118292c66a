//! How things stand in a pool since the person's seat there ended: who has the seats, and where
//! the person stands. Pure.

use hotseat_protocol::ipc::PoolState;

use crate::app_state;

/// So many names are told; above, a sentence of names is no longer read.
const NAMES_MAX: usize = 3;

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The seats.
    pub seats: Seats,
    /// The person's turn.
    pub turn: Turn,
}

/// Where the seats are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seats {
    /// A newcomer would get one at once.
    Free,
    /// These have taken one since.
    TakenBy(Vec<String>),
    /// These have all of them.
    With(Vec<String>),
    /// All are in use, and no names may be told or they are too many.
    Full,
}

/// A place in the line, 1 is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The person's own.
    Is(u32),
    /// What waiting would give.
    WouldBe(u32),
}

/// As far as the view tells it; nothing while the person sits there, be it in a view that is
/// older than the loss.
pub fn of_view(pool: &PoolState) -> Option<After> {
    if !pool.seats.is_empty() || pool.pool.holders.iter().any(|holder| holder.mine) {
        return None;
    }
    let turn = turn(pool, pool.pool.waiting.saturating_add(1));
    if app_state::can_take(pool) && matches!(turn, Turn::WouldBe(_)) {
        return Some(After { seats: Seats::Free, turn });
    }
    let counted = || pool.pool.holders.iter().filter(|holder| holder.counted && !holder.leaving);
    let names: Option<Vec<String>> = counted().map(|holder| holder.user.clone()).collect();
    let all = usize::try_from(pool.pool.in_use).unwrap_or(usize::MAX);
    let seats = match names {
        Some(names) if names.len() == all && (1..=NAMES_MAX).contains(&all) => Seats::With(names),
        Some(_) | None => Seats::Full,
    };
    Some(After { seats, turn })
}

/// As the broker tells it after a wake; nothing while the pool has not answered.
pub fn of_wake(
    pool: Option<&PoolState>,
    taken_by: &[String],
    free: Option<u32>,
    rank: Option<u32>,
) -> Option<After> {
    let rank = rank?;
    let turn = pool.map_or(Turn::WouldBe(rank), |pool| turn(pool, rank));
    let seats = match (free?, taken_by.len()) {
        (1.., _) if turn == Turn::WouldBe(1) => Seats::Free,
        (_, 1..=NAMES_MAX) => Seats::TakenBy(taken_by.to_vec()),
        (_, _) => Seats::Full,
    };
    Some(After { seats, turn })
}

fn turn(pool: &PoolState, would_be: u32) -> Turn {
    pool.place.as_ref().map_or(Turn::WouldBe(would_be), |place| Turn::Is(place.rank))
}
