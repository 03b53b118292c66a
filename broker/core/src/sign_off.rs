//! Ends: belief goes first, then the sign-off is written down and said until the pool answers.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId, SeatRef};
use hotseat_protocol::ipc::Reply;
use hotseat_protocol::link::{MachineMessage, Outcome, WarningOutcome};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::input::ConnectionId;
use super::link::What;
use super::repeat::Repeat;
use super::saved::{Change, OsUser, SavedSignOff, SessionKey};
use super::seats::Hangs;
use super::sign_on::Stage;
use super::writes::Then;

/// A sign-off that the pool has not answered.
#[derive(Debug, Clone)]
pub(super) struct SignOff {
    pub(super) saved: SavedSignOff,
    pub(super) repeat: Repeat,
}

/// A sign-on that must come to nothing.
#[derive(Debug, Clone)]
pub(super) struct Cancel {
    /// Whose sign-on it was and where; none when an earlier broker wrote it down.
    pub(super) of: Option<(OsUser, PoolId)>,
    pub(super) reason: ReleaseReason,
    pub(super) repeat: Repeat,
}

/// An acknowledgement that waits until the ends in it cannot be lost any more: they are durable,
/// or the pool has answered them.
#[derive(Debug, Clone)]
pub(super) struct Ack {
    connection: ConnectionId,
    id: u64,
    reply: Reply,
    ended: Ended,
}

/// Which seats and sign-ons end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// All of an OS user.
    User(OsUser),
    /// Those of an OS user in one pool.
    UserIn(OsUser, PoolId),
    /// Those that hang on an OS session.
    Session(SessionKey),
    /// Those that hang on an OS session, in one pool.
    SessionIn(SessionKey, PoolId),
    /// Those that hang on the OS session of this name, whoever's.
    SessionNamed(String),
    /// Those that hang on a connection.
    Connection(ConnectionId),
    /// Those in these pools.
    Pools(BTreeSet<PoolId>),
    /// Those left by an earlier broker for which nobody has come back.
    NotReturned,
    /// All.
    All,
}

impl Scope {
    fn takes(&self, owner: &OsUser, pool: &PoolId, hangs: &Hangs, returned: bool) -> bool {
        match self {
            Self::User(user) => user == owner,
            Self::UserIn(user, of) => user == owner && of == pool,
            Self::Session(session) => hangs.session() == Some(session),
            Self::SessionIn(session, of) => hangs.session() == Some(session) && of == pool,
            Self::SessionNamed(name) => hangs.session().is_some_and(|key| key.name == *name),
            Self::Connection(connection) => *hangs == Hangs::Connection(*connection),
            Self::Pools(pools) => pools.contains(pool),
            Self::NotReturned => !returned,
            Self::All => true,
        }
    }
}

/// What ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) pools: BTreeSet<PoolId>,
    seats: BTreeSet<SeatId>,
    requests: BTreeSet<RequestId>,
}

impl Core {
    /// Ends all seats, places and unanswered sign-ons of a scope.
    pub(super) fn end_all(&mut self, scope: &Scope, reason: ReleaseReason) -> Ended {
        let mut ended = self.end_seats(scope, reason);
        let intents: Vec<RequestId> = self
            .intents
            .values()
            .filter(|i| scope.takes(&i.saved.owner, &i.saved.pool, &i.hangs, i.returned))
            .map(|intent| intent.saved.request)
            .collect();
        for request in intents {
            self.cancel(request, reason);
            ended.requests.insert(request);
        }
        ended
    }

    /// Ends the seats of a scope, and sign-ons that are not answered; places stay.
    pub(super) fn end_seats_and_unanswered(
        &mut self,
        scope: &Scope,
        reason: ReleaseReason,
    ) -> Ended {
        let mut ended = self.end_seats(scope, reason);
        let unanswered: Vec<RequestId> = self
            .intents
            .values()
            .filter(|i| scope.takes(&i.saved.owner, &i.saved.pool, &i.hangs, i.returned))
            .filter(|intent| !matches!(intent.stage, Stage::Waiting(_)))
            .map(|intent| intent.saved.request)
            .collect();
        for request in unanswered {
            self.cancel(request, reason);
            ended.requests.insert(request);
        }
        ended
    }

    fn end_seats(&mut self, scope: &Scope, reason: ReleaseReason) -> Ended {
        let seats: Vec<SeatId> = self
            .seats
            .values()
            .filter(|s| scope.takes(&s.saved.owner, &s.saved.pool, &s.hangs, s.returned))
            .filter(|seat| seat.leaving.is_none())
            .map(|seat| seat.saved.seat.id)
            .collect();
        let mut ended = Ended::default();
        for seat in seats {
            ended.pools.extend(self.sign_off_seat(seat, reason));
            ended.seats.insert(seat);
        }
        ended
    }

    /// Ends one seat; says in which pool it was. One that is being taken back is the pool's.
    pub(super) fn sign_off_seat(&mut self, id: SeatId, reason: ReleaseReason) -> Option<PoolId> {
        if self.seats.get(&id)?.leaving.is_some() {
            return None;
        }
        if reason == ReleaseReason::Idle {
            self.end_warning(id, WarningOutcome::Unanswered);
        } else if reason == ReleaseReason::SignedOffByTheUser {
            self.end_warning(id, WarningOutcome::SignedOff);
        }
        let seat = self.seats.remove(&id)?;
        if reason == ReleaseReason::Suspended {
            self.lost_to_sleep(&seat);
        }
        // One that was lost was logged out then; who worked on without it was not.
        if !seat.lost_told || seat.without_seat {
            self.run_hook(&seat.saved, reason);
        }
        self.save(Change::DropSeat(id));
        self.write_down_sign_off(seat.saved.seat, reason);
        Some(seat.saved.pool)
    }

    /// Writes a sign-off down; from here on no answer about this seat and epoch is believed.
    pub(super) fn write_down_sign_off(&mut self, seat: SeatRef, reason: ReleaseReason) {
        let saved = SavedSignOff { seat, reason };
        self.save(Change::PutSignOff(saved.clone()));
        let repeat = Repeat::default();
        self.sign_offs.insert(seat.id, SignOff { saved, repeat });
    }

    /// Whether a sign-off of this seat, at this or a later epoch, is written down, or was answered
    /// while what was said before it may still be under way.
    pub(super) fn is_signed_off(&self, seat: SeatRef) -> bool {
        let off = self.sign_offs.get(&seat.id);
        off.is_some_and(|off| off.saved.seat.epoch.covers(seat.epoch)) || self.ended_just_now(seat)
    }

    /// Ends a sign-on, whatever it was or will be granted. That may be a seat that is held here
    /// and was signed on to again, so belief in such a seat ends too.
    pub(super) fn cancel(&mut self, request: RequestId, reason: ReleaseReason) {
        let asked = self.intents.get(&request);
        if asked.is_some_and(|intent| matches!(intent.stage, Stage::Asking(_))) {
            for seat in self.same_key(request) {
                self.sign_off_seat(seat, reason);
            }
        }
        let Some(intent) = self.intents.remove(&request) else {
            return;
        };
        self.save(Change::DropIntent(request));
        // Also one that is just being written down: should this end be lost in a crash and the
        // intent not, or the disk take nothing more, the pool refuses what comes of it.
        self.save(Change::PutCancel(request, reason));
        let repeat = Repeat::default();
        let of = Some((intent.saved.owner, intent.saved.pool));
        self.cancels.insert(request, Cancel { of, reason, repeat });
        for asker in intent.askers {
            self.reply_outcome(&asker, Outcome::Cancelled, None, None);
        }
    }

    /// Replies once nothing of this end can be lost any more.
    pub(super) fn reply_once_safe(
        &mut self,
        connection: ConnectionId,
        id: u64,
        reply: Reply,
        ended: Ended,
    ) {
        if ended.seats.is_empty() && ended.requests.is_empty() {
            self.reply(connection, id, reply);
            return;
        }
        self.last_ack = self.last_ack.saturating_add(1);
        self.acks.insert(self.last_ack, Ack { connection, id, reply, ended });
        self.once_saved(Then::Acknowledge(self.last_ack));
    }

    /// The ends of an acknowledgement were written, or could not be.
    pub(super) fn acknowledge(&mut self, ack: u64, saved: bool) {
        if saved && let Some(ack) = self.acks.remove(&ack) {
            self.reply(ack.connection, ack.id, ack.reply);
        }
    }

    /// Gives the acknowledgements of which the pool has answered every end.
    pub(super) fn acknowledge_answered(&mut self) {
        let answered: Vec<u64> = self
            .acks
            .iter()
            .filter(|(_, ack)| {
                let seats = &mut ack.ended.seats.iter();
                let requests = &mut ack.ended.requests.iter();
                !seats.any(|seat| self.sign_offs.contains_key(seat))
                    && !requests.any(|request| self.cancels.contains_key(request))
            })
            .map(|(number, _)| *number)
            .collect();
        for number in answered {
            self.acknowledge(number, true);
        }
    }

    /// Sends what must be said before anything else.
    pub(super) fn send_ends(&mut self) {
        let now = self.now.boot_ms;
        let mut messages = Vec::new();
        let hooked: BTreeSet<SeatId> = self.hooked();
        for off in self.sign_offs.values_mut() {
            if off.repeat.due(now) && !hooked.contains(&off.saved.seat.id) {
                off.repeat.sent();
                let SavedSignOff { seat, reason } = off.saved;
                messages.push((What::SignOff(seat), MachineMessage::SignOff { seat, reason }));
            }
        }
        let held_back: BTreeSet<RequestId> = self.cancels_held_back();
        for (request, cancel) in &mut self.cancels {
            if cancel.repeat.due(now) && !held_back.contains(request) {
                cancel.repeat.sent();
                let (request, reason) = (*request, cancel.reason);
                let message = MachineMessage::Cancel { request, reason };
                messages.push((What::Cancel(request), message));
            }
        }
        for seat in self.seats.values_mut() {
            if let Some(leaving) = &mut seat.leaving
                && leaving.repeat.due(now)
                && !hooked.contains(&seat.saved.seat.id)
            {
                leaving.repeat.sent();
                let seats = seat.saved.seat.into();
                let message = MachineMessage::LeavingDone { seats };
                messages.push((What::Leaving(seat.saved.seat), message));
            }
        }
        for (number, ending) in &mut self.ending_tokens {
            if ending.repeat.due(now) {
                ending.repeat.sent();
                let token = ending.token.clone();
                messages.push((What::LogOut(*number), MachineMessage::LogOut { token }));
            }
        }
        messages.extend(self.overdrafts_to_say());
        for (what, message) in messages {
            self.send(what, message);
        }
    }

    /// Cancels that wait for a hook.
    pub(super) fn cancels_held_back(&self) -> BTreeSet<RequestId> {
        let waiting = self.cancels.iter().filter(|(_, cancel)| self.cancel_waits(cancel));
        waiting.map(|(request, _)| *request).collect()
    }

    /// The pool has answered a sign-off.
    pub(super) fn sign_off_answered(&mut self, seat: SeatRef, done: bool) {
        let now = self.now.boot_ms;
        let Some(off) = self.sign_offs.get_mut(&seat.id) else {
            return;
        };
        if off.saved.seat != seat {
            return;
        }
        if done {
            self.sign_offs.remove(&seat.id);
            self.save(Change::DropSignOff(seat.id));
            self.has_ended(seat);
        } else {
            off.repeat.failed(now);
        }
    }

    /// The pool has answered a cancel.
    pub(super) fn cancel_answered(&mut self, request: RequestId, done: bool) {
        let now = self.now.boot_ms;
        if done {
            if self.cancels.remove(&request).is_some() {
                self.save(Change::DropCancel(request));
            }
        } else if let Some(cancel) = self.cancels.get_mut(&request) {
            cancel.repeat.failed(now);
        }
    }

    /// The pool has answered that a seat was let go.
    pub(super) fn leaving_answered(&mut self, seat: SeatRef, done: bool) {
        let now = self.now.boot_ms;
        let Some(held) = self.seats.get_mut(&seat.id) else {
            return;
        };
        if held.saved.seat != seat {
            return;
        }
        if done {
            self.seats.remove(&seat.id);
            self.save(Change::DropSeat(seat.id));
        } else if let Some(leaving) = &mut held.leaving {
            leaving.repeat.failed(now);
        }
    }
}
