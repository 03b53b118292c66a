//! One key, one question at a time.
//!
//! Signing on again to a held key returns that seat at a new epoch, so of two requests of one key
//! the later takes the seat over, and its cancel ends the seat. An answer to the earlier one must
//! therefore never come in after the later one was sent: a sign-on waits until those of its key
//! that came before are answered, and so are the cancels of those that were given up.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hotseat_protocol::ids::{ClientName, PoolId, RequestId, SeatId, UserId};
use hotseat_protocol::link::{MachineMessage, SignOn};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::hangs::Hangs;
use super::in_flight::InFlight;
use super::saved::{Change, OsUser};
use super::sign_on::{Intent, Stage};

impl Intent {
    /// Whether both may be about one key: a client that is not named may be any.
    fn shares_key(&self, other: &Intent) -> bool {
        if self.hangs != other.hangs {
            return false;
        }
        let client = match (&self.saved.client, &other.saved.client) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        client
            && self.saved.owner == other.saved.owner
            && self.saved.user == other.saved.user
            && self.saved.pool == other.saved.pool
    }

    /// Whether the pool is asked something about it that may still bring a seat.
    fn under_way(&self) -> bool {
        let repeated = self.stage.repeat().is_some_and(|repeat| repeat.under_way());
        repeated || self.takings > 0
    }
}

/// Sign-ons by what they hang on.
pub(super) type Anchors<'a> = BTreeMap<&'a Hangs, Vec<&'a Intent>>;

/// The other sign-ons of the same anchor.
fn others<'a>(intent: &'a Intent, anchors: &'a Anchors<'_>) -> impl Iterator<Item = &'a Intent> {
    let here = anchors.get(&intent.hangs).into_iter().flatten().copied();
    here.filter(|other| other.number != intent.number)
}

impl Core {
    /// Sends the sign-ons that are due.
    pub(super) fn send_sign_ons(&mut self) {
        let now = self.ctx.now.boot_ms;
        let mut asking: Vec<(u64, RequestId)> = self
            .intents
            .values()
            .filter(|intent| matches!(&intent.stage, Stage::Asking(repeat) if repeat.due(now)))
            .map(|intent| (intent.number, intent.saved.request))
            .collect();
        if asking.is_empty() {
            return;
        }
        asking.sort_unstable();
        let anchors = self.by_anchor();
        let waits = |request: &RequestId| {
            self.intents.get(request).is_none_or(|intent| self.must_wait(intent, &anchors))
        };
        let waiting: BTreeSet<RequestId> =
            asking.iter().map(|(_, request)| *request).filter(waits).collect();
        let asked_about = self.intents.len();
        for (_, request) in asking {
            // One that has gone in this loop holds nobody up any more.
            let waits = waiting.contains(&request)
                && (self.intents.len() == asked_about || self.still_waits(request));
            if waits || self.answered_here(request) {
                continue;
            }
            if !self.intents.get(&request).is_some_and(|own| self.is_cancelling(own)) {
                self.send_sign_on(request);
            }
        }
    }

    /// The sign-ons by what they hang on. Only those of one anchor can share a key, so that in a
    /// crowd of programs not each is compared with all.
    pub(super) fn by_anchor(&self) -> Anchors<'_> {
        let mut anchors = Anchors::new();
        for intent in self.intents.values() {
            anchors.entry(&intent.hangs).or_default().push(intent);
        }
        anchors
    }

    fn still_waits(&self, request: RequestId) -> bool {
        let intent = self.intents.get(&request);
        intent.is_none_or(|intent| self.must_wait(intent, &self.by_anchor()))
    }

    /// Whether an answer to another one must come first; it will wake the core.
    pub(super) fn is_held_back(&self, intent: &Intent, anchors: &Anchors<'_>) -> bool {
        match intent.stage {
            Stage::Saving => true,
            Stage::Asking(_) => self.must_wait(intent, anchors) || self.is_cancelling(intent),
            Stage::Waiting(_) => self.is_busy(intent, anchors),
        }
    }

    /// Whether an earlier one of the same key comes first.
    fn must_wait(&self, intent: &Intent, anchors: &Anchors<'_>) -> bool {
        if self.outbox.hooks.are_logging_out(&intent.saved.owner, &intent.saved.pool) {
            return true;
        }
        others(intent, anchors)
            .filter(|other| {
                let asked = matches!(other.stage, Stage::Asking(_));
                (asked && other.number < intent.number) || other.under_way()
            })
            .any(|other| other.shares_key(intent))
    }

    /// Whether something of the same key is under way, so that a waiter's offer must wait.
    pub(super) fn key_is_busy(&self, request: RequestId) -> bool {
        let intent = self.intents.get(&request);
        intent.is_none_or(|intent| self.is_busy(intent, &self.by_anchor()))
    }

    fn is_busy(&self, intent: &Intent, anchors: &Anchors<'_>) -> bool {
        self.is_cancelling(intent)
            || others(intent, anchors).any(|other| other.under_way() && other.shares_key(intent))
    }

    /// Whether a cancel is unanswered that may be of the same key. Should what it cancels reach the
    /// pool after this one, it signs on to the seat of this one again, and the cancel ends that.
    fn is_cancelling(&self, intent: &Intent) -> bool {
        let (owner, pool) = (&intent.saved.owner, &intent.saved.pool);
        let mut cancels = self.outbox.cancels.iter();
        cancels.any(|(_, cancel)| {
            cancel.of.as_ref().is_none_or(|(user, of)| user == owner && of == pool)
        })
    }

    /// The one that came before has brought the seat: nothing need be asked.
    fn answered_here(&mut self, request: RequestId) -> bool {
        let Some(Intent { saved, hangs, .. }) = self.intents.get(&request) else {
            return true;
        };
        let client = saved.client.as_ref();
        let held = self.held_already(&saved.owner, saved.user, &saved.pool, client, hangs);
        let Some(seat) = held else {
            return false;
        };
        if let Some(intent) = self.intents.remove(&request) {
            self.ctx.save(Change::DropIntent(request));
            for asker in &intent.askers {
                self.tell_seat(asker, seat, None);
            }
        }
        true
    }

    fn send_sign_on(&mut self, request: RequestId) {
        let Some(intent) = self.intents.get_mut(&request) else {
            return;
        };
        let account = self.accounts.get(&intent.saved.owner);
        let Some(account) = account.filter(|a| a.user.id == intent.saved.user) else {
            return self.cancel(request, ReleaseReason::NobodyTookIt);
        };
        let saved = intent.saved.clone();
        let sign_on = SignOn {
            request,
            token: account.token.clone(),
            pool: saved.pool,
            client: saved.client,
            anchor: saved.told,
            wait: saved.wait,
        };
        if let Some(repeat) = intent.stage.repeat_mut() {
            repeat.sent();
        }
        self.ctx.send(InFlight::SignOn(request), MachineMessage::SignOn(sign_on));
    }

    /// The seat that the same key already holds, so that nothing need be asked.
    pub(super) fn held_already(
        &self,
        owner: &OsUser,
        user: UserId,
        pool: &PoolId,
        client: Option<&ClientName>,
        hangs: &Hangs,
    ) -> Option<SeatId> {
        self.seats
            .values()
            .filter(|seat| seat.saved.owner == *owner && seat.saved.user == user)
            .filter(|seat| seat.saved.pool == *pool && seat.hangs == *hangs)
            .filter(|seat| client == Some(&seat.saved.client))
            .find(|seat| self.held(seat))
            .map(|seat| seat.saved.seat.id)
    }

    /// The seats that a sign-on may have signed on to again.
    pub(super) fn same_key(&self, request: RequestId) -> Vec<SeatId> {
        let Some(Intent { saved, hangs, .. }) = self.intents.get(&request) else {
            return Vec::new();
        };
        self.seats
            .values()
            .filter(|seat| seat.leaving.is_none() && seat.hangs == *hangs)
            .filter(|seat| seat.saved.owner == saved.owner && seat.saved.user == saved.user)
            .filter(|seat| seat.saved.pool == saved.pool)
            .filter(|seat| saved.client.as_ref().is_none_or(|c| *c == seat.saved.client))
            .map(|seat| seat.saved.seat.id)
            .collect()
    }
}
