//! An application server: it signs its visitors on over calls, renews while it serves them, and
//! takes a seat that is gone for a log-out. Calls and answers get lost, and are made again.

use std::collections::BTreeMap;

use hotseat_pool::engine::{Failure, Reply, Work};
use hotseat_protocol::ids::{Anchor, PlaceId, RequestId, SeatId, SeatRef, ServiceId};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{
    Accept, Answer, CallRenewal, Caller, Check, Command, Outcome, RequestKey, SignOn,
};

use super::commands::{body_hash, client, log_in};
use super::pool::{To, Wants};
use super::random::Random;
use super::users;

/// One visitor.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// Who.
    pub(super) person: u64,
    /// The log-in that the seat is for.
    pub(super) request: RequestId,
    /// Whether they wait, and how an offer is taken.
    pub(super) wait: Option<Accept>,
    /// The seat, once there is one.
    pub(super) seat: Option<SeatRef>,
}

/// What a call says.
#[derive(Debug, Clone)]
pub(super) enum Says {
    SignOn(u64),
    Asks(u64),
    Accepts(u64, hotseat_protocol::ids::OfferId),
    Renews(u64),
    /// Signs a seat off, whoever has forgotten it meanwhile.
    SignOff(SeatRef),
    Check(u64, RequestId, &'static str),
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) enum Heard {
    /// The request has this seat.
    Seat(SeatRef),
    /// It waits, and is perhaps offered a seat.
    Waits(Option<hotseat_protocol::ids::OfferId>),
    /// It is over, or was refused.
    Over,
    /// It is so.
    Done,
    /// The pool cannot do it now.
    Failed,
}

/// The application server.
#[derive(Debug, Default)]
pub(super) struct Callers {
    /// Its visitors.
    pub(super) visits: BTreeMap<u64, Visit>,
    /// What it says until it is answered.
    pub(super) calls: BTreeMap<u64, Says>,
}

/// The application server's name.
#[must_use]
pub(super) fn service() -> Caller {
    Caller::Service(ServiceId::from_random(9))
}

impl Callers {
    /// What the pool is to do for a call; none when the visit is forgotten.
    pub(super) fn work(&self, call: u64, random: &mut Random) -> Option<(To, Work)> {
        let caller = service();
        let says = self.calls.get(&call)?;
        let (work, wants) = match says {
            Says::SignOn(visit) => {
                let visit = self.visits.get(visit)?;
                let command = Command::SignOn(sign_on(visit, random));
                (Work::Command(command), Wants::Outcome(key(visit)))
            }
            Says::Asks(visit) => {
                let request = key(self.visits.get(visit)?);
                let fresh_seat = SeatId::from_random(random.wide());
                let command = Command::AskRequest { request, fresh_seat };
                (Work::Command(command), Wants::Outcome(request))
            }
            Says::Accepts(visit, offer) => {
                let request = key(self.visits.get(visit)?);
                let fresh_seat = SeatId::from_random(random.wide());
                let offer = *offer;
                let command = Command::AcceptOffer { by: caller, offer, request: None, fresh_seat };
                (Work::Command(command), Wants::Outcome(request))
            }
            Says::Renews(visit) => {
                let seats = vec![self.visits.get(visit)?.seat?];
                (Work::RenewCalls { by: caller, seats: seats.clone() }, Wants::Renewed(seats))
            }
            Says::SignOff(seat) => {
                let reason = ReleaseReason::SignedOffByTheUser;
                let command = Command::SignOff { by: caller, seat: *seat, reason };
                (Work::Command(command), Wants::Done)
            }
            Says::Check(person, request, name) => {
                let command = Command::Check(Check {
                    caller,
                    request: *request,
                    body: body_hash(&(person, name)),
                    pool: users::pool(),
                    user: users::id(*person),
                    client: client(name),
                    operation: log_in(),
                });
                (
                    Work::Command(command),
                    Wants::Check(users::id(*person), RequestKey { caller, id: *request }),
                )
            }
        };
        Some((To::Call { call, wants }, work))
    }
}

fn key(visit: &Visit) -> RequestKey {
    RequestKey { caller: service(), id: visit.request }
}

fn sign_on(visit: &Visit, random: &mut Random) -> SignOn {
    SignOn {
        caller: service(),
        request: visit.request,
        body: body_hash(&(visit.person, visit.wait.is_some())),
        pool: users::pool(),
        user: users::id(visit.person),
        client: client("web"),
        operation: log_in(),
        anchor: Anchor::new(visit.request.to_string()).expect("an id is short"),
        wait: visit.wait,
        fresh_seat: SeatId::from_random(random.wide()),
        fresh_place: PlaceId::from_random(random.wide()),
    }
}

/// What an answer means to the application server.
#[must_use]
pub(super) fn heard(reply: &Reply) -> Heard {
    match reply {
        Reply::Answered(Ok(Answer::Became(outcome))) => match outcome {
            Outcome::Seat { seat, .. } => Heard::Seat(*seat),
            Outcome::Waiting { .. } => Heard::Waits(None),
            Outcome::Offered { offer, .. } => Heard::Waits(Some(*offer)),
            Outcome::Refused(_) | Outcome::Ended(_) => Heard::Over,
        },
        Reply::Answered(Ok(_)) => Heard::Done,
        Reply::Answered(Err(_)) | Reply::Failed(Failure::TooMuch { .. }) => Heard::Over,
        Reply::CallsRenewed(seats) => {
            let lives = seats.iter().all(|(_, answer)| matches!(answer, CallRenewal::Left(_)));
            if lives { Heard::Done } else { Heard::Over }
        }
        Reply::Renewed(_) | Reply::Noted(_) => Heard::Over,
        Reply::Failed(
            Failure::Unwritable(_) | Failure::Crowded | Failure::NotItself(_) | Failure::Halted(_),
        ) => Heard::Failed,
    }
}
