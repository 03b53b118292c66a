//! What each OS user is shown: one view, then every change of it, numbered per connection.
//!
//! Another user's seat never shows its id, epoch or keys; names are shown to those who are logged
//! in, as far as the pool's privacy setting lets them through at all.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hotseat_protocol::ids::{RequestId, SeatId};
use hotseat_protocol::ipc::{Health, MySeat, PoolState, View};
use hotseat_protocol::view::PoolView;

use super::Core;
use super::hangs::Hangs;
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
        let trouble = clone.or_else(|| self.log_in_trouble(user));
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
            confirmed: seat.confirmed(self.ctx.clocks.leaps),
            leaving: seat.leaving.as_ref().map(|leaving| leaving.end.clone()),
            anchor: seat.anchor_kind(),
        }
    }

    /// One snapshot, then changes.
    pub(super) fn subscribe(&mut self, connection: ConnectionId) {
        if let Ok(caller) = self.sessions.caller_of(connection) {
            let view = self.view_of(caller.user());
            self.sessions.subscribe(&mut self.ctx, connection, view);
        }
    }

    /// Tells every subscriber what changed.
    pub(super) fn publish(&mut self) {
        let users = self.sessions.subscribers();
        let views: BTreeMap<OsUser, View> = users
            .into_iter()
            .map(|user| {
                let view = self.view_of(&user);
                (user, view)
            })
            .collect();
        self.sessions.publish(&mut self.ctx, &views);
    }

    /// What is wrong between a program and the pool.
    pub(super) fn health(&self, connection: ConnectionId) -> Option<Health> {
        let caller = self.sessions.caller_of(connection).ok()?;
        // Where a sign-on would hang: a shell without a display of its own asks about the tray.
        let key = self.sessions.session_for(connection);
        let key = key.unwrap_or_else(|_| caller.session.clone());
        let now = self.ctx.now.boot_ms;
        let idle_since = self.sessions.idle_since(&Hangs::Session(key.clone()), now);
        let pending = self.outbox.sign_offs.len().saturating_add(self.outbox.cancels.len());
        Some(Health {
            program: self.settings.program.clone(),
            server_url: self.settings.server_url.clone(),
            link: self.link_state.clone(),
            round_trip_ms: self.round_trip_ms,
            heard_s: self.heard_at.map(|at| now.saturating_sub(at) / 1_000),
            clone_seen_at: self.clone_seen,
            state_writable: self.ctx.writes.writable(),
            account: self.accounts.get(caller.user()).map(|a| a.user.clone()),
            tray: self.sessions.tray_of(&key).is_some(),
            session: key.name,
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
