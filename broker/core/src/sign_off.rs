//! Ends: belief goes first, then the sign-off is written down and said until the pool answers.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use hotseat_protocol::ids::{PoolId, RequestId, SeatId, SeatRef};
use hotseat_protocol::link::{MachineMessage, Outcome, WarningOutcome};
use hotseat_protocol::reason::ReleaseReason;

use super::Core;
use super::hangs::Hangs;
use super::in_flight::InFlight;
use super::input::ConnectionId;
use super::outbox::{Cancel, Ended};
use super::saved::{Change, OsUser, SessionKey};
use super::sign_on::Stage;

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
        self.ctx.save(Change::DropSeat(id));
        self.outbox.sign_off(&mut self.ctx, seat.saved.seat, reason);
        Some(seat.saved.pool)
    }

    /// Whether a sign-off of this seat, at this or a later epoch, is written down, or was answered
    /// while what was said before it may still be under way.
    pub(super) fn is_signed_off(&self, seat: SeatRef) -> bool {
        self.outbox.has_sign_off(seat) || self.ended_just_now(seat)
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
        self.ctx.save(Change::DropIntent(request));
        // Also one that is just being written down: should this end be lost in a crash and the
        // intent not, or the disk take nothing more, the pool refuses what comes of it.
        let of = Some((intent.saved.owner, intent.saved.pool));
        self.outbox.cancels.put(&mut self.ctx, request, Cancel { of, reason });
        for asker in intent.askers {
            self.reply_outcome(&asker, Outcome::Cancelled, None, None);
        }
    }

    /// Sends what must be said before anything else.
    pub(super) fn send_ends(&mut self) {
        self.outbox.send_ends(&mut self.ctx);
        let mut messages = Vec::new();
        for seat in self.seats.values_mut() {
            if let Some(leaving) = &mut seat.leaving
                && leaving.repeat.due(self.ctx.now.boot_ms)
                && !self.outbox.hooks.holds_back(seat.saved.seat.id)
            {
                leaving.repeat.sent();
                let seats = seat.saved.seat.into();
                let message = MachineMessage::LeavingDone { seats };
                messages.push((InFlight::Leaving(seat.saved.seat), message));
            }
        }
        for (what, message) in messages {
            self.ctx.send(what, message);
        }
        self.outbox.send_others(&mut self.ctx);
    }

    /// The pool has answered that a seat was let go.
    pub(super) fn leaving_answered(&mut self, seat: SeatRef, done: bool) {
        let now = self.ctx.now.boot_ms;
        let Some(held) = self.seats.get_mut(&seat.id) else {
            return;
        };
        if held.saved.seat != seat {
            return;
        }
        if done {
            self.seats.remove(&seat.id);
            self.ctx.save(Change::DropSeat(seat.id));
        } else if let Some(leaving) = &mut held.leaving {
            leaving.repeat.failed(now);
        }
    }
}
