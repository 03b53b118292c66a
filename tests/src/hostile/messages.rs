//! From a machine's messages to the rules' commands, as the server's link translates them: without
//! its directory, which whoever calls this looks tokens up in.

use std::hash::{DefaultHasher, Hash, Hasher};

use hotseat_protocol::ids::{MachineId, Operation, PlaceId, SeatId, Secret, UserId};
use hotseat_protocol::link::{
    self, MachineMessage, Overdraft, PoolAnswer, Renewal, WarningOutcome,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::{
    self, Became, BodyHash, Caller, Check, Command, Idle, RequestKey, SignOn, State, WarningAnswer,
};

/// A message after its look-ups.
pub(crate) enum Prepared {
    /// It has its answer.
    Answered(PoolAnswer),
    /// Answered with what became of the request.
    Outcome(Command, RequestKey),
    /// A check.
    Check(Check),
    /// Facts to be noted, answered when the last of them is.
    Done(Vec<Command>),
}

/// Looks up what a message names. `holder` says whose a token is on this machine, `fresh` brings the
/// bits of ids.
pub(crate) fn prepare(
    state: &State,
    machine: MachineId,
    body: &MachineMessage,
    holder: &dyn Fn(&Secret) -> Option<UserId>,
    fresh: &mut dyn FnMut() -> u128,
) -> Prepared {
    let by = Caller::Machine(machine);
    let key = |id| RequestKey { caller: by, id };
    match body {
        MachineMessage::SignOn(wanted) => {
            let Some(user) = holder(&wanted.token) else {
                return Prepared::Answered(not_authenticated());
            };
            sign_on(state, by, user, wanted, fresh)
        }
        MachineMessage::Check { request, token, pool, client, operation } => {
            let Some(user) = holder(token) else {
                return Prepared::Answered(not_authenticated());
            };
            let body = body_hash(&(pool, client, operation, user));
            let operation = operation.clone().unwrap_or_else(log_in);
            let (request, pool, client) = (*request, pool.clone(), client.clone());
            Prepared::Check(Check { caller: by, request, body, pool, user, client, operation })
        }
        MachineMessage::AcceptOffer { offer, request } => {
            let fresh_seat = SeatId::from_random(fresh());
            let (offer, request) = (*offer, key(*request));
            let command = Command::AcceptOffer { by, offer, request: Some(request), fresh_seat };
            Prepared::Outcome(command, request)
        }
        MachineMessage::DeclineOffer { offer, request } => {
            let (offer, request) = (*offer, Some(key(*request)));
            Prepared::Done(vec![Command::DeclineOffer { by, offer, request }])
        }
        MachineMessage::SignOff { seat, reason } => {
            Prepared::Done(vec![Command::SignOff { by, seat: *seat, reason: *reason }])
        }
        MachineMessage::Cancel { request, reason } => {
            Prepared::Done(vec![Command::Cancel { request: key(*request), reason: *reason }])
        }
        MachineMessage::LeaveLine { request } => leave_line(state, by, &key(*request)),
        MachineMessage::LeavingDone { seats } => {
            let confirm = |seat: &_| Command::ConfirmLeaving { machine, seat: *seat };
            Prepared::Done(seats.iter().map(confirm).collect())
        }
        MachineMessage::WarningEnded { seat, outcome, .. } => {
            let (seat, answer) = (*seat, warning_answer(*outcome));
            let noted = Command::NoteWarning { machine, seat };
            Prepared::Done(vec![noted, Command::AnswerWarning { by, seat, answer }])
        }
        MachineMessage::Overdraft(overdraft) => {
            let Overdraft { seat, pool, user, from, lasted_ms, at_least } = overdraft.clone();
            let to = from.later_by_ms(lasted_ms.get());
            let seat = seat.id;
            let noted = Command::NoteOverdraft { machine, seat, pool, user, from, to, at_least };
            Prepared::Done(vec![noted])
        }
        MachineMessage::Renew(_)
        | MachineMessage::LogIn { .. }
        | MachineMessage::LogOut { .. }
        | MachineMessage::Resync
        | MachineMessage::Unknown => Prepared::Answered(PoolAnswer::Done),
    }
}

fn leave_line(state: &State, by: Caller, request: &RequestKey) -> Prepared {
    let became = state.request(request).map(|request| &request.became);
    let Some(Became::Waiting(place)) = became else {
        return Prepared::Answered(PoolAnswer::Done);
    };
    Prepared::Done(vec![Command::LeaveLine { by, place: *place }])
}

fn warning_answer(outcome: WarningOutcome) -> WarningAnswer {
    match outcome {
        WarningOutcome::Kept => WarningAnswer::Kept,
        WarningOutcome::Active | WarningOutcome::Unknown => WarningAnswer::Active,
        WarningOutcome::SignedOff => WarningAnswer::SignedOff,
        WarningOutcome::Unanswered => WarningAnswer::Unanswered,
        WarningOutcome::Withdrawn => WarningAnswer::Withdrawn,
    }
}

fn sign_on(
    state: &State,
    by: Caller,
    user: UserId,
    wanted: &link::SignOn,
    fresh: &mut dyn FnMut() -> u128,
) -> Prepared {
    let desktop = || Some(state.pool(&wanted.pool)?.definition.desktop_client.clone());
    let Some(client) = wanted.client.clone().or_else(desktop) else {
        return Prepared::Answered(no_such_pool());
    };
    let said = (&wanted.pool, &wanted.client, &wanted.anchor, user, format!("{:?}", wanted.wait));
    let command = Command::SignOn(SignOn {
        caller: by,
        request: wanted.request,
        body: body_hash(&said),
        pool: wanted.pool.clone(),
        user,
        client,
        operation: log_in(),
        anchor: wanted.anchor.clone(),
        wait: wanted.wait.map(|accept| match accept {
            link::Accept::Auto => hotseat_rules::Accept::Auto,
            link::Accept::Ask => hotseat_rules::Accept::Ask,
        }),
        fresh_seat: SeatId::from_random(fresh()),
        fresh_place: PlaceId::from_random(fresh()),
    });
    Prepared::Outcome(command, RequestKey { caller: by, id: wanted.request })
}

/// The operation of a sign-on.
#[must_use]
pub(crate) fn log_in() -> Operation {
    Operation::new("log-in").expect("a good name")
}

/// A hash of what was said.
#[must_use]
pub(crate) fn body_hash(said: &impl Hash) -> BodyHash {
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    let mut body = [0; 32];
    body[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    BodyHash(body)
}

/// A renewal in the rules' words.
#[must_use]
pub(crate) fn claims(renewal: &Renewal) -> hotseat_rules::Renewal {
    let idle = renewal.seats.iter().filter(|claim| !claim.idle_exempt);
    let idle = idle.filter_map(|claim| {
        let seconds = std::time::Duration::from_secs(claim.idle_s?.get());
        Some((claim.seat.id, Idle::For(seconds)))
    });
    hotseat_rules::Renewal {
        seats: renewal.seats.iter().map(|claim| claim.seat).collect(),
        waiting: renewal.places.clone(),
        idle: idle.collect(),
    }
}

/// A token or a password is not good.
#[must_use]
pub(crate) fn not_authenticated() -> PoolAnswer {
    PoolAnswer::Problem { problem: Problem::new(Code::NotAuthenticated, "who are you", "") }
}

/// A pool that does not exist.
fn no_such_pool() -> PoolAnswer {
    PoolAnswer::Problem { problem: Problem::new(Code::NotFound, "no such pool", "") }
}
