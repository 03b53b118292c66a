//! What must be true of every step of every test: the smallest statement of each rule, worked out
//! from the seats and the line themselves and not from the pool's own counters.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use hotseat_protocol::ids::{PlaceId, PoolId, SeatId, SeatRef};
use hotseat_protocol::reason::ReleaseReason;

use crate::{
    Answer, Became, Command, Ending, Event, Keeper, Mono, Outcome, Place, Pool, Presence,
    RefusalCode, Request, RequestKey, Rule, State,
};

use super::held::Holds;

/// What was seen so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    granted: BTreeMap<SeatId, SeatRef>,
    released: BTreeSet<SeatId>,
    leaving: BTreeMap<SeatId, ReleaseReason>,
    /// Until when a holder was told, or may believe, that the seat is theirs.
    promised: BTreeMap<SeatId, Mono>,
    /// What became of requests that are over.
    over: BTreeMap<RequestKey, Became>,
    /// Why requests were refused.
    refused: BTreeMap<RequestKey, RefusalCode>,
    pub(super) holds: Holds,
}

/// One event and what was around it.
pub(super) struct Scene<'a> {
    /// The state in which the command was decided.
    pub(super) decided: &'a State,
    /// The state before the event.
    pub(super) before: &'a State,
    /// The state after the event.
    pub(super) after: &'a State,
    pub(super) presence: &'a Presence,
    pub(super) now: Mono,
    pub(super) command: &'a Command,
    pub(super) event: &'a Event,
}

fn nothing_is_given_while_recovering(scene: &Scene<'_>) {
    let gives = matches!(
        scene.event,
        Event::SeatGranted { .. } | Event::SeatReacquired { .. } | Event::Offered { .. }
    );
    assert!(!gives || scene.before.recovery().is_none(), "{:?} while recovering", scene.event);
}

pub(super) fn usage(pool: &Pool) -> usize {
    let counted = pool.seats.values().filter(|seat| seat.counted).count();
    counted + pool.line.values().filter(|place| place.offer.is_some()).count()
}

impl Model {
    /// What was seen of a history that made this state, as far as it goes on.
    pub(super) fn of(state: &State) -> Self {
        let leaving = |seat: &crate::Seat| Some((seat.id, seat.leaving.as_ref()?.release.reason));
        Self {
            granted: state.seats().map(|seat| (seat.id, seat.seat_ref())).collect(),
            leaving: state.seats().filter_map(leaving).collect(),
            ..Self::default()
        }
    }

    pub(super) fn sees(&mut self, scene: &Scene<'_>) {
        let had_hold = self.holds.sees(scene);
        number_is_kept(scene, &self.holds);
        nothing_is_given_while_recovering(scene);
        match scene.event {
            Event::SeatGranted { seat, .. } => {
                let granted = scene.after.seat(*seat).expect("a granted seat is there").seat_ref();
                assert_eq!(self.granted.insert(*seat, granted), None, "{seat} was granted twice");
                only_holders_hold(scene, *seat);
                if !had_hold {
                    nobody_is_overtaken(scene);
                }
            }
            Event::SeatReacquired { seat, .. } => {
                let now = scene.after.seat(*seat).expect("the seat is there").seat_ref();
                let before = self.granted.insert(*seat, now).expect("it was granted before");
                assert!(before.epoch.seq < now.epoch.seq, "the epoch did not rise");
                assert!(!self.leaving.contains_key(seat), "a leaving seat was returned");
            }
            Event::SeatLeaving { seat, release } => {
                let earlier = self.leaving.insert(*seat, release.reason);
                assert_eq!(earlier, None, "{seat} left twice");
            }
            Event::SeatReleased { seat, release } => {
                self.sees_release(scene, *seat, release.reason)
            }
            Event::Offered { place, .. } => first_comes_first(scene, *place),
            _ => {}
        }
        self.requests_stay_as_they_ended(scene.after);
    }

    fn sees_release(&mut self, scene: &Scene<'_>, seat: SeatId, reason: ReleaseReason) {
        assert!(self.granted.contains_key(&seat), "{seat} was never granted");
        assert!(self.released.insert(seat), "{seat} was released twice");
        if let Some(left_for) = self.leaving.get(&seat) {
            assert_eq!(*left_for, reason, "{seat} left for one reason and ended for another");
        }
        if matches!(scene.command, Command::ExpireSeat { .. }) {
            let promised = self.promised.get(&seat).copied().unwrap_or_default();
            assert!(scene.now >= promised, "{seat} expired before its holder was told it would");
            return;
        }
        // Only its keeper or a rule about calls ends a seat at once.
        let keeper = scene.before.seat(seat).expect("it is there").keeper;
        let by_keeper = matches!(
            scene.command,
            Command::SignOff { .. } | Command::ConfirmLeaving { .. } | Command::Cancel { .. }
        );
        assert!(by_keeper || keeper == Keeper::Calls, "{seat} was taken from a machine unasked");
    }

    /// Somebody was told what is left of a lease.
    pub(super) fn told(&mut self, seat: SeatId, left: Duration, now: Mono) {
        assert!(!self.released.contains(&seat), "{seat} is held after its end");
        assert!(!self.leaving.contains_key(&seat), "{seat} is held while it leaves");
        let end = self.promised.entry(seat).or_default();
        *end = (*end).max(now + left);
    }

    /// An answer may tell of a seat, and a pass of a free one.
    pub(super) fn hears(&mut self, state: &State, command: &Command, answer: &Answer, now: Mono) {
        if let Answer::Became(Outcome::Seat { seat, left, .. }) = answer {
            self.told(seat.id, *left, now);
        }
        if let (Command::Check(check), Answer::Passed) = (command, answer) {
            assert!(state.recovery().is_none(), "a check passed while recovering");
            let pool = state.pool(&check.pool).expect("a check passed in it");
            let named =
                state.user(check.user).is_some_and(|user| user.kind == crate::UserKind::Named);
            let free = usage(pool) < seats(pool);
            let passes = named || pool.definition.options.holder_passes_check;
            assert!(free || passes, "nothing is free");
            let has_seat = || state.user_seats(check.user).any(|seat| seat.leaving.is_none());
            let passes_anyway = pool.definition.options.holder_passes_check && has_seat();
            if !(named || passes_anyway) {
                self.holds.passed(state, check, pool, now);
            }
        }
    }

    pub(super) fn paused(&mut self, gap: Duration, now: Mono) {
        self.holds.paused(gap, now);
        for end in self.promised.values_mut() {
            *end = *end + gap;
        }
    }

    /// Every seat that was ever granted has had its release, and its request says so.
    pub(super) fn everything_has_ended(&self) {
        let granted: Vec<_> = self.granted.keys().collect();
        let released: Vec<_> = self.released.iter().collect();
        assert_eq!(granted, released, "a seat has no release");
    }

    fn requests_stay_as_they_ended(&mut self, state: &State) {
        for (key, request) in &state.contents().requests {
            if let Some(over) = over(request) {
                let before = self.over.entry(*key).or_insert_with(|| over.clone());
                assert_eq!(before, over, "a request that was over became something else");
            } else {
                assert!(!self.over.contains_key(key), "a request that was over lives again");
            }
            assert!(!self.refused.contains_key(key), "a refused request became something else");
        }
        for (key, refused) in &state.contents().refused {
            let before = self.refused.entry(*key).or_insert(refused.code);
            assert_eq!(*before, refused.code, "a refused request was decided again");
        }
    }
}

/// What became of a request that nothing can happen to any more. A waiter who was seated is
/// between two events of one step.
fn over(request: &Request) -> Option<&Became> {
    match &request.became {
        Became::Ended(Ending::Place {
            end: hotseat_protocol::reason::PlaceEnd::Seated, ..
        })
        | Became::Waiting(_)
        | Became::Granted(_) => None,
        over @ Became::Ended(_) => Some(over),
    }
}

pub(super) fn seats(pool: &Pool) -> usize {
    usize::try_from(pool.definition.seats).expect("a small number")
}

/// Nothing is granted or offered beyond the number, of which some may be set aside; after the
/// number was lowered, less is in use after each event than before it, never more.
fn number_is_kept(scene: &Scene<'_>, holds: &Holds) {
    for (id, pool) in &scene.after.contents().pools {
        let before = scene.before.contents().pools.get(id).map_or(0, usage);
        let allowed = seats(pool).max(before);
        assert!(usage(pool) <= allowed, "{} of {} in use", usage(pool), seats(pool));
        let set_aside = holds.living(id, scene.now);
        let kept = usage(pool) <= before || usage(pool) + set_aside <= seats(pool);
        assert!(kept, "{set_aside} of {} are set aside, {} in use", seats(pool), usage(pool));
        let offers = pool.line.values().filter(|place| place.offer.is_some()).count();
        assert!(offers == 0 || usage(pool) <= seats(pool), "an offer beyond the number stands");
    }
}

fn only_holders_hold(scene: &Scene<'_>, seat: SeatId) {
    let seat = scene.after.seat(seat).expect("a granted seat is there");
    let pool = scene.after.pool(&seat.asked.pool).expect("its pool is there");
    let rule = pool.definition.clients.get(&seat.asked.client).map(|client| client.rule);
    assert_eq!(rule, Some(Rule::Hold), "a check client holds a seat");
}

/// Those who could be offered a seat when the command was decided.
fn reachable<'a>(scene: &'a Scene<'_>, pool: &PoolId) -> Vec<&'a Place> {
    let line = scene.decided.pool(pool).into_iter().flat_map(|pool| pool.line.values());
    line.filter(|place| place.offer.is_none() && scene.presence.reachable(place)).collect()
}

fn in_grace(scene: &Scene<'_>, pool: &PoolId) -> bool {
    let pool = scene.decided.pool(pool).expect("the pool is there");
    scene.presence.grace_end(pool).is_some_and(|end| scene.now < end)
}

/// No newcomer gets a counted seat before a waiter.
fn nobody_is_overtaken(scene: &Scene<'_>) {
    let Event::SeatGranted { asked, counted: true, offer: None, .. } = scene.event else { return };
    let pool = scene.decided.pool(&asked.pool).expect("the pool is there");
    if pool.definition.options.one_seat_per_user && usage(pool) >= usage_after(scene, &asked.pool) {
        // The user's own seat ended for this one.
        return;
    }
    assert!(reachable(scene, &asked.pool).is_empty(), "a newcomer overtook a waiter");
    assert!(!in_grace(scene, &asked.pool) || pool.line.is_empty(), "a newcomer overtook the line");
}

fn usage_after(scene: &Scene<'_>, pool: &PoolId) -> usize {
    scene.after.pool(pool).map_or(0, usage)
}

/// An offer goes to the first who can be reached; after a start nobody is passed over.
fn first_comes_first(scene: &Scene<'_>, place: PlaceId) {
    let pool = scene.decided.place(place).expect("the place is there").asked.pool.clone();
    let first = reachable(scene, &pool).first().map(|place| place.id);
    assert_eq!(first, Some(place), "a waiter who could be reached was passed over");
    if in_grace(scene, &pool) {
        let line = &scene.decided.pool(&pool).expect("the pool is there").line;
        let first = line.values().find(|place| place.offer.is_none()).map(|place| place.id);
        assert_eq!(first, Some(place), "a waiter was passed over before one T had passed");
    }
}
