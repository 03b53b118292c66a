//! What is said must be true when it is said: an answer states no more of a lease than is left, a
//! seat that leaves is not renewed, a notice ends belief, an acknowledged end is on the disk.

use hotseat_broker_core::Input;
use hotseat_pool::engine::Reply;
use hotseat_protocol::ids::SeatRef;
use hotseat_protocol::link::{FromPool, JournalPosition, PoolAnswer, Projected};
use hotseat_rules::{Answer, Became, Caller, Outcome, RequestKey};

use super::machine::{Ends, Machine};
use super::pool::{Books, Pool};
use super::reckoning::Item;
use super::words::ms;
use super::world::World;

impl Pool {
    /// Promise 2: whoever counts what an answer states from before its message was sent, and so
    /// from before it was read, counts to no later than the end that the pool has for it.
    pub(super) fn invariant_an_answer_states_what_is_left(
        &self,
        read: u64,
        reply: &Reply,
        books: &mut Books<'_>,
    ) {
        let Reply::Answered(Ok(Answer::Became(outcome))) = reply else {
            return;
        };
        let Outcome::Seat { seat, left, .. } = outcome else {
            return;
        };
        // The grant itself may not be told yet; it is the repeats that matter.
        if self.shadow.seat(seat.id).is_none_or(|known| known.epoch != seat.epoch) {
            return;
        }
        let (item, left) = (Item::Seat(seat.id), *left);
        let latest = books.reckoning.latest(item);
        let (left, now) = (ms(left), self.turn.now.0);
        books.audit.must(latest.is_none_or(|latest| read + left <= latest), || {
            format!(
                "promise 2: read at {read}, answered at {now}: {left} ms of {item:?}, which ends \
                 at {latest:?}"
            )
        });
    }

    /// Promise 8: a seat that is taken back does not live on by renewals.
    pub(super) fn invariant_what_leaves_is_not_renewed(reply: &Reply, books: &mut Books<'_>) {
        let Reply::Renewed(answer) = reply else {
            return;
        };
        let both = answer.leaving.iter().find(|leaving| {
            answer.renewed.iter().any(|renewed| renewed.seat.id == leaving.seat.id)
        });
        books.audit.must(both.is_none(), || {
            format!("promise 8: a seat that is taken back is renewed: {both:?}")
        });
    }
}

/// Of which seats a frame tells that they are gone or leave.
#[must_use]
pub(super) fn notices(frame: &FromPool) -> Vec<SeatRef> {
    match frame {
        FromPool::Answer { answer: PoolAnswer::Renewed(renewed), .. } => {
            renewed.ended.iter().chain(&renewed.leaving).map(|gone| gone.seat).collect()
        }
        FromPool::Snapshot { items, .. } => items.iter().filter_map(notice).collect(),
        _ => Vec::new(),
    }
}

impl Machine {
    /// Of which seats a push tells that they are gone or leave; none if the broker must ask for
    /// all of it again, because it missed the push before.
    pub(super) fn notices_of_a_push(&mut self, input: &Input) -> Vec<SeatRef> {
        let Input::FromPool { link, frame } = input else {
            return Vec::new();
        };
        if self.link != Some(link.0) {
            return Vec::new();
        }
        let (follows, push, position) = match frame {
            FromPool::Snapshot { push, position, .. } => (true, *push, *position),
            FromPool::Changed { push, previous, position, .. } => {
                (self.pushed == Some((*link, *previous)), *push, *position)
            }
            _ => return Vec::new(),
        };
        if self.pushes_of != Some(*link) {
            (self.pushes_of, self.told_of) = (Some(*link), None);
        }
        self.pushed = follows.then_some((*link, push));
        self.mirror_at = follows.then_some(position);
        if self.told_of.is_none_or(|told| told.seq < position.seq) {
            self.told_of = Some(position);
        }
        match frame {
            FromPool::Changed { items, .. } if follows => items.iter().filter_map(notice).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the mirror is behind although it was told of the newest place in the journal: a copy
    /// of an older snapshot came after that, or the snapshot itself. On no connection frames come
    /// twice or overtake each other; the next push makes it good.
    pub(super) fn was_put_back_by_a_copy(&self, newest: JournalPosition) -> bool {
        self.told_of == Some(newest) && self.mirror_at != Some(newest)
    }
}

/// The seat that is gone, or leaves, as a fact tells.
fn notice(fact: &Projected) -> Option<SeatRef> {
    match fact {
        Projected::Seat { seat } => seat.leaving.as_ref().map(|_| seat.seat),
        Projected::SeatEnded { seat, .. } => Some(*seat),
        _ => None,
    }
}

impl World {
    /// Promise 2: a notice about a seat at an epoch ends belief in it at that epoch and before.
    pub(super) fn invariant_a_notice_ends_belief(&mut self, machine: usize, notices: &[SeatRef]) {
        if notices.is_empty() {
            return;
        }
        let computer = &self.machines[machine];
        let believed = computer.believed();
        let still = believed.iter().map(|belief| belief.seat).find(|seat| {
            notices.iter().any(|gone| gone.id == seat.id && gone.epoch.covers(seat.epoch))
        });
        self.audit.must(still.is_none(), || {
            format!("promise 2: machine {machine} was told that {still:?} ends, and believes in it")
        });
    }

    /// Promise 4: what is acknowledged as ended is so at the pool, or would be said again by a
    /// broker that begins from the machine's disk now.
    pub(super) fn invariant_acknowledged_ends_are_durable(&mut self, machine: usize, ends: &Ends) {
        let computer = &self.machines[machine];
        let (disk, caller) = (&computer.disk, Caller::Machine(computer.id));
        self.ledger.catch_up();
        let state = self.ledger.state();
        let seat = ends.seats.iter().find(|ended| {
            let there = state.seat(ended.id).is_some_and(|seat| ended.epoch.covers(seat.epoch));
            let said = disk.sign_offs.contains_key(&ended.id);
            there && disk.seats.contains_key(&ended.id) && !said
        });
        let request = ends.requests.iter().find(|id| {
            let key = RequestKey { caller, id: **id };
            let became = state.request(&key).map(|request| &request.became);
            // What the pool has refused, or knows to have ended, is so when it is asked again; what
            // it never heard of could still be granted.
            let over = state.refused(&key).is_some() || matches!(became, Some(Became::Ended(_)));
            disk.intents.contains_key(id) && !disk.cancels.contains_key(id) && !over
        });
        self.audit.must(seat.is_none() && request.is_none(), || {
            format!(
                "promise 4: machine {machine} acknowledges an end that is not on its disk: \
                 {seat:?} {request:?}"
            )
        });
    }
}
