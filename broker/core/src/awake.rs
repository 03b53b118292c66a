//! After a sleep: the pool is asked first, then people are told what became of their seats, and
//! who has them now.

use alloc::vec::Vec;

use hotseat_protocol::ids::PoolId;
use hotseat_protocol::ipc::{Lost, Notice};
use hotseat_protocol::link::SeatEnd;
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::hangs::Hangs;
use super::limits::AWAKE_WITHIN_MS;
use super::saved::OsUser;
use super::seats::Seat;
use super::sign_on::Stage;

/// Where the machine is between falling asleep and knowing what that cost.
#[derive(Debug, Default, Clone)]
pub(super) struct Awake {
    asleep: bool,
    woke: Option<Woke>,
    /// What was lost and not told yet.
    missed: Vec<(OsUser, PoolId, Hangs)>,
}

/// The machine woke up and asks the pool.
#[derive(Debug, Clone, Copy)]
struct Woke {
    at: u64,
    /// A renewal that was sent afterwards has been answered.
    asked: bool,
}

impl Core {
    /// The machine falls asleep. Call it before seats end for it.
    pub(super) fn falls_asleep(&mut self) {
        self.awake.asleep = true;
        self.awake.woke = None;
    }

    /// The machine woke up, or did not sleep after all.
    pub(super) fn wakes(&mut self) {
        if self.awake.asleep {
            self.awake.asleep = false;
            self.awake.woke = Some(Woke { at: self.ctx.now.boot_ms, asked: false });
        }
    }

    /// Whether losses are told only once the pool was asked.
    pub(super) fn tells_later(&self) -> bool {
        self.awake.asleep || self.awake.woke.is_some()
    }

    /// A seat ends because the machine falls asleep.
    pub(super) fn lost_to_sleep(&mut self, seat: &Seat) {
        let at = self.ctx.now.wall;
        let end = SeatEnd { reason: ReleaseReason::Suspended, by: None, note: None, at };
        let ended = Some(self.ended_seat(seat));
        self.missed(seat, Lost { end, silent_s: None, slept: true, seat: ended });
    }

    /// Keeps a loss for the moment at which the pool was asked.
    pub(super) fn missed(&mut self, seat: &Seat, lost: Lost) {
        let (owner, pool) = (seat.saved.owner.clone(), seat.saved.pool.clone());
        self.lost.insert((owner.clone(), pool.clone()), lost);
        let known = self.awake.missed.iter();
        if !known.clone().any(|(of, at, _)| *of == owner && *at == pool) {
            self.awake.missed.push((owner, pool, seat.hangs.clone()));
        }
    }

    /// A renewal that was sent at this time has been answered, in all its parts.
    pub(super) fn asked_after_sleep(&mut self, sent_at: u64) {
        if let Some(woke) = &mut self.awake.woke {
            woke.asked |= sent_at >= woke.at;
        }
    }

    /// Tells what the sleep cost, once the pool was asked or does not answer.
    pub(super) fn tell_resume_report(&mut self) {
        let Some(woke) = self.awake.woke else {
            return;
        };
        let asked = woke.asked && self.mirror.current();
        if !asked && self.ctx.now.boot_ms < woke.at.saturating_add(AWAKE_WITHIN_MS) {
            return;
        }
        self.awake.woke = None;
        for (owner, pool, hangs) in core::mem::take(&mut self.awake.missed) {
            // Signed on again meanwhile, or held after all: then there is nothing to tell.
            if let Some(lost) = self.lost.get(&(owner.clone(), pool.clone())).cloned() {
                let notice = self.resume_report(&owner, pool, lost, asked);
                self.ctx.notify(&owner, &hangs, notice);
            }
        }
    }

    fn resume_report(&self, owner: &OsUser, pool: PoolId, lost: Lost, asked: bool) -> Notice {
        let names = self.accounts.get(owner).is_some();
        let view = self.mirror.pool(&pool).filter(|_| asked);
        let taken_by = view
            .into_iter()
            .flat_map(|view| &view.holders)
            .filter(|holder| names && holder.since > lost.end.at)
            .filter_map(|holder| holder.user.clone())
            .collect();
        let free =
            view.map(|view| view.seats.saturating_sub(view.in_use.saturating_add(view.offered)));
        let rank =
            view.map(|view| self.rank_of(owner, &pool).unwrap_or(view.waiting.saturating_add(1)));
        Notice::ResumeReport { pool, lost, taken_by, free, rank }
    }

    fn rank_of(&self, owner: &OsUser, pool: &PoolId) -> Option<u32> {
        let mine = self.intents.values();
        let mut mine = mine.filter(|i| i.saved.owner == *owner && i.saved.pool == *pool);
        mine.find_map(|intent| match &intent.stage {
            Stage::Waiting(place) => Some(place.rank),
            Stage::Saving | Stage::Asking(_) => None,
        })
    }

    /// When people are told even if the pool does not answer.
    pub(super) fn awake_deadline(&self) -> Option<u64> {
        self.awake.woke.map(|woke| woke.at.saturating_add(AWAKE_WITHIN_MS))
    }
}
