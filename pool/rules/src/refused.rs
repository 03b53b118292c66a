//! Refused requests: kept so that a repeat is told the same, but slim, and not without end.

use hotseat_protocol::ids::{ClientName, Operation, PoolId, Seq, UserId};

use super::command::Caller;
use super::event::{Asked, BodyHash, RequestKey};
use super::refusal::RefusalCode;
use super::state::{Contents, State};

/// Refused requests that are remembered of one service, the newest of them: an application server
/// asks for thousands of people, all of whom may come to a full pool in the same minute.
pub const REFUSALS_OF_A_SERVICE: usize = 10_000;

/// Refused requests that are remembered of any other caller: a person asks for one, and a terminal
/// server's broker for some hundreds.
pub const REFUSALS_OF_OTHERS: usize = 1_000;

/// A request that was refused: only what its answer is worked out from whenever it is asked for.
/// The names are the pool's own texts, shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRequest {
    /// The hash of its body: a repeat with another body is an error.
    pub body: BodyHash,
    /// In which pool.
    pub pool: PoolId,
    /// For whom.
    pub user: UserId,
    /// By which way in.
    pub client: ClientName,
    /// Doing what.
    pub operation: Operation,
    /// Why it was refused.
    pub code: RefusalCode,
    /// The event that refused it.
    pub changed: Seq,
}

impl RefusedRequest {
    /// What it asked.
    #[must_use]
    pub fn asked(&self, request: RequestKey) -> Asked {
        Asked {
            request,
            body: self.body,
            pool: self.pool.clone(),
            user: self.user,
            client: self.client.clone(),
            operation: self.operation.clone(),
        }
    }
}

/// How many refused requests of a caller are remembered.
pub(super) fn kept_of(caller: Caller) -> usize {
    match caller {
        Caller::Service(_) => REFUSALS_OF_A_SERVICE,
        Caller::Machine(_) | Caller::User(_) | Caller::Admin => REFUSALS_OF_OTHERS,
    }
}

impl State {
    /// A request was refused. The oldest of its caller are forgotten for it, so that one who asks
    /// in a loop costs no more than one who asks often.
    ///
    /// Only refusals are forgotten so: they changed nothing, and whoever repeats one wants what it
    /// asked for, so that to decide it again is no harm. That a retry changes nothing is kept for
    /// as long as anybody retries: a call that was lost is repeated within seconds, and a caller
    /// would have to be refused a thousand times meanwhile. What a request has (a seat, a place,
    /// an end, a cancel that must refuse it later) is kept for its day, however many there are.
    pub(super) fn refuse(&mut self, asked: &Asked, code: RefusalCode) {
        let changed = self.contents.seq;
        let refused = RefusedRequest {
            body: asked.body,
            pool: asked.pool.clone(),
            user: asked.user,
            client: asked.client.clone(),
            operation: asked.operation.clone(),
            code,
            changed,
        };
        let refused = in_own_words(&self.contents, refused);
        let key = asked.request;
        if let Some(before) = self.contents.refused.insert(key, refused) {
            self.index.refusal_went(key.caller, before.changed);
        }
        self.index.refusal_came(key, changed);
        self.forget_refusals(key.caller);
    }

    fn forget_refusals(&mut self, caller: Caller) {
        while let Some(oldest) = self.index.refusal_beyond(caller, kept_of(caller)) {
            if let Some(forgotten) = self.contents.refused.remove(&oldest) {
                self.index.refusal_went(caller, forgotten.changed);
            } else {
                return;
            }
        }
    }

    /// After a snapshot was read: names are shared again, and what an older program kept beyond
    /// the number is forgotten.
    pub(super) fn tidy_refusals(&mut self) {
        for (key, refused) in core::mem::take(&mut self.contents.refused) {
            let refused = in_own_words(&self.contents, refused);
            self.contents.refused.insert(key, refused);
        }
        for caller in self.index.refused_callers() {
            self.forget_refusals(caller);
        }
    }

    /// A day is over for those that were refused at `limit` or before.
    pub(super) fn age_refusals(&mut self, limit: Seq) {
        self.contents.refused.retain(|_, refused| refused.changed > limit);
        self.index.find_refusals(&self.contents);
    }
}

/// The same in the texts of the pool's definition, where it has them: a journal and a snapshot
/// bring each name as a text of its own.
fn in_own_words(contents: &Contents, refused: RefusedRequest) -> RefusedRequest {
    let Some(definition) = contents.pools.get(&refused.pool).map(|pool| &pool.definition) else {
        return refused;
    };
    let Some((client, found)) = definition.clients.get_key_value(&refused.client) else {
        return refused;
    };
    let operation = found.operations.get_key_value(&refused.operation);
    RefusedRequest {
        pool: definition.id.clone(),
        client: client.clone(),
        operation: operation.map_or(refused.operation, |(operation, _)| operation.clone()),
        ..refused
    }
}
