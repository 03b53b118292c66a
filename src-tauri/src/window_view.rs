//! From what is known to what the window's page is shown. Pure.

use std::collections::BTreeMap;

use hotseat_protocol::ids::{PoolId, WallTime};
use hotseat_protocol::ipc::{self, LinkState, PoolState};
use hotseat_protocol::quantity::IdleSeconds;
use hotseat_protocol::view::{HolderView, WaiterView};

use crate::aftermath::{self, Seats};
use crate::app_state::{self, AppState, Contact, Silence};
use crate::clock::Now;
use crate::controller::{problem_code, ui_error};
use crate::views::{
    Account, After, Countdown, Holder, Idle, Link, Lost, MyPlace, MySeat, Phase, PoolCard, Refusal,
    Waiter, Warning, WindowView,
};

/// What only the window remembers.
#[derive(Debug, Default)]
pub struct WindowMemory {
    /// Whether somebody looks at it.
    pub focused: bool,
    /// The pool server's host, once the broker has told it.
    pub server: Option<String>,
    /// Losses stay on the screen until the person acts in the pool or closes the window, also
    /// after the broker was told that they were seen.
    lost: BTreeMap<PoolId, ipc::Lost>,
}

impl WindowMemory {
    /// Keeps the losses that are to be shown.
    pub fn remember(&mut self, state: &AppState) {
        for pool in state.pools() {
            if let Some(lost) = &pool.lost {
                self.lost.insert(pool.pool.id.clone(), lost.clone());
            } else if !pool.seats.is_empty() || pool.place.is_some() {
                // A newer seat or place, wherever it was taken, is what is true now.
                self.lost.remove(&pool.pool.id);
            }
        }
    }

    /// The person acted in a pool: its loss is history.
    pub fn acted_in(&mut self, pool: &PoolId) {
        self.lost.remove(pool);
    }
}

/// The view.
pub fn of(state: &AppState, memory: &WindowMemory, now: Now) -> WindowView {
    let view = state.view.as_ref();
    WindowView {
        phase: phase(state),
        link: view.map_or(Link::Connecting, |view| link(&view.link)),
        trouble: view.and_then(|view| view.trouble.as_ref()).map(ui_error),
        server: memory.server.clone(),
        account: view
            .and_then(|view| view.account.as_ref())
            .map(|account| Account { name: account.name.clone(), email: account.email.clone() }),
        pools: state.pools().iter().map(|pool| card(pool, state, memory, now)).collect(),
    }
}

/// Whether two views say the same but for what a running countdown shows by itself.
pub fn differ_only_in_time(before: &WindowView, after: &WindowView) -> bool {
    without_time(before.clone()) == without_time(after.clone())
}

fn without_time(mut view: WindowView) -> WindowView {
    for pool in &mut view.pools {
        let safe = pool.my_seat.iter_mut().map(|seat| &mut seat.safe);
        let offer = pool.my_place.iter_mut().filter_map(|place| place.offer.as_mut());
        let warning = pool.warning.iter_mut().map(|warning| &mut warning.countdown);
        for countdown in safe.chain(offer).chain(warning) {
            countdown.left_ms = 0;
        }
    }
    view
}

fn phase(state: &AppState) -> Phase {
    match (&state.contact, &state.view) {
        (Contact::AnotherVersion { theirs }, _) => Phase::AnotherVersion {
            theirs: theirs.clone(),
            ours: env!("CARGO_PKG_VERSION").to_owned(),
        },
        (Contact::Connected, Some(view)) if view.link == LinkState::NotEnrolled => {
            Phase::NotEnrolled
        }
        (Contact::Connected, Some(_)) => Phase::Ready,
        (Contact::Connected | Contact::Starting | Contact::NoBroker { .. }, _) => Phase::NoBroker,
    }
}

fn link(link: &LinkState) -> Link {
    match link {
        LinkState::Up => Link::Up,
        LinkState::NotEnrolled => Link::Connecting,
        LinkState::Down { since, cause } => Link::Down {
            since: since.map(rfc3339),
            cause: cause.as_ref().map(ui_error),
            refused: Silence::of(cause.as_ref()).is_refusal(),
        },
    }
}

fn card(pool: &PoolState, state: &AppState, memory: &WindowMemory, now: Now) -> PoolCard {
    let view = &pool.pool;
    let lost = pool.lost.as_ref().or_else(|| memory.lost.get(&view.id));
    PoolCard {
        id: view.id.to_string(),
        name: view.name.clone(),
        seats: view.seats,
        in_use: view.in_use,
        offered: view.offered,
        set_aside: view.set_aside,
        free: app_state::free(pool),
        waiting: view.waiting,
        usually_waits_s: view.usually_waits_s,
        holders: view.holders.iter().map(holder).collect(),
        more_holders: view.more_holders,
        line: view.line.iter().map(waiter).collect(),
        my_seat: my_seat(pool, now),
        my_place: pool.place.as_ref().map(|place| MyPlace {
            rank: place.rank,
            since: rfc3339(place.since),
            offer: app_state::offer(pool, now).map(|offer| {
                let of_ms = state.offer_of_ms.get(&offer.id).copied();
                countdown(offer.ends_boot_ms, offer.ends_at, of_ms, now)
            }),
        }),
        warning: app_state::warning(pool, now).map(|warning| {
            let policy = &view.policy;
            let of_ms = Some(policy.countdown_ms()).filter(|ms| *ms > 0);
            Warning {
                countdown: countdown(warning.ends_boot_ms, warning.ends_at, of_ms, now),
                idle_seconds: short(warning.idle_s),
                wanted: warning.wanted,
                waiter: warning.waiter.clone(),
            }
        }),
        without_seat: pool.works_without_seat(now.boot_ms),
        lost: lost.map(|lost| self::lost(lost, after(pool, state))),
        refusal: state.refusals.get(&view.id).map(|problem| Refusal {
            code: problem_code(problem.code),
            detail: problem.detail.clone(),
            legacy_message: problem.facts.as_ref().and_then(|facts| facts.legacy_message.clone()),
            next: (!problem.next.is_empty()).then(|| problem.next.clone()),
        }),
        busy: state.busy.get(&view.id).copied(),
    }
}

fn lost(lost: &ipc::Lost, after: Option<After>) -> Lost {
    Lost {
        at: rfc3339(lost.end.at),
        reason: lost.end.reason.words().replace([' ', '-'], "_"),
        by: lost.end.by.clone(),
        note: lost.end.note.clone(),
        silent_seconds: lost.silent_s.map(short),
        slept: lost.slept,
        after,
    }
}

/// How things stand since a loss, while the pool can tell.
fn after(pool: &PoolState, state: &AppState) -> Option<After> {
    state.view.as_ref().filter(|view| view.link == LinkState::Up)?;
    let after = aftermath::of_view(pool)?;
    Some(After {
        free: after.seats == Seats::Free,
        with: match after.seats {
            Seats::With(names) | Seats::TakenBy(names) => names,
            Seats::Free | Seats::Full => Vec::new(),
        },
        would_be: pool.pool.waiting.saturating_add(1),
    })
}

/// The longest-lasting seat, or one that is being checked or taken back. A seat whose deadline
/// has passed without contact is none: there is no seat behind it to work on.
fn my_seat(pool: &PoolState, now: Now) -> Option<MySeat> {
    let last = pool.seats.iter().max_by_key(|seat| {
        (seat.held_at(now.boot_ms), seat.leaving.is_none(), seat.deadline_boot_ms)
    })?;
    Some(MySeat {
        since: rfc3339(last.since),
        client: last.client.to_string(),
        safe: countdown(last.deadline_boot_ms, last.deadline_at, None, now),
        confirmed: last.confirmed && now.boot_ms < last.deadline_boot_ms,
        leaving: last.leaving.is_some(),
    })
}

fn holder(holder: &HolderView) -> Holder {
    Holder {
        name: holder.user.clone(),
        mine: holder.mine,
        client: holder.client.to_string(),
        since: rfc3339(holder.since),
        idle: Idle::from_seconds(holder.idle_s.map(IdleSeconds::get)),
        leaving: holder.leaving,
        counted: holder.counted,
    }
}

fn waiter(waiter: &WaiterView) -> Waiter {
    Waiter {
        name: waiter.user.clone(),
        mine: waiter.mine,
        since: rfc3339(waiter.since),
        offered: waiter.offered,
    }
}

fn countdown(ends_boot_ms: u64, ends_at: WallTime, of_ms: Option<u64>, now: Now) -> Countdown {
    Countdown {
        left_ms: short(ends_boot_ms.saturating_sub(now.boot_ms)),
        of_ms: of_ms.map(short),
        ends_at: rfc3339(ends_at),
    }
}

fn rfc3339(time: WallTime) -> String {
    time.to_string()
}

/// Numbers that a page shows end at what a page can count with.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
