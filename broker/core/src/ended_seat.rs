//! What a notice of an ended seat carries, so that it can be judged without any view: which seat
//! it was, and what tells it from those that are taken later.

use alloc::collections::BTreeMap;

use hotseat_protocol::ids::{Epoch, PoolId};
use hotseat_protocol::ipc::EndedSeat;

use super::Core;
use super::saved::{OsUser, SavedSeat};
use super::seats::Seat;

/// The newest fencing number of each person's seats in each pool. It outlives the seat that had
/// it: of two seats, the one that was taken first may end last.
#[derive(Debug, Clone, Default)]
pub(super) struct NewestEpochs(BTreeMap<(OsUser, PoolId), Epoch>);

impl NewestEpochs {
    /// A seat was granted, or is known from an earlier broker's time.
    pub(super) fn learn(&mut self, seat: &SavedSeat) {
        let key = (seat.owner.clone(), seat.pool.clone());
        let known = self.0.entry(key).or_insert(seat.seat.epoch);
        if !known.covers(seat.seat.epoch) {
            *known = seat.seat.epoch;
        }
    }

    /// The newest one, none when the person has had no seat there.
    pub(super) fn of(&self, owner: &OsUser, pool: &PoolId) -> Option<Epoch> {
        self.0.get(&(owner.clone(), pool.clone())).copied()
    }
}

impl Core {
    /// The seat, as a notice of its end carries it.
    pub(super) fn ended_seat(&self, seat: &Seat) -> EndedSeat {
        let newest = self.newest_epochs.of(&seat.saved.owner, &seat.saved.pool);
        EndedSeat {
            id: seat.saved.seat.id,
            deadline_boot_ms: seat.deadline,
            newest: newest.unwrap_or(seat.saved.seat.epoch),
        }
    }
}
