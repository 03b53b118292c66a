//! What checks have set aside, by an account of its own, kept from answers and records only.
//!
//! What was decided together shows the order of its answers and that of its records, not how the
//! two fit together. So an end is an interval: it is exact but where one batch both changes what
//! decides and has a check in it.

use std::collections::{BTreeMap, BTreeSet};

use hotseat_pool::engine::Committed;
use hotseat_protocol::ids::{PoolId, UserId};
use hotseat_rules::{
    Answer, Caller, Event, Keeper, Outcome, RefusalCode, Refused, RequestKey, State, UserKind,
    apply,
};

use super::users;
use super::words::ms;

/// A longer gap between two turns of the pool is a pause: design 4.
const PAUSE: u64 = 2_000;

/// The seat that may be set aside for a person.
#[derive(Debug, Clone, Default)]
struct Hold {
    /// The checks that it may have been set aside for last.
    checks: BTreeSet<RequestKey>,
    /// It is there until then at least.
    least: u64,
    /// It is there until then at most.
    most: u64,
}

/// What an answer told.
#[derive(Debug)]
enum Told {
    Passed(UserId, RequestKey),
    CheckRefused(UserId, RefusalCode),
    /// What a sign-on became that was not known before.
    Decided(RequestKey),
}

/// The account.
#[derive(Debug, Default)]
pub(super) struct Held {
    people: BTreeMap<UserId, Hold>,
    told: Vec<Told>,
    /// The sign-ons of the batch that is told now that may have used a seat set aside.
    used: BTreeSet<RequestKey>,
    /// Whose seat was used or given up in that batch; they may have another one by its end.
    gone: BTreeSet<UserId>,
    /// How many seats others have aside, for as long as that batch is told.
    others: u32,
    turn: u64,
    /// How many were set aside, for the report.
    pub(super) set: u64,
    /// How many were used.
    pub(super) taken: u64,
    /// The first promise that was broken.
    pub(super) broken: Option<String>,
}

impl Held {
    /// The pool starts: nothing is set aside.
    pub(super) fn starts(&mut self, now: u64) {
        self.people.clear();
        self.told.clear();
        self.turn = now;
    }

    /// The pool takes a turn; what is set aside is longer by a pause. What a batch that is not told of
    /// yet may have used is remembered; `decided` says when that was.
    pub(super) fn turns(&mut self, now: u64, decided: Option<u64>) {
        let gap = now.saturating_sub(self.turn);
        self.turn = now;
        if gap > PAUSE {
            for hold in self.people.values_mut() {
                hold.most += gap;
                hold.least += if hold.least > 0 { gap } else { 0 };
            }
        }
        let since = decided.unwrap_or(now);
        self.people.retain(|_, hold| hold.most > since);
        for hold in self.people.values_mut().filter(|hold| hold.least <= since) {
            hold.least = 0;
        }
    }

    /// A check was answered.
    pub(super) fn checked(&mut self, user: UserId, check: RequestKey, answer: &Answer) {
        self.told.push(match answer {
            Answer::Refused(Refused { code, .. }) => Told::CheckRefused(user, *code),
            _ => Told::Passed(user, check),
        });
    }

    /// A request was answered, `before` whose decision this is known.
    pub(super) fn decided(&mut self, request: RequestKey, before: &State, outcome: &Outcome) {
        let known = before.request(&request).is_some() || before.refused(&request).is_some();
        let is_news =
            matches!(outcome, Outcome::Seat { .. } | Outcome::Waiting { .. } | Outcome::Refused(_));
        let told = |told: &Told| matches!(told, Told::Decided(earlier) if *earlier == request);
        if is_news && !known && !self.told.iter().any(told) {
            self.told.push(Told::Decided(request));
        }
    }

    /// How many seats may be set aside.
    fn possible(&self, now: u64) -> u32 {
        count(self.people.values().filter(|hold| hold.most > now).count())
    }

    fn certain(&self, now: u64) -> u32 {
        count(self.people.values().filter(|hold| hold.least > now).count())
    }

    /// How many seats are free for certain.
    pub(super) fn free(&self, state: &State, pool: &PoolId, now: u64) -> u32 {
        state.free(pool).saturating_sub(self.possible(now))
    }

    /// What was decided on committed state was answered at once.
    pub(super) fn answered_at_once(&mut self, state: &State, now: u64) {
        if !self.told.is_empty() {
            self.follow(&[state], &[], now);
        }
    }

    /// A batch that was decided at that time is told of now.
    pub(super) fn will_tell(&mut self, before: &State, batch: &[Committed], decided: u64) {
        let mut states = vec![before.clone()];
        let decides = if self.told.is_empty() { &[] } else { batch };
        for Committed { record, .. } in decides {
            let mut next = states.last().expect("there is one").clone();
            apply(&mut next, &record.event, record.at());
            states.push(next);
        }
        self.follow(&states.iter().collect::<Vec<_>>(), batch, decided);
    }

    fn follow(&mut self, states: &[&State], batch: &[Committed], now: u64) {
        let before = self.people.clone();
        self.used.clear();
        self.gone.clear();
        let told = std::mem::take(&mut self.told);
        let checked = |user: &UserId| {
            let by = |told: &Told| matches!(told, Told::Passed(of, _) if of == user);
            told.iter().any(by)
        };
        for Committed { record, .. } in batch {
            for user in ended(&record.event, &self.people) {
                self.gone.insert(user);
                match self.people.get_mut(&user) {
                    Some(hold) if checked(&user) || hold.checks.len() > 1 => hold.least = 0,
                    _ => drop(self.people.remove(&user)),
                }
            }
        }
        for told in &told {
            match told {
                Told::Passed(user, check) => self.passed(states, *user, *check, &before, now),
                Told::CheckRefused(user, code) => {
                    self.invariant_own_hold_is_recognised(states, *user, *code, now);
                }
                Told::Decided(request) => self.sign_on(states, batch, *request, now),
            }
        }
        let stays = |(user, hold): (&UserId, &Hold)| {
            let was_there = before.get(user).is_some_and(|before| before.least > now);
            was_there && hold.least > now && !self.gone.contains(user)
        };
        self.others = count(self.people.iter().filter(|held| stays(*held)).count());
    }

    fn sign_on(&mut self, states: &[&State], batch: &[Committed], request: RequestKey, now: u64) {
        for Committed { record, .. } in batch {
            match &record.event {
                Event::SeatGranted { asked, offer: None, .. }
                | Event::SeatReacquired { asked, .. }
                    if asked.request == request =>
                {
                    let within = states.iter().any(|s| s.free(&asked.pool) >= self.certain(now));
                    let own = self.people.remove(&asked.user);
                    self.gone.insert(asked.user);
                    if own.is_some_and(|own| own.most > now) && within {
                        self.taken += 1;
                        self.used.insert(request);
                    }
                }
                Event::SignOnRefused { asked, code } if asked.request == request => {
                    self.invariant_own_hold_is_recognised(states, asked.user, *code, now);
                }
                Event::PlaceTaken { asked, .. } | Event::PlaceMoved { asked, .. }
                    if asked.request == request =>
                {
                    let code = RefusalCode::PoolFull;
                    self.invariant_own_hold_is_recognised(states, asked.user, code, now);
                }
                _ => {}
            }
        }
    }

    /// A check has passed. Its seat may be set aside, or is for longer.
    fn passed(
        &mut self,
        states: &[&State],
        user: UserId,
        check: RequestKey,
        before: &BTreeMap<UserId, Hold>,
        now: u64,
    ) {
        let own = self.people.remove(&user).filter(|own| own.most > now);
        let is_certain = own.as_ref().is_some_and(|own| own.least > now);
        if own.is_none() {
            self.invariant_a_seat_was_free(states, user, before, now);
        }
        let mut after: Option<Hold> = None;
        let mut may_be = |checks: &BTreeSet<RequestKey>, least: u64, most: u64| {
            let after = after.get_or_insert_with(|| Hold { least, ..Hold::default() });
            after.checks.extend(checks);
            (after.least, after.most) = (after.least.min(least), after.most.max(most));
        };
        for state in states {
            let end = hold_of(state, user).map(|hold| now + hold);
            if let Some(own) = &own {
                let pool = state.pool(&users::pool());
                let waits = pool.is_some_and(|p| p.line.values().any(|at| at.offer.is_none()));
                let least = if is_certain { own.least } else { 0 };
                let may_repeat = own.checks.contains(&check);
                let longer = end.filter(|_| !waits);
                if may_repeat || longer.is_none() {
                    may_be(&own.checks, least, own.most);
                }
                if let Some(end) = longer
                    && (!may_repeat || own.checks.len() > 1)
                {
                    may_be(&BTreeSet::from([check]), end.max(least), end.max(own.most));
                }
            }
            if !is_certain {
                may_be(&BTreeSet::from([check]), end.unwrap_or(0), end.unwrap_or(0));
            }
        }
        if let Some(after) = after.filter(|after| after.most > now) {
            self.set += 1;
            self.people.insert(user, after);
        }
    }

    /// Promise 1, of checks: one passes on a seat that nobody else has aside.
    fn invariant_a_seat_was_free(
        &mut self,
        states: &[&State],
        user: UserId,
        before: &BTreeMap<UserId, Hold>,
        now: u64,
    ) {
        let stays = |of: &UserId| self.people.get(of).is_some_and(|hold| hold.least > now);
        let others = before.iter().filter(|(of, hold)| hold.least > now && stays(of));
        let others = count(others.count());
        let justified =
            |state: &&&State| !needs_seat(state, user) || state.free(&users::pool()) > others;
        let holds = states.iter().any(|state| justified(&state));
        self.must(holds, || {
            format!("promise 1: a check of {user} passed on one of {others} seats set aside")
        });
    }

    /// What was set aside for a person is theirs: they are not told that the pool is full, nor that
    /// others wait.
    fn invariant_own_hold_is_recognised(
        &mut self,
        states: &[&State],
        user: UserId,
        code: RefusalCode,
        now: u64,
    ) {
        let full = matches!(code, RefusalCode::PoolFull | RefusalCode::OthersWait);
        let own = self.people.get(&user).is_some_and(|hold| hold.least > now);
        let possible = self.possible(now);
        let within =
            |state: &&&State| state.free(&users::pool()) >= possible && state.recovery().is_none();
        let within = states.iter().all(|state| within(&state));
        self.must(!(full && own && within), || {
            format!("hold: {user} has a seat aside and is refused: {code:?}")
        });
    }

    /// Whether this sign-on of the batch that is told now may have used a seat set aside.
    pub(super) fn was_used_by(&self, request: &RequestKey) -> bool {
        self.used.contains(request)
    }

    /// Promise 1: nothing is granted or offered of what is set aside for others.
    pub(super) fn invariant_what_is_set_aside_is_left(
        &mut self,
        free: u32,
        event: &Event,
        after: &State,
    ) {
        let takes = match event {
            Event::SeatGranted { counted, offer, .. } => *counted && offer.is_none(),
            Event::Offered { .. } => true,
            _ => false,
        };
        let (left, others) = (after.free(&users::pool()), self.others);
        self.must(!takes || free < others || left >= others, || {
            format!("promise 1: {others} seats are set aside, {left} of {free} are left: {event:?}")
        });
    }

    fn must(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.broken.is_none() {
            self.broken = Some(what());
        }
    }
}

/// Whose seats may be set aside no longer.
fn ended(event: &Event, people: &BTreeMap<UserId, Hold>) -> Vec<UserId> {
    match event {
        Event::UserRemoved { user }
        | Event::UserChanged { user, enabled: false, .. }
        | Event::UserChanged { user, kind: UserKind::Named, .. } => vec![*user],
        Event::PoolRemoved { .. } => people.keys().copied().collect(),
        Event::MachineRevoked { machine } => {
            let caller = Caller::Machine(*machine);
            let by = |hold: &Hold| hold.checks.iter().any(|check| check.caller == caller);
            people.iter().filter(|(_, hold)| by(hold)).map(|(user, _)| *user).collect()
        }
        _ => Vec::new(),
    }
}

/// For how long a passed check sets a seat aside; none where it sets none aside.
fn hold_of(state: &State, user: UserId) -> Option<u64> {
    let options = state.pool(&users::pool())?.definition.options;
    let mut own = state.user_seats(user).filter(|seat| seat.asked.pool == users::pool());
    let gives_up = own.any(|seat| seat.counted && seat.keeper == Keeper::Calls);
    let needs = needs_seat(state, user) && !(options.one_seat_per_user && gives_up);
    options.provisional_hold.filter(|_| needs).map(ms)
}

/// Whether this person's check passes by a free seat only.
fn needs_seat(state: &State, user: UserId) -> bool {
    let named = state.user(user).is_some_and(|user| user.kind == UserKind::Named);
    let options = state.pool(&users::pool()).map(|pool| pool.definition.options);
    let mut own = state.user_seats(user).filter(|seat| seat.asked.pool == users::pool());
    let passes = options.unwrap_or_default().holder_passes_check;
    !(named || passes && own.any(|seat| seat.leaving.is_none()))
}

fn count(of: usize) -> u32 {
    u32::try_from(of).expect("few people")
}
