//! From a machine's messages to the rules' commands, pure: whoever has a message translated looks
//! up first whose its token is and what the committed state says of it.

use std::time::Duration;

use hotseat_protocol::ids::{ClientName, MachineId, PlaceId, PoolId, SeatId, Secret, UserId};
use hotseat_protocol::link::{
    self, MachineMessage, Overdraft, PoolAnswer, Renewal, WarningOutcome,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::{
    Became, Caller, Check, Command, Idle, Refusal, RequestKey, SignOn, State, WarningAnswer,
};

use crate::http::app::{body_hash, key};
use crate::http::convert::accept_from;
use crate::http::error::ApiError;
use crate::http::seats::log_in_operation;

/// A message after its look-ups.
#[derive(Debug)]
pub enum Prepared {
    /// It has its answer.
    Answered(PoolAnswer),
    /// A sign-on or an accepted offer: answered with what became of the request.
    Outcome(Command, RequestKey),
    /// A check.
    Check(Box<Check>),
    /// Facts to be noted as one job, answered when all of them are: at once where there is none.
    Done(Vec<Command>),
}

/// What is to be looked up in the committed state before a message is translated.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// The client that desktops of this pool are.
    DesktopClient(PoolId),
    /// The place that a request holds.
    PlaceOf(RequestKey),
}

/// What was found there.
#[derive(Debug, Clone)]
pub enum Seen {
    /// There is none, or nothing was to be looked up.
    Nothing,
    /// The client that desktops are.
    Client(ClientName),
    /// The place that the request holds.
    Place(PlaceId),
}

impl Wanted {
    /// What a message wants looked up; none wants nothing.
    #[must_use]
    pub fn by(machine: MachineId, body: &MachineMessage) -> Option<Self> {
        if let MachineMessage::SignOn(link::SignOn { client: None, pool, .. }) = body {
            Some(Self::DesktopClient(pool.clone()))
        } else if let MachineMessage::LeaveLine { request } = body {
            Some(Self::PlaceOf(key(Caller::Machine(machine), *request)))
        } else {
            None
        }
    }

    /// Looks it up.
    #[must_use]
    pub fn seen(&self, state: &State) -> Seen {
        match self {
            Self::DesktopClient(pool) => state
                .pool(pool)
                .map_or(Seen::Nothing, |pool| Seen::Client(pool.definition.desktop_client.clone())),
            Self::PlaceOf(request) => match state.request(request).map(|request| &request.became) {
                Some(Became::Waiting(place)) => Seen::Place(*place),
                Some(Became::Granted(_) | Became::Ended(_)) | None => Seen::Nothing,
            },
        }
    }
}

/// The token by which a message says who asks; whose it is on this machine is to be looked up.
#[must_use]
pub fn token(body: &MachineMessage) -> Option<&Secret> {
    if let MachineMessage::SignOn(link::SignOn { token, .. })
    | MachineMessage::Check { token, .. } = body
    {
        Some(token)
    } else {
        None
    }
}

/// Translates a message. `user` is whose its token is, `fresh` brings the bits of ids.
pub fn translate(
    machine: MachineId,
    body: MachineMessage,
    user: Option<UserId>,
    seen: Seen,
    fresh: &mut dyn FnMut() -> u128,
) -> Prepared {
    let by = Caller::Machine(machine);
    match body {
        MachineMessage::SignOn(wanted) => {
            answered(known(user).and_then(|user| sign_on(by, user, wanted, seen, fresh)))
        }
        MachineMessage::Check { .. } => {
            answered(known(user).and_then(|user| check(by, user, body)))
        }
        // One that holds no place has left it.
        MachineMessage::LeaveLine { .. } => Prepared::Done(match seen {
            Seen::Place(place) => vec![Command::LeaveLine { by, place }],
            Seen::Client(_) | Seen::Nothing => Vec::new(),
        }),
        MachineMessage::SignOff { seat, reason } => {
            Prepared::Done(vec![Command::SignOff { by, seat, reason }])
        }
        MachineMessage::Cancel { request, reason } => {
            Prepared::Done(vec![Command::Cancel { request: key(by, request), reason }])
        }
        MachineMessage::AcceptOffer { offer, request } => {
            let fresh_seat = SeatId::from_random(fresh());
            let request = key(by, request);
            let command = Command::AcceptOffer { by, offer, request: Some(request), fresh_seat };
            Prepared::Outcome(command, request)
        }
        MachineMessage::DeclineOffer { offer, request } => {
            let request = Some(key(by, request));
            Prepared::Done(vec![Command::DeclineOffer { by, offer, request }])
        }
        MachineMessage::LeavingDone { seats } => {
            let confirm = |seat| Command::ConfirmLeaving { machine, seat };
            Prepared::Done(seats.iter().copied().map(confirm).collect())
        }
        MachineMessage::WarningEnded { seat, outcome, .. } => {
            let answer = warning_answer(outcome);
            let noted = Command::NoteWarning { machine, seat };
            Prepared::Done(vec![noted, Command::AnswerWarning { by, seat, answer }])
        }
        MachineMessage::Overdraft(overdraft) => Prepared::Done(vec![noted(machine, overdraft)]),
        // These are answered before they come here.
        MachineMessage::Renew(_)
        | MachineMessage::LogIn { .. }
        | MachineMessage::LogOut { .. }
        | MachineMessage::Resync
        | MachineMessage::Unknown => {
            let detail = "This pool server does not know this message.";
            let next = "Install a broker of the pool server's version.";
            let problem = Problem::new(Code::AnotherVersion, detail, next);
            Prepared::Answered(PoolAnswer::Problem { problem })
        }
    }
}

/// What a machine claims. Whether somebody at a process is idle is nobody's business.
#[must_use]
pub fn claims(renewal: &Renewal) -> hotseat_rules::Renewal {
    let idle = renewal.seats.iter().filter(|claim| !claim.idle_exempt).map(|claim| {
        let idle =
            claim.idle_s.map_or(Idle::Unknown, |idle| Idle::For(Duration::from_secs(idle.get())));
        (claim.seat.id, idle)
    });
    hotseat_rules::Renewal {
        seats: renewal.seats.iter().map(|claim| claim.seat).collect(),
        waiting: renewal.places.to_vec(),
        idle: idle.collect(),
    }
}

fn answered(prepared: Result<Prepared, ApiError>) -> Prepared {
    prepared.unwrap_or_else(|error| {
        Prepared::Answered(PoolAnswer::Problem { problem: error.into_problem() })
    })
}

fn known(user: Option<UserId>) -> Result<UserId, ApiError> {
    user.ok_or_else(|| {
        let detail = "This log-in is not known to the pool server any more.";
        ApiError::new(Code::NotAuthenticated, detail, "Log in again.")
    })
}

fn sign_on(
    by: Caller,
    user: UserId,
    wanted: link::SignOn,
    seen: Seen,
    fresh: &mut dyn FnMut() -> u128,
) -> Result<Prepared, ApiError> {
    // Not the token: the same intent may be repeated after another log-in.
    let body = body_hash(&(&wanted.pool, user, &wanted.client, &wanted.anchor, wanted.wait))?;
    let ((Some(client), _) | (None, Seen::Client(client))) = (wanted.client, seen) else {
        return Err(Refusal::UnknownPool(wanted.pool).into());
    };
    let key = key(by, wanted.request);
    let command = Command::SignOn(SignOn {
        caller: key.caller,
        request: key.id,
        body,
        pool: wanted.pool,
        user,
        client,
        operation: log_in_operation()?,
        anchor: wanted.anchor,
        wait: wanted.wait.map(accept_from),
        fresh_seat: SeatId::from_random(fresh()),
        fresh_place: PlaceId::from_random(fresh()),
    });
    Ok(Prepared::Outcome(command, key))
}

fn check(by: Caller, user: UserId, body: MachineMessage) -> Result<Prepared, ApiError> {
    let MachineMessage::Check { request, pool, client, operation, .. } = body else {
        return Err(ApiError::internal(&"another message was taken for a check"));
    };
    let body = body_hash(&(&pool, user, &client, &operation))?;
    let operation = operation.map_or_else(log_in_operation, Ok)?;
    let check = Check { caller: by, request, body, pool, user, client, operation };
    Ok(Prepared::Check(Box::new(check)))
}

fn warning_answer(outcome: WarningOutcome) -> WarningAnswer {
    match outcome {
        WarningOutcome::Kept => WarningAnswer::Kept,
        // Not knowing whether somebody is there counts as if they were.
        WarningOutcome::Active | WarningOutcome::Unknown => WarningAnswer::Active,
        WarningOutcome::SignedOff => WarningAnswer::SignedOff,
        WarningOutcome::Unanswered => WarningAnswer::Unanswered,
        WarningOutcome::Withdrawn => WarningAnswer::Withdrawn,
    }
}

fn noted(machine: MachineId, overdraft: Overdraft) -> Command {
    let Overdraft { seat, pool, user, from, lasted_ms, at_least } = overdraft;
    let to = from.later_by_ms(lasted_ms.get());
    Command::NoteOverdraft { machine, seat: seat.id, pool, user, from, to, at_least }
}
