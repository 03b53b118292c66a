//! Acknowledgements that wait until the ends in them cannot be lost any more: they are durable, or
//! the pool has answered them.

use alloc::collections::{BTreeMap, BTreeSet};

use hotseat_protocol::ids::{PoolId, RequestId, SeatId};
use hotseat_protocol::ipc::Reply;

use crate::ctx::Ctx;
use crate::input::ConnectionId;
use crate::writes::Then;

/// What ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) pools: BTreeSet<PoolId>,
    pub(crate) seats: BTreeSet<SeatId>,
    pub(crate) requests: BTreeSet<RequestId>,
}

#[derive(Debug, Clone)]
struct Ack {
    connection: ConnectionId,
    id: u64,
    reply: Reply,
    ended: Ended,
}

/// All that wait.
#[derive(Debug, Default, Clone)]
pub(crate) struct Acks {
    waiting: BTreeMap<u64, Ack>,
    last: u64,
}

impl Acks {
    /// Replies once nothing of this end can be lost any more.
    pub(crate) fn reply_once_safe(
        &mut self,
        ctx: &mut Ctx,
        (connection, id): (ConnectionId, u64),
        reply: Reply,
        ended: Ended,
    ) {
        if ended.seats.is_empty() && ended.requests.is_empty() {
            ctx.reply(connection, id, reply);
            return;
        }
        self.last = self.last.saturating_add(1);
        self.waiting.insert(self.last, Ack { connection, id, reply, ended });
        ctx.once_saved(Then::Acknowledge(self.last));
    }

    /// The ends of an acknowledgement were written, or could not be.
    pub(crate) fn written(&mut self, ctx: &mut Ctx, ack: u64, ok: bool) {
        if ok && let Some(ack) = self.waiting.remove(&ack) {
            ctx.reply(ack.connection, ack.id, ack.reply);
        }
    }

    /// Gives those of which nothing is owed any more.
    pub(super) fn give_answered(
        &mut self,
        ctx: &mut Ctx,
        owes_seat: impl Fn(SeatId) -> bool,
        owes_request: impl Fn(RequestId) -> bool,
    ) {
        self.waiting.retain(|_, ack| {
            let owed = ack.ended.seats.iter().any(|seat| owes_seat(*seat))
                || ack.ended.requests.iter().any(|request| owes_request(*request));
            if !owed {
                ctx.reply(ack.connection, ack.id, ack.reply.clone());
            }
            owed
        });
    }
}
