//! Work without a seat: what a pool that tolerates it is told once it answers again.
//!
//! Past its deadline no seat is held, whatever the policy says. Under `tolerate` the application is
//! told to work on *without a seat*, and nobody hears of a loss before the pool confirms it.
//!
//! Its beginning is durable at once and its length is noted now and then, so that a broker that dies
//! meanwhile loses little: the next one of the same boot goes on counting, one of a later boot
//! reports what was noted, as "at least".

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ids::SeatId;
use hotseat_protocol::link::Overdraft;
use hotseat_protocol::quantity::OverdraftMs;
use hotseat_protocol::view::Offline;

use super::Core;
use super::limits::OVERDRAFT_NOTED_MS;
use super::saved::{Boot, SavedOverdraft};
use super::seats::Seat;

/// When the length of an overdraft is to be noted again, while it goes on.
fn note_at(saved: &SavedOverdraft) -> Option<u64> {
    let noted = saved.since_boot_ms?.saturating_add(saved.report.lasted_ms.get());
    Some(noted.saturating_add(OVERDRAFT_NOTED_MS))
}

impl Core {
    /// Whether the pool of a seat lets people work on without it.
    pub(super) fn is_tolerated(&self, seat: &Seat) -> bool {
        let pool = self.mirror.pool(&seat.saved.pool);
        pool.is_some_and(|pool| pool.policy.offline == Offline::Tolerate)
    }

    /// The deadline of a seat has passed, and its people work on.
    pub(super) fn begin_overdraft(&mut self, seat: &Seat) {
        let report = Overdraft {
            seat: seat.saved.seat,
            pool: seat.saved.pool.clone(),
            user: seat.saved.user,
            from: seat.deadline_at,
            lasted_ms: OverdraftMs::MIN,
            at_least: true,
        };
        let saved = SavedOverdraft { report, since_boot_ms: Some(seat.deadline) };
        self.outbox.begin_overdraft(&mut self.ctx, saved);
    }

    /// Begins from what an earlier broker left. In the same boot, work that went on goes on, as far
    /// as anybody knows; in another one it ended at an unknown time after what was noted.
    pub(super) fn take_up_overdrafts(&mut self, left: BTreeMap<u64, SavedOverdraft>, boot: Boot) {
        for (number, mut saved) in left {
            self.outbox.reserve_overdraft_number(number);
            let same_boot = matches!(boot, Boot::Same { .. });
            let seat = self.seats.get_mut(&saved.report.seat.id).filter(|_| same_boot);
            match (saved.since_boot_ms, seat) {
                (Some(since), Some(seat)) => {
                    seat.deadline = since;
                    seat.deadline_at = saved.report.from;
                    seat.lost_told = true;
                    seat.without_seat = true;
                }
                (Some(_), None) => {
                    saved.since_boot_ms = None;
                    self.outbox.overdrafts.put(&mut self.ctx, number, saved);
                    continue;
                }
                (None, _) => {}
            }
            self.outbox.overdrafts.restore(number, saved);
        }
    }

    /// Ends overdrafts whose work is over (the seat is held again, or gone, or signed off), and
    /// notes the length of the others now and then.
    pub(super) fn look_for_overdrafts(&mut self) {
        let now = self.ctx.now.boot_ms;
        let goes_on = |id: SeatId| self.seats.get(&id).is_some_and(|seat| seat.without_seat);
        let mut changed = Vec::new();
        for (number, saved) in self.outbox.overdrafts.iter() {
            let Some(since) = saved.since_boot_ms else {
                continue;
            };
            let goes_on = goes_on(saved.report.seat.id);
            if !goes_on || note_at(saved).is_some_and(|at| now >= at) {
                let mut saved = saved.clone();
                saved.report.lasted_ms = OverdraftMs::clamped(now.saturating_sub(since));
                saved.report.at_least = goes_on;
                saved.since_boot_ms = goes_on.then_some(since);
                changed.push((number, saved));
            }
        }
        for (number, saved) in changed {
            self.outbox.overdrafts.put(&mut self.ctx, number, saved);
        }
    }

    /// When the next length is to be noted.
    pub(super) fn overdrafts_deadline(&self) -> Option<u64> {
        self.outbox.overdrafts.iter().filter_map(|(_, saved)| note_at(saved)).min()
    }
}
