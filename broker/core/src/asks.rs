//! Requests that one message to the pool answers: checks, log-ins, declined offers. They are
//! answered, or given up, or end with the link; nothing is repeated.

use alloc::collections::BTreeMap;

use hotseat_protocol::ids::RequestId;
use hotseat_protocol::ipc::Reply;

use super::asker::Asker;
use super::ctx::Ctx;
use super::input::ConnectionId;
use super::limits::ANSWER_LIMIT_MS;
use super::problems;
use super::saved::OsUser;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Check,
    Decline(RequestId),
    LogIn(OsUser),
}

/// One that is under way.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) ask: Ask,
    pub(super) asker: Asker,
}

/// All that are under way.
#[derive(Debug, Default, Clone)]
pub(super) struct Asks {
    waiting: BTreeMap<u64, Asked>,
    last: u64,
}

impl Asks {
    /// Notes who waits for the answer to the message that is sent next.
    pub(super) fn remember(
        &mut self,
        now: u64,
        (connection, id): (ConnectionId, u64),
        ask: Ask,
    ) -> u64 {
        let asker = Asker { connection, id, give_up_at: now.saturating_add(ANSWER_LIMIT_MS) };
        self.last = self.last.saturating_add(1);
        self.waiting.insert(self.last, Asked { ask, asker });
        self.last
    }

    pub(super) fn get(&self, number: u64) -> Option<&Asked> {
        self.waiting.get(&number)
    }

    /// One has its answer; none when nobody waits for it any more.
    pub(super) fn take(&mut self, number: u64) -> Option<Asked> {
        self.waiting.remove(&number)
    }

    /// The link is gone, and their answers with it.
    pub(super) fn link_gone(&mut self, ctx: &mut Ctx) {
        for Asked { asker, .. } in core::mem::take(&mut self.waiting).into_values() {
            let problem = problems::pool_unreachable();
            ctx.reply(asker.connection, asker.id, Reply::Problem { problem });
        }
    }

    /// Gives up those that were not answered in time.
    pub(super) fn give_up(&mut self, ctx: &mut Ctx) {
        let now = ctx.now.boot_ms;
        self.waiting.retain(|_, Asked { asker, .. }| {
            let late = now >= asker.give_up_at;
            if late {
                let problem = problems::no_answer();
                ctx.reply(asker.connection, asker.id, Reply::Problem { problem });
            }
            !late
        });
    }

    /// When the next one is given up.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.waiting.values().map(|asked| asked.asker.give_up_at).min()
    }
}
