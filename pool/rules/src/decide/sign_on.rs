//! Sign-on: a seat, a place in line, or a refusal, in one step.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{Anchor, OfferId, SeatId};
use hotseat_protocol::reason::{PlaceEnd, ReleaseReason};

use super::super::command::{Caller, Keeper, SignOn};
use super::super::definition::{Accept, PoolDefinition, Rule};
use super::super::event::{Asked, BodyHash, Event, Release, RequestKey};
use super::super::line::line_stands;
use super::super::mono::Mono;
use super::super::presence::Presence;
use super::super::refusal::{Refusal, RefusalCode};
use super::super::state::{Pool, Seat, SeatKey, State, UserKind};
use super::{end_place, take_back};

/// Seats that a user with an own licence has at once in one pool: nobody sits at a thousand places,
/// and an application that opens a session for each of a batch's documents stays below.
pub(super) const UNCOUNTED_SEATS_MAX: usize = 1_000;

pub(super) fn sign_on(
    state: &State,
    presence: &Presence,
    command: &SignOn,
    now: Mono,
) -> Result<Vec<Event>, Refusal> {
    let asked = command.asked();
    if is_repeat(state, &asked.request, &asked.body)? {
        return Ok(Vec::new());
    }
    let pool = known(state, &asked)?;
    if let Some(code) = denied(state, pool, command)? {
        return Ok(vec![Event::SignOnRefused { asked, code }]);
    }
    let keeper = command.caller.keeper();
    let key = SeatKey::new(&asked, keeper, &command.anchor);
    if let Some(seat) = state.seat_by_key(&key) {
        return Ok(vec![Event::SeatReacquired { seat: seat.id, asked }]);
    }
    let newcomer = Newcomer { state, presence, pool, asked: &asked, now };
    let Some(code) = newcomer.hindrance() else {
        newcomer.within_reason()?;
        let grant = Grant {
            state,
            asked: &asked,
            keeper,
            anchor: &command.anchor,
            fresh_seat: command.fresh_seat,
            offer: None,
            waits: command.wait.is_some(),
        };
        return grant.events();
    };
    match command.wait {
        Some(accept) => wait(state, command, asked, accept),
        None => Ok(vec![Event::SignOnRefused { asked, code }]),
    }
}

/// Whether the request has been decided before. A tombstone has no body: whatever comes is its
/// request, and stays cancelled.
pub(super) fn is_repeat(state: &State, key: &RequestKey, body: &BodyHash) -> Result<bool, Refusal> {
    if let Some(refused) = state.refused(key) {
        return if refused.body == *body { Ok(true) } else { Err(Refusal::RequestReused) };
    }
    let Some(request) = state.request(key) else {
        return Ok(false);
    };
    match &request.asked {
        Some(asked) if asked.body != *body => Err(Refusal::RequestReused),
        _ => Ok(true),
    }
}

/// The pool, if it knows the client and the operation.
pub(super) fn known<'a>(state: &'a State, asked: &Asked) -> Result<&'a Pool, Refusal> {
    let unknown_pool = || Refusal::UnknownPool(asked.pool.clone());
    let pool = state.pool(&asked.pool).ok_or_else(unknown_pool)?;
    let clients = &pool.definition.clients;
    let Some(client) = clients.get(&asked.client) else {
        return Err(Refusal::UnknownClient {
            pool: asked.pool.clone(),
            client: asked.client.clone(),
            known: clients.keys().cloned().collect(),
        });
    };
    if !client.operations.contains_key(&asked.operation) {
        return Err(Refusal::UnknownOperation {
            client: asked.client.clone(),
            operation: asked.operation.clone(),
            known: client.operations.keys().cloned().collect(),
        });
    }
    Ok(pool)
}

/// Why this user or this machine may not, whatever is free.
pub(super) fn barred(state: &State, asked: &Asked) -> Result<Option<RefusalCode>, Refusal> {
    let unknown_user = Refusal::UnknownUser(asked.user);
    let user = state.user(asked.user).ok_or(unknown_user)?;
    if let Caller::Machine(id) = asked.request.caller {
        let machine = state.machine(id).ok_or(Refusal::UnknownMachine(id))?;
        if machine.revoked {
            return Ok(Some(RefusalCode::MachineRevoked));
        }
    }
    if let Caller::User(by) = asked.request.caller
        && by != asked.user
    {
        return Err(Refusal::NotYours);
    }
    Ok((!user.enabled).then_some(RefusalCode::UserDisabled))
}

fn denied(state: &State, pool: &Pool, command: &SignOn) -> Result<Option<RefusalCode>, Refusal> {
    let barred = barred(state, &command.asked())?;
    if barred.is_some() {
        return Ok(barred);
    }
    let rule = pool.definition.clients.get(&command.client).map(|client| client.rule);
    Ok(match (rule, command.wait) {
        // Not even a seat that is held already: in the history that was lost it may have ended,
        // and somebody else may believe in one for it.
        (Some(Rule::Hold), _) => state.grants_nothing(pool).then_some(RefusalCode::PoolRecovering),
        (_, Some(_)) => Some(RefusalCode::ClientCannotWait),
        (_, None) => Some(RefusalCode::ClientCannotHold),
    })
}

/// One who asks for a seat without having stood in line.
struct Newcomer<'a> {
    state: &'a State,
    presence: &'a Presence,
    pool: &'a Pool,
    asked: &'a Asked,
    now: Mono,
}

impl Newcomer<'_> {
    /// Why no seat can be granted at once.
    fn hindrance(&self) -> Option<RefusalCode> {
        if !counts(self.state, self.asked) {
            return None;
        }
        if self.takes_own_seat() {
            return None;
        }
        // It was set aside before whoever waits now could be offered it.
        if self.presence.holds_for(self.state, &self.asked.pool, self.asked.user, self.now) {
            return None;
        }
        if self.presence.free(self.state, &self.asked.pool, self.now) == 0 {
            return Some(RefusalCode::PoolFull);
        }
        // Whoever has a place keeps their rank: a second request of theirs does not overtake it.
        line_stands(self.presence, self.pool, self.now).then_some(RefusalCode::OthersWait)
    }

    /// The number bounds the seats that count; those that do not are bounded for each user.
    fn within_reason(&self) -> Result<(), Refusal> {
        if counts(self.state, self.asked) {
            return Ok(());
        }
        let own = self.state.user_seats(self.asked.user);
        let own = own.filter(|seat| seat.asked.pool == self.asked.pool && !seat.counted).count();
        if own >= UNCOUNTED_SEATS_MAX {
            return Err(Refusal::TooManySeats(UNCOUNTED_SEATS_MAX));
        }
        Ok(())
    }

    /// Whether the user's own seat, kept by calls, ends for this one: then none is taken from
    /// anybody, and the line is not overtaken.
    fn takes_own_seat(&self) -> bool {
        let own = superseded(self.state, &self.pool.definition, self.asked)
            .filter(|seat| seat.counted && seat.keeper == Keeper::Calls)
            .count();
        let own = u32::try_from(own).unwrap_or(0);
        let counts = self.state.counts(&self.asked.pool);
        let others = counts.in_use.saturating_sub(own).saturating_add(counts.offered);
        let Asked { pool, user, .. } = self.asked;
        let set_aside = self.presence.set_aside_for_others(pool, *user, self.now);
        let others = others.saturating_add(set_aside);
        own > 0 && others < self.pool.definition.seats
    }
}

fn counts(state: &State, asked: &Asked) -> bool {
    state.user(asked.user).is_none_or(|user| user.kind == UserKind::Concurrent)
}

/// The seats that a new one of this user takes the stead of.
fn superseded<'a>(
    state: &'a State,
    definition: &PoolDefinition,
    asked: &'a Asked,
) -> impl Iterator<Item = &'a Seat> {
    let one_per_user = definition.options.one_seat_per_user;
    state
        .user_seats(asked.user)
        .filter(move |seat| one_per_user && seat.asked.pool == asked.pool && seat.leaving.is_none())
}

/// A place in line. One per user and pool: a newer request moves it, rank and offer kept.
fn wait(
    state: &State,
    command: &SignOn,
    asked: Asked,
    accept: Accept,
) -> Result<Vec<Event>, Refusal> {
    let (keeper, anchor) = (command.caller.keeper(), command.anchor.clone());
    if let Some(place) = state.user_place(&asked.pool, asked.user) {
        return Ok(vec![Event::PlaceMoved { place: place.id, asked, keeper, anchor, accept }]);
    }
    let place = command.fresh_place;
    if state.place(place).is_some() {
        return Err(Refusal::IdTaken);
    }
    Ok(vec![Event::PlaceTaken { place, asked, keeper, anchor, accept }])
}

/// A seat about to be granted; whether there is one was decided before.
pub(super) struct Grant<'a> {
    pub(super) state: &'a State,
    pub(super) asked: &'a Asked,
    pub(super) keeper: Keeper,
    pub(super) anchor: &'a Anchor,
    pub(super) fresh_seat: SeatId,
    pub(super) offer: Option<OfferId>,
    /// Asked for by one who would wait: it ends a wait of the same user.
    pub(super) waits: bool,
}

impl Grant<'_> {
    /// What makes room, and then the grant.
    pub(super) fn events(&self) -> Result<Vec<Event>, Refusal> {
        let Self { state, asked, keeper, anchor, fresh_seat, offer, waits } = *self;
        if state.seat(fresh_seat).is_some() || state.granted_to(fresh_seat).is_some() {
            return Err(Refusal::IdTaken);
        }
        let pool = state.pool(&asked.pool);
        let pool = pool.ok_or_else(|| Refusal::UnknownPool(asked.pool.clone()))?;
        let mut events = Vec::new();
        if let Some(place) = state.user_place(&asked.pool, asked.user) {
            if offer.is_some() {
                events.push(end_place(place, PlaceEnd::Seated));
            } else if waits
                || place.key() == SeatKey::new(asked, keeper, anchor)
                || pool.definition.options.one_seat_per_user
            {
                // The user has what that place was waiting for.
                events.push(end_place(place, PlaceEnd::Superseded));
            }
        }
        let release = Release::rule(ReleaseReason::Superseded);
        let older = superseded(state, &pool.definition, asked);
        events.extend(older.filter_map(|seat| take_back(seat, release.clone())));
        events.push(Event::SeatGranted {
            seat: fresh_seat,
            asked: asked.clone(),
            keeper,
            anchor: anchor.clone(),
            counted: counts(state, asked),
            offer,
        });
        Ok(events)
    }
}
