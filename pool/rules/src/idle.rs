//! Whose seat is wanted: for each waiter the longest idle holder is told.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use hotseat_protocol::ids::{MachineId, PlaceId, PoolId, SeatId, SeatRef, UserId};

use super::command::Keeper;
use super::mono::Mono;
use super::presence::Presence;
use super::state::{Place, Pool, Seat, State};

/// A holder who is asked for a seat has the whole countdown to answer, and so long for the question
/// and the answer to travel; then the next one is asked as well.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long since a holder's last input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Not measured; it never counts as idle.
    Unknown,
    /// For so long. A locked screen counts from the lock.
    For(Duration),
}

/// A holder to be told that their seat is wanted. The machine's broker judges local activity,
/// warns, and answers kept or signs off; then the next is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The pool.
    pub pool: PoolId,
    /// The seat.
    pub seat: SeatRef,
    /// Its machine.
    pub machine: MachineId,
    /// How long its holder has been idle.
    pub idle: Duration,
    /// The place of the waiter who wants it.
    pub place: PlaceId,
    /// The waiter.
    pub waiter: UserId,
}

/// Who is to be warned now, in the pools that warn only where a seat is wanted.
///
/// This is a level: a holder who answered is idle no more and falls out, one whose waiter left is
/// no longer picked and the warning is to be withdrawn. Waiters who will be served without anybody
/// being disturbed (a free or a leaving seat) pick nobody, nor do those of a pool that grants
/// nothing for now: a holder would lose a seat that nobody gets. A holder who was asked for the
/// countdown and 30 s, and neither answered nor signed off, keeps nobody else from being asked.
#[must_use]
pub fn idle_picks(state: &State, presence: &Presence, now: Mono) -> Vec<Pick> {
    state.pools().flat_map(|pool| picks_of(state, presence, pool, now)).collect()
}

fn picks_of(state: &State, presence: &Presence, pool: &Pool, now: Mono) -> Vec<Pick> {
    let policy = pool.definition.idle;
    let mut waiters = waiters(state, pool).peekable();
    if waiters.peek().is_none() {
        return Vec::new();
    }
    let mut holders: Vec<Holder> = candidates(presence, pool)
        .filter_map(|(seat, machine)| match presence.idle(seat.id, now) {
            Idle::For(idle) if idle >= policy.warn_after => {
                Some(Holder { idle: Reverse(idle), seat: seat.id, machine })
            }
            Idle::For(_) | Idle::Unknown => None,
        })
        .collect();
    holders.sort_unstable();
    let patience = patience(pool);
    let (silent, others): (Vec<Holder>, Vec<Holder>) =
        holders.into_iter().partition(|holder| presence.asked_for(holder.seat, now) >= patience);
    // Whoever did not answer is still asked, and in nobody's way.
    let first = waiters.peek().copied();
    let again = silent.into_iter().filter_map(|holder| Some((first?, holder)));
    let pairs: Vec<(&Place, Holder)> = waiters.zip(others).chain(again).collect();
    let picks = pairs.into_iter().filter_map(|(place, holder)| {
        Some(Pick {
            pool: pool.definition.id.clone(),
            seat: pool.seats.get(&holder.seat)?.seat_ref(),
            machine: holder.machine,
            idle: holder.idle.0,
            place: place.id,
            waiter: place.asked.user,
        })
    });
    picks.collect()
}

/// Who waits for a seat that somebody has to give up; nobody where no holder is asked.
fn waiters<'a>(state: &State, pool: &'a Pool) -> impl Iterator<Item = &'a Place> {
    let without_offer = || pool.line.values().filter(|place| place.offer.is_none());
    let asks = pool.definition.idle.only_when_wanted && !state.grants_nothing(pool);
    let asks = asks && without_offer().next().is_some();
    let (served, asked) = if asks { (coming_free(state, pool), usize::MAX) } else { (0, 0) };
    without_offer().skip(served).take(asked)
}

/// Whether holders of this pool are asked for their seats.
pub(super) fn is_wanted(state: &State, pool: &Pool) -> bool {
    waiters(state, pool).next().is_some()
}

/// Somebody who may be asked; the longest idle one comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Holder {
    idle: Reverse<Duration>,
    seat: SeatId,
    machine: MachineId,
}

/// How long a holder who is asked keeps others from being asked.
fn patience(pool: &Pool) -> Duration {
    let policy = pool.definition.idle;
    policy.sign_off_after.saturating_sub(policy.warn_after).saturating_add(ANSWER_WITHIN)
}

/// How many waiters will get a seat without anybody being disturbed.
fn coming_free(state: &State, pool: &Pool) -> usize {
    let counts = state.counts(&pool.definition.id);
    let leaving = pool.seats.values().filter(|seat| seat.counted && seat.leaving.is_some()).count();
    let leaving = u32::try_from(leaving).unwrap_or(u32::MAX);
    let staying = counts.in_use.saturating_sub(leaving).saturating_add(counts.offered);
    usize::try_from(pool.definition.seats.saturating_sub(staying)).unwrap_or(usize::MAX)
}

/// Seats whose end would help a waiter and whose machine can be told.
fn candidates<'a>(
    presence: &'a Presence,
    pool: &'a Pool,
) -> impl Iterator<Item = (&'a Seat, MachineId)> {
    let staying = pool.seats.values().filter(|seat| seat.counted && seat.leaving.is_none());
    staying.filter_map(|seat| match seat.keeper {
        Keeper::Machine(machine) if presence.connected(machine) => Some((seat, machine)),
        Keeper::Machine(_) | Keeper::Calls => None,
    })
}

/// When the next holder's idleness passes the limit, or the time to answer of one who is asked,
/// where somebody waits.
pub(super) fn next_crossing(
    state: &State,
    presence: &Presence,
    pool: &Pool,
    now: Mono,
) -> Option<Mono> {
    if !is_wanted(state, pool) {
        return None;
    }
    let (warn_after, patience) = (pool.definition.idle.warn_after, patience(pool));
    let left = candidates(presence, pool).filter_map(|(seat, _)| {
        let (so_far, limit) = match presence.idle(seat.id, now) {
            Idle::For(idle) if idle < warn_after => (idle, warn_after),
            Idle::For(_) if presence.is_asked(seat.id) => {
                (presence.asked_for(seat.id, now), patience)
            }
            Idle::For(_) | Idle::Unknown => return None,
        };
        Some(limit.saturating_sub(so_far)).filter(|left| !left.is_zero())
    });
    left.min().map(|left| now.later_by(left))
}
