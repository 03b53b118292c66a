//! The kinds of what is owed.

use alloc::boxed::Box;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId, Secret};
use hotseat_protocol::link::MachineMessage;
use hotseat_protocol::reason::ReleaseReason;

use super::delivery::Deliver;
use super::hooks::Hooks;
use crate::in_flight::InFlight;
use crate::saved::{Change, OsUser, SavedOverdraft, SavedSignOff};

/// A sign-on that must come to nothing.
#[derive(Debug, Clone)]
pub(crate) struct Cancel {
    /// Whose sign-on it was and where; none when an earlier broker wrote it down.
    pub(crate) of: Option<(OsUser, PoolId)>,
    pub(crate) reason: ReleaseReason,
}

/// A token that must end.
#[derive(Debug, Clone)]
pub(crate) struct EndingToken(pub(super) Secret);

impl Deliver for SavedSignOff {
    type Key = SeatId;

    fn record(&self, _: SeatId) -> Change {
        Change::PutSignOff(self.clone())
    }

    fn removal(seat: SeatId) -> Change {
        Change::DropSignOff(seat)
    }

    fn message(&self, _: SeatId) -> (InFlight, MachineMessage) {
        let Self { seat, reason } = *self;
        (InFlight::SignOff(seat), MachineMessage::SignOff { seat, reason })
    }

    fn is_held_back(&self, seat: SeatId, hooks: &Hooks) -> bool {
        hooks.holds_back(seat)
    }
}

impl Deliver for Cancel {
    type Key = RequestId;

    fn record(&self, request: RequestId) -> Change {
        Change::PutCancel(request, self.reason)
    }

    fn removal(request: RequestId) -> Change {
        Change::DropCancel(request)
    }

    fn message(&self, request: RequestId) -> (InFlight, MachineMessage) {
        (InFlight::Cancel(request), MachineMessage::Cancel { request, reason: self.reason })
    }

    /// What it ends may be a seat whose hook runs. Whose sign-on it was, only the broker knows that
    /// wrote the cancel down; after a restart it waits for all that was left.
    fn is_held_back(&self, _: RequestId, hooks: &Hooks) -> bool {
        match &self.of {
            Some((owner, pool)) => hooks.are_logging_out(owner, pool),
            None => hooks.any_left_over(),
        }
    }
}

impl Deliver for EndingToken {
    type Key = u64;

    fn record(&self, number: u64) -> Change {
        Change::PutEndingToken(number, self.0.clone())
    }

    fn removal(number: u64) -> Change {
        Change::DropEndingToken(number)
    }

    fn message(&self, number: u64) -> (InFlight, MachineMessage) {
        (InFlight::LogOut(number), MachineMessage::LogOut { token: self.0.clone() })
    }
}

impl Deliver for SavedOverdraft {
    type Key = u64;

    fn record(&self, number: u64) -> Change {
        Change::PutOverdraft(number, Box::new(self.clone()))
    }

    fn removal(number: u64) -> Change {
        Change::DropOverdraft(number)
    }

    fn message(&self, number: u64) -> (InFlight, MachineMessage) {
        (InFlight::Overdraft(number), MachineMessage::Overdraft(self.report.clone()))
    }

    /// Its length is not known before it is over.
    fn is_held_back(&self, _: u64, _: &Hooks) -> bool {
        self.since_boot_ms.is_some()
    }
}
