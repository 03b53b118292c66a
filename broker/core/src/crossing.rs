//! Crossings: where seats are only taken when they are wanted, the pool picks by what renewals
//! told it. Whoever passes its limit otherwise than the last one let it expect, while somebody
//! waits, is told at once: one renewal early, once for each idle spell.

use alloc::collections::BTreeMap;

use hotseat_protocol::ids::SeatId;

use super::Core;
use super::limits::ACTIVITY_MS;
use super::seats::Seat;

impl Core {
    /// Has the next renewal sent at once if the pool cannot know what it would say.
    pub(super) fn look_for_crossings(&mut self) {
        let now = self.ctx.now.boot_ms;
        if self.crossings().any(|at| at <= now) {
            self.renew_now = true;
        }
    }

    /// When the next such renewal is due.
    pub(super) fn crossing_deadline(&self) -> Option<u64> {
        self.crossings().min()
    }

    fn crossings(&self) -> impl Iterator<Item = u64> {
        self.seats.values().filter_map(|seat| self.crossing(seat))
    }

    /// When this seat's holder passes the limit, unless the pool works that out by itself.
    fn crossing(&self, seat: &Seat) -> Option<u64> {
        let told = &self.link.as_ref()?.told_idle;
        let view = self.mirror.pool(&seat.saved.pool)?;
        let asked = view.policy.only_when_wanted && view.waiting > 0;
        if !asked || seat.warning.is_some() || seat.leaving.is_some() {
            return None;
        }
        let since = self.sessions.idle_since(&seat.hangs, self.ctx.now.boot_ms)?;
        let told = told.get(&seat.saved.seat.id);
        let known = told.is_some_and(|told| told.abs_diff(since) <= ACTIVITY_MS);
        (!known).then(|| since.saturating_add(view.policy.warn_after_ms.get()))
    }

    /// Since when the person in front of each seat is idle, where that is known.
    pub(super) fn idle_by_seat(&self) -> BTreeMap<SeatId, u64> {
        let seats = self.seats.iter();
        seats
            .filter_map(|(id, seat)| {
                Some((*id, self.sessions.idle_since(&seat.hangs, self.ctx.now.boot_ms)?))
            })
            .collect()
    }
}
