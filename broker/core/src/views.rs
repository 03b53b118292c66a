//! What each OS user is shown: one view, then every change of it, numbered per connection.
//!
//! Another user's seat never shows its id, epoch or keys; names are shown to those who are logged
//! in, as far as the pool's privacy setting lets them through at all.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId};
use hotseat_protocol::ipc::{Change, FromBroker, Health, MySeat, PoolState, View};
use hotseat_protocol::view::PoolView;

use super::Core;
use super::input::ConnectionId;
use super::problems;
use super::saved::OsUser;
use super::seats::Seat;
use super::sign_on::Stage;

/// A view's rough size on the wire may not exceed this, so that it fits into one frame.
const VIEW_BYTES_MAX: usize = 48 * 1024;

/// The rough sizes of its parts on the wire.
const POOL_BYTES: usize = 1_500;
const HOLDER_BYTES: usize = 280;
const WAITER_BYTES: usize = 200;

/// A connection that wants to hear of changes.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    seq: u64,
    last: View,
}

impl Core {
    /// The view of one OS user.
    pub(super) fn view_of(&self, user: &OsUser) -> View {
        let account = self.accounts.get(user).map(|account| account.user.clone());
        let mut pools: Vec<PoolState> = self
            .mirror
            .pools()
            .map(|pool| self.pool_state(user, pool, account.is_some()))
            .collect();
        pools.sort_by(|a, b| (&a.pool.name, &a.pool.id).cmp(&(&b.pool.name, &b.pool.id)));
        trim(&mut pools);
        let clone = self.clone_shown_until.map(|_| problems::clone_elsewhere());
        let trouble = clone.or_else(|| self.told_of_log_in(user));
        View { link: self.link_state.clone(), trouble, account, pools }
    }

    fn pool_state(&self, user: &OsUser, pool: &PoolView, logged_in: bool) -> PoolState {
        let mine: Vec<&Seat> = self
            .seats
            .values()
            .filter(|seat| seat.saved.owner == *user && seat.saved.pool == pool.id)
            .collect();
        let place = self.intents.values().find_map(|intent| {
            let here = intent.saved.owner == *user && intent.saved.pool == pool.id;
            match &intent.stage {
                Stage::Waiting(place) if here => Some(place.view(intent.saved.request)),
                Stage::Waiting(_) | Stage::Saving | Stage::Asking(_) => None,
            }
        });
        let ids: BTreeSet<SeatId> = mine.iter().map(|seat| seat.saved.seat.id).collect();
        let request = place.as_ref().map(|place| place.request);
        let key = (user.clone(), pool.id.clone());
        PoolState {
            pool: shown(pool, &ids, request, logged_in),
            seats: mine.iter().map(|seat| self.my_seat(seat)).collect(),
            place,
            warning: mine.iter().find_map(|seat| seat.warning.as_ref().map(|w| w.view())),
            lost: self.lost.get(&key).cloned(),
        }
    }

    fn my_seat(&self, seat: &Seat) -> MySeat {
        MySeat {
            id: seat.saved.seat.id,
            epoch: seat.saved.seat.epoch,
            client: seat.saved.client.clone(),
            since: seat.saved.since,
            counted: seat.saved.counted,
            deadline_boot_ms: seat.deadline,
            deadline_at: seat.deadline_at,
            confirmed: seat.confirmed(self.clocks.leaps),
            leaving: seat.leaving.as_ref().map(|leaving| leaving.end.clone()),
            anchor: seat.anchor_kind(),
        }
    }

    /// One snapshot, then changes.
    pub(super) fn subscribe(&mut self, connection: ConnectionId) {
        let Ok(caller) = self.caller_of(connection) else {
            return;
        };
        let view = self.view_of(caller.user());
        if let Some(program) = self.connections.get_mut(&connection) {
            let seq = program.subscription.as_ref().map_or(0, |old| old.seq).saturating_add(1);
            program.subscription = Some(Subscription { seq, last: view.clone() });
            self.push(connection, FromBroker::Snapshot { seq, view });
        }
    }

    /// Tells every subscriber what changed.
    pub(super) fn publish(&mut self) {
        let users: BTreeSet<OsUser> = self
            .connections
            .values()
            .filter(|program| program.subscription.is_some())
            .map(|program| program.caller.user().clone())
            .collect();
        let views: BTreeMap<OsUser, View> = users
            .into_iter()
            .map(|user| {
                let view = self.view_of(&user);
                (user, view)
            })
            .collect();
        let mut pushes = Vec::new();
        for (connection, program) in &mut self.connections {
            let Some(subscription) = &mut program.subscription else {
                continue;
            };
            let Some(view) = views.get(program.caller.user()) else {
                continue;
            };
            let changes = differences(&subscription.last, view);
            if !changes.is_empty() {
                subscription.seq = subscription.seq.saturating_add(1);
                subscription.last = view.clone();
                let seq = subscription.seq;
                pushes.push((*connection, FromBroker::Changed { seq, changes }));
            }
        }
        for (connection, frame) in pushes {
            self.push(connection, frame);
        }
    }

    /// What is wrong between a program and the pool.
    pub(super) fn health(&self, connection: ConnectionId) -> Option<Health> {
        let caller = self.caller_of(connection).ok()?;
        // Where a sign-on would hang: a shell without a display of its own asks about the tray.
        let key = self.session_for(connection).unwrap_or_else(|_| caller.session.clone());
        let session = self.sessions.get(&key);
        let now = self.now.boot_ms;
        let idle_since = session.and_then(|session| session.presence.idle_since(now));
        let pending = self.sign_offs.len().saturating_add(self.cancels.len());
        Some(Health {
            program: self.settings.program.clone(),
            server_url: self.settings.server_url.clone(),
            link: self.link_state.clone(),
            round_trip_ms: self.round_trip_ms,
            heard_s: self.heard_at.map(|at| now.saturating_sub(at) / 1_000),
            clone_seen_at: self.clone_seen,
            state_writable: self.writes.writable(),
            account: self.accounts.get(caller.user()).map(|a| a.user.clone()),
            session: key.name.clone(),
            tray: session.is_some_and(|session| session.tray.is_some()),
            idle_s: idle_since.map(|since| now.saturating_sub(since) / 1_000),
            pending_sign_offs: u32::try_from(pending).unwrap_or(u32::MAX),
        })
    }
}

/// A pool as one user is shown it: what only the link may carry is taken out.
fn shown(
    pool: &PoolView,
    mine: &BTreeSet<SeatId>,
    my_request: Option<RequestId>,
    names: bool,
) -> PoolView {
    let mut shown = pool.clone();
    for holder in &mut shown.holders {
        holder.mine = holder.seat.take().is_some_and(|seat| mine.contains(&seat));
        holder.user = holder.user.take().filter(|_| names || holder.mine);
    }
    for waiter in &mut shown.line {
        waiter.mine = waiter.request.take().is_some_and(|r| my_request == Some(r));
        waiter.user = waiter.user.take().filter(|_| names || waiter.mine);
    }
    shown
}

/// Shortens lists until the whole fits into one frame; what is left out is counted.
fn trim(pools: &mut [PoolState]) {
    let size = |pools: &[PoolState]| -> usize {
        let part = |state: &PoolState| {
            let holders = state.pool.holders.len().saturating_add(state.seats.len());
            POOL_BYTES
                .saturating_add(HOLDER_BYTES.saturating_mul(holders))
                .saturating_add(WAITER_BYTES.saturating_mul(state.pool.line.len()))
        };
        pools.iter().map(part).fold(0, usize::saturating_add)
    };
    let mut longest = usize::MAX;
    while size(pools) > VIEW_BYTES_MAX && longest > 0 {
        longest = pools
            .iter()
            .map(|state| state.pool.holders.len().max(state.pool.line.len()))
            .max()
            .unwrap_or(0)
            / 2;
        for state in pools.iter_mut() {
            let left_out = state.pool.holders.len().saturating_sub(longest);
            state.pool.holders.truncate(longest);
            let left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
            state.pool.more_holders = state.pool.more_holders.saturating_add(left_out);
            state.pool.line.truncate(longest);
        }
    }
}

fn differences(old: &View, new: &View) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.link != new.link {
        let link = new.link.clone();
        changes.push(Change::Link { link });
    }
    if old.trouble != new.trouble {
        let trouble = new.trouble.clone();
        changes.push(Change::Trouble { trouble });
    }
    if old.account != new.account {
        let account = new.account.clone();
        changes.push(Change::Account { account });
    }
    let by_id = |view: &View| -> BTreeMap<PoolId, PoolState> {
        let pools = view.pools.iter();
        pools.map(|p| (p.pool.id.clone(), p.clone())).collect()
    };
    let mut before = by_id(old);
    for pool in &new.pools {
        if before.remove(&pool.pool.id).as_ref() != Some(pool) {
            let pool = Box::new(pool.clone());
            changes.push(Change::Pool { pool });
        }
    }
    changes.extend(before.into_keys().map(|pool| Change::PoolRemoved { pool }));
    changes
}
