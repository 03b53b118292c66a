//! Work without a seat: what a pool that tolerates it is told once it answers again.
//!
//! Past its deadline no seat is held, whatever the policy says. Under `tolerate` the application is
//! told to work on *without a seat*, and nobody hears of a loss before the pool confirms it.

use hotseat_protocol::ids::SeatId;
use hotseat_protocol::link::{MachineMessage, Overdraft};
use hotseat_protocol::view::Offline;

use super::Core;
use super::link::What;
use super::repeat::Repeat;
use super::saved::Change;
use super::seats::Seat;

/// An overdraft that the pool has not answered.
#[derive(Debug, Clone)]
pub(super) struct Overdrawn {
    pub(super) saved: Overdraft,
    /// On the boot-time clock, in ms, while the work goes on; none once it is over.
    pub(super) since: Option<u64>,
    pub(super) repeat: Repeat,
}

impl Core {
    /// Whether the pool of a seat lets people work on without it.
    pub(super) fn is_tolerated(&self, seat: &Seat) -> bool {
        let pool = self.mirror.pool(&seat.saved.pool);
        pool.is_some_and(|pool| pool.policy.offline == Offline::Tolerate)
    }

    /// The deadline of a seat has passed, and its people work on.
    pub(super) fn begin_overdraft(&mut self, seat: &Seat) {
        let saved = Overdraft {
            seat: seat.saved.seat,
            pool: seat.saved.pool.clone(),
            user: seat.saved.user,
            from: seat.deadline_at,
            // What a broker knows that died meanwhile: at least that it began.
            lasted_ms: 0,
        };
        self.last_overdraft += 1;
        self.save(Change::PutOverdraft(self.last_overdraft, Box::new(saved.clone())));
        let since = Some(seat.deadline);
        let overdrawn = Overdrawn { saved, since, repeat: Repeat::default() };
        self.overdrafts.insert(self.last_overdraft, overdrawn);
    }

    /// Ends overdrafts whose work is over: the seat is held again, or gone, or signed off.
    pub(super) fn look_for_overdrafts(&mut self) {
        let goes_on = |id: SeatId| self.seats.get(&id).is_some_and(|seat| seat.without_seat);
        let over = self.overdrafts.iter().filter(|(_, overdrawn)| {
            overdrawn.since.is_some() && !goes_on(overdrawn.saved.seat.id)
        });
        for number in over.map(|(number, _)| *number).collect::<Vec<_>>() {
            let now = self.now.boot_ms;
            if let Some(overdrawn) = self.overdrafts.get_mut(&number)
                && let Some(since) = overdrawn.since.take()
            {
                overdrawn.saved.lasted_ms = now.saturating_sub(since);
                let saved = overdrawn.saved.clone();
                self.save(Change::PutOverdraft(number, Box::new(saved)));
            }
        }
    }

    /// Overdrafts that are over and are to be said now.
    pub(super) fn overdrafts_to_say(&mut self) -> Vec<(What, MachineMessage)> {
        let now = self.now.boot_ms;
        let mut messages = Vec::new();
        for (number, overdrawn) in &mut self.overdrafts {
            if overdrawn.since.is_none() && overdrawn.repeat.due(now) {
                overdrawn.repeat.sent();
                let message = MachineMessage::Overdraft(overdrawn.saved.clone());
                messages.push((What::Overdraft(*number), message));
            }
        }
        messages
    }

    /// The pool has answered an overdraft.
    pub(super) fn overdraft_answered(&mut self, number: u64, done: bool) {
        let now = self.now.boot_ms;
        if done {
            self.overdrafts.remove(&number);
            self.save(Change::DropOverdraft(number));
        } else if let Some(overdrawn) = self.overdrafts.get_mut(&number) {
            overdrawn.repeat.failed(now);
        }
    }
}
