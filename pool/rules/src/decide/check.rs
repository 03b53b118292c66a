//! Checks: pass or refuse, and consume nothing; at most a seat is set aside for a few seconds.

use alloc::vec;
use alloc::vec::Vec;

use hotseat_protocol::ids::{ClientName, PoolId, UserId};

use super::super::command::Check;
use super::super::event::{Asked, Event, RequestKey};
use super::super::holds::takes_free_seat;
use super::super::line::line_stands;
use super::super::mono::Mono;
use super::super::presence::Presence;
use super::super::refusal::{Refusal, RefusalCode};
use super::super::state::{Pool, State};
use super::super::timers::Timer;
use super::sign_on::{barred, is_repeat, known};

pub(super) fn check(
    state: &State,
    presence: &Presence,
    command: &Check,
    now: Mono,
) -> Result<Vec<Event>, Refusal> {
    let asked = Asked {
        request: RequestKey { caller: command.caller, id: command.request },
        body: command.body,
        pool: command.pool.clone(),
        user: command.user,
        client: command.client.clone(),
        operation: command.operation.clone(),
    };
    // A check is not kept: a repeat is answered anew. Its id must not be that of a sign-on.
    if is_repeat(state, &asked.request, &asked.body)? {
        return Err(Refusal::RequestReused);
    }
    let pool = known(state, &asked)?;
    let Some(code) = verdict(state, presence, pool, command, &asked, now)? else {
        return Ok(Vec::new());
    };
    let Asked { pool, user, client, .. } = asked;
    let key = (pool, user, client);
    let tally = presence.tally(&key);
    let timer = Timer::Checks(key.0.clone(), key.1, key.2.clone());
    if tally.is_some() && !presence.timers.over(&timer, now) {
        return Err(Refusal::CheckRefused { code });
    }
    let count = tally.map_or(0, |tally| tally.count).saturating_add(1);
    let (pool, user, client) = key;
    Ok(vec![Event::ChecksRefused { pool, user, client, code, count }])
}

fn verdict(
    state: &State,
    presence: &Presence,
    pool: &Pool,
    command: &Check,
    asked: &Asked,
    now: Mono,
) -> Result<Option<RefusalCode>, Refusal> {
    let barred = barred(state, asked)?;
    if barred.is_some() {
        return Ok(barred);
    }
    if state.grants_nothing(pool) {
        return Ok(Some(RefusalCode::PoolRecovering));
    }
    if !takes_free_seat(state, &pool.definition, asked.user)
        || presence.holds_for(state, &asked.pool, asked.user, now)
    {
        return Ok(None);
    }
    if presence.free(state, &asked.pool, now) == 0 {
        return Ok(Some(RefusalCode::PoolFull));
    }
    if line_stands(presence, pool, now) {
        return Ok(Some(RefusalCode::OthersWait));
    }
    presence.has_room(state, pool, command, now)?;
    Ok(None)
}

/// Writes down the refused checks of a minute that is over.
pub(super) fn tally(
    presence: &Presence,
    key: &(PoolId, UserId, ClientName),
    now: Mono,
) -> Vec<Event> {
    let (pool, user, client) = key.clone();
    if !presence.timers.over(&Timer::Checks(pool.clone(), user, client.clone()), now) {
        return Vec::new();
    }
    let Some(tally) = presence.tally(key) else {
        return Vec::new();
    };
    let (Some(code), 1..) = (tally.last, tally.count) else {
        return Vec::new();
    };
    vec![Event::ChecksRefused { pool, user, client, code, count: tally.count }]
}
