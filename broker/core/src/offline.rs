//! Work without a seat: what a pool that tolerates it is told once it answers again.
//!
//! Past its deadline no seat is held, whatever the policy says. Under `tolerate` the application is
//! told to work on *without a seat*, and nobody hears of a loss before the pool confirms it.
//!
//! Its beginning is durable at once and its length is noted now and then, so that a broker that dies
//! meanwhile loses little: the next one of the same boot goes on counting, one of a later boot
//! reports what was noted, as "at least".

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use hotseat_protocol::ids::SeatId;
use hotseat_protocol::link::{MachineMessage, Overdraft};
use hotseat_protocol::quantity::OverdraftMs;
use hotseat_protocol::view::Offline;

use super::Core;
use super::limits::OVERDRAFT_NOTED_MS;
use super::link::What;
use super::repeat::Repeat;
use super::saved::{Boot, Change, SavedOverdraft};
use super::seats::Seat;

/// An overdraft that the pool has not answered.
#[derive(Debug, Clone)]
pub(super) struct Overdrawn {
    saved: SavedOverdraft,
    pub(super) repeat: Repeat,
}

impl Overdrawn {
    /// Whether its length is known.
    pub(super) fn is_over(&self) -> bool {
        self.saved.since_boot_ms.is_none()
    }

    /// When its length is to be noted again, while it goes on.
    fn note_at(&self) -> Option<u64> {
        let noted = self.saved.since_boot_ms?.saturating_add(self.saved.report.lasted_ms.get());
        Some(noted.saturating_add(OVERDRAFT_NOTED_MS))
    }
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
        self.last_overdraft = self.last_overdraft.saturating_add(1);
        let saved = SavedOverdraft { report, since_boot_ms: Some(seat.deadline) };
        self.put_overdraft(self.last_overdraft, saved);
    }

    fn put_overdraft(&mut self, number: u64, saved: SavedOverdraft) {
        self.save(Change::PutOverdraft(number, Box::new(saved.clone())));
        self.overdrafts.insert(number, Overdrawn { saved, repeat: Repeat::default() });
    }

    /// Begins from what an earlier broker left. In the same boot, work that went on goes on, as far
    /// as anybody knows; in another one it ended at an unknown time after what was noted.
    pub(super) fn take_up_overdrafts(&mut self, left: BTreeMap<u64, SavedOverdraft>, boot: Boot) {
        for (number, mut saved) in left {
            self.last_overdraft = self.last_overdraft.max(number);
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
                    self.put_overdraft(number, saved);
                    continue;
                }
                (None, _) => {}
            }
            self.overdrafts.insert(number, Overdrawn { saved, repeat: Repeat::default() });
        }
    }

    /// Ends overdrafts whose work is over (the seat is held again, or gone, or signed off), and
    /// notes the length of the others now and then.
    pub(super) fn look_for_overdrafts(&mut self) {
        let now = self.now.boot_ms;
        let goes_on = |id: SeatId| self.seats.get(&id).is_some_and(|seat| seat.without_seat);
        let mut changed = Vec::new();
        for (number, overdrawn) in &self.overdrafts {
            let Some(since) = overdrawn.saved.since_boot_ms else {
                continue;
            };
            let goes_on = goes_on(overdrawn.saved.report.seat.id);
            if !goes_on || overdrawn.note_at().is_some_and(|at| now >= at) {
                let mut saved = overdrawn.saved.clone();
                saved.report.lasted_ms = OverdraftMs::clamped(now.saturating_sub(since));
                saved.report.at_least = goes_on;
                saved.since_boot_ms = goes_on.then_some(since);
                changed.push((*number, saved));
            }
        }
        for (number, saved) in changed {
            self.put_overdraft(number, saved);
        }
    }

    /// When the next length is to be noted.
    pub(super) fn overdrafts_deadline(&self) -> Option<u64> {
        self.overdrafts.values().filter_map(Overdrawn::note_at).min()
    }

    /// Overdrafts that are over and are to be said now.
    pub(super) fn overdrafts_to_say(&mut self) -> Vec<(What, MachineMessage)> {
        let now = self.now.boot_ms;
        let mut messages = Vec::new();
        for (number, overdrawn) in &mut self.overdrafts {
            if overdrawn.is_over() && overdrawn.repeat.due(now) {
                overdrawn.repeat.sent();
                let message = MachineMessage::Overdraft(overdrawn.saved.report.clone());
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
