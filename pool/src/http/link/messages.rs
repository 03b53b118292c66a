//! One message of a machine: looked up, decided, answered.

use std::time::Duration;

use futures_util::future::join_all;
use hotseat_protocol::bounded_text::{EmailText, OsUserText, TypedPassword};
use hotseat_protocol::ids::{
    ClientName, MachineId, Operation, PlaceId, PoolId, RequestId, SeatId, SeatRef, Secret,
};
use hotseat_protocol::link::{
    self, AccountUser, MachineMessage, Overdraft, PoolAnswer, WarningOutcome,
};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::{
    Answer, Became, Caller, Check, Command, Refusal, RequestKey, SignOn, WarningAnswer,
};

use super::idle::Spell;
use super::outcome;
use crate::directory::{Source, Token};
use crate::engine::EngineError;
use crate::fresh;
use crate::http::app::{App, body_hash, key};
use crate::http::convert::accept_from;
use crate::http::error::ApiError;
use crate::http::log_in::try_log_in;
use crate::http::seats::log_in_operation;

/// How often it is looked whether a machine was revoked.
const REVOKED_EVERY: Duration = Duration::from_secs(5);

/// A message after its look-ups.
pub(super) enum Prepared {
    /// It has its answer.
    Answered(PoolAnswer),
    /// A sign-on or an accepted offer: answered with what became of the request.
    Outcome(Command, RequestKey),
    /// A check.
    Check(Box<Check>),
    /// Facts to be noted, answered when all of them are.
    Done(Vec<Command>),
}

/// Looks up what a message names.
pub(super) async fn prepare(app: App, machine: MachineId, body: MachineMessage) -> Prepared {
    let prepared = match body {
        MachineMessage::SignOn(sign_on) => prepare_sign_on(&app, machine, sign_on).await,
        MachineMessage::Check { request, token, pool, client, operation } => {
            let asked = Asked { request, token, pool, client, operation };
            prepare_check(&app, machine, asked).await
        }
        MachineMessage::LeaveLine { request } => prepare_leaving(&app, machine, request).await,
        MachineMessage::LogOut { token } => {
            let ended = app.directory.end_token(Token::shown(token.expose())).await;
            ended.map(|()| Prepared::Answered(PoolAnswer::Done)).map_err(ApiError::from)
        }
        other @ (MachineMessage::SignOff { .. }
        | MachineMessage::Cancel { .. }
        | MachineMessage::AcceptOffer { .. }
        | MachineMessage::DeclineOffer { .. }
        | MachineMessage::LeavingDone { .. }
        | MachineMessage::WarningEnded { .. }
        | MachineMessage::Renew(_)
        | MachineMessage::Overdraft(_)
        | MachineMessage::LogIn { .. }
        | MachineMessage::Resync
        | MachineMessage::Unknown) => Ok(without_look_up(machine, other)),
    };
    prepared.unwrap_or_else(|error| Prepared::Answered(problem(error.into_problem())))
}

fn problem(problem: Problem) -> PoolAnswer {
    PoolAnswer::Problem { problem }
}

fn without_look_up(machine: MachineId, body: MachineMessage) -> Prepared {
    let by = Caller::Machine(machine);
    match body {
        MachineMessage::SignOff { seat, reason } => {
            Prepared::Done(vec![Command::SignOff { by, seat, reason }])
        }
        MachineMessage::Cancel { request, reason } => {
            Prepared::Done(vec![Command::Cancel { request: key(by, request), reason }])
        }
        MachineMessage::AcceptOffer { offer, request } => {
            let fresh_seat = SeatId::from_random(fresh::bits());
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
            Prepared::Done(seats.into_iter().map(confirm).collect())
        }
        MachineMessage::WarningEnded { seat, outcome, .. } => {
            let answer = warning_answer(outcome);
            let noted = Command::NoteWarning { machine, seat };
            let answered = Command::AnswerWarning { by, seat, answer };
            Prepared::Done(vec![noted, answered])
        }
        MachineMessage::Overdraft(overdraft) => {
            let Overdraft { seat, pool, user, from, lasted_ms, at_least } = overdraft;
            let to = from.later_by_ms(lasted_ms.get());
            let seat = seat.id;
            let noted = Command::NoteOverdraft { machine, seat, pool, user, from, to, at_least };
            Prepared::Done(vec![noted])
        }
        // These are answered before they come here.
        MachineMessage::Renew(_)
        | MachineMessage::SignOn(_)
        | MachineMessage::Check { .. }
        | MachineMessage::LeaveLine { .. }
        | MachineMessage::LogIn { .. }
        | MachineMessage::LogOut { .. }
        | MachineMessage::Resync
        | MachineMessage::Unknown => {
            let detail = "This pool server does not know this message.";
            let next = "Install a broker of the pool server's version.";
            Prepared::Answered(problem(Problem::new(Code::AnotherVersion, detail, next)))
        }
    }
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

/// Whose token it is on this machine.
async fn holder(
    app: &App,
    machine: MachineId,
    token: &Secret,
) -> Result<hotseat_protocol::ids::UserId, ApiError> {
    let token = Token::shown(token.expose());
    let user = app.directory.user_on_machine(token, machine).await?;
    user.ok_or_else(|| {
        let detail = "This log-in is not known to the pool server any more.";
        ApiError::new(Code::NotAuthenticated, detail, "Log in again.")
    })
}

async fn prepare_sign_on(
    app: &App,
    machine: MachineId,
    sign_on: link::SignOn,
) -> Result<Prepared, ApiError> {
    let user = holder(app, machine, &sign_on.token).await?;
    // Not the token: the same intent may be repeated after another log-in.
    let said = (&sign_on.pool, user, &sign_on.client, &sign_on.anchor, sign_on.wait);
    let body = body_hash(&said)?;
    let client = match sign_on.client {
        Some(client) => client,
        None => desktop_client(app, &sign_on.pool).await?,
    };
    let key = key(Caller::Machine(machine), sign_on.request);
    let command = Command::SignOn(SignOn {
        caller: key.caller,
        request: key.id,
        body,
        pool: sign_on.pool,
        user,
        client,
        operation: log_in_operation()?,
        anchor: sign_on.anchor,
        wait: sign_on.wait.map(accept_from),
        fresh_seat: SeatId::from_random(fresh::bits()),
        fresh_place: PlaceId::from_random(fresh::bits()),
    });
    Ok(Prepared::Outcome(command, key))
}

async fn desktop_client(app: &App, pool: &PoolId) -> Result<ClientName, ApiError> {
    let id = pool.clone();
    let client =
        app.read(move |view| Some(view.state.pool(&id)?.definition.desktop_client.clone())).await?;
    client.ok_or_else(|| Refusal::UnknownPool(pool.clone()).into())
}

/// What a check asks.
struct Asked {
    request: RequestId,
    token: Secret,
    pool: PoolId,
    client: ClientName,
    operation: Option<Operation>,
}

async fn prepare_check(app: &App, machine: MachineId, asked: Asked) -> Result<Prepared, ApiError> {
    let user = holder(app, machine, &asked.token).await?;
    let body = body_hash(&(&asked.pool, user, &asked.client, &asked.operation))?;
    Ok(Prepared::Check(Box::new(Check {
        caller: Caller::Machine(machine),
        request: asked.request,
        body,
        pool: asked.pool,
        user,
        client: asked.client,
        operation: asked.operation.map_or_else(log_in_operation, Ok)?,
    })))
}

/// A place is left by the request that holds it; one that holds none has left.
async fn prepare_leaving(
    app: &App,
    machine: MachineId,
    request: RequestId,
) -> Result<Prepared, ApiError> {
    let by = Caller::Machine(machine);
    let key = key(by, request);
    let place = app
        .read(move |view| match view.state.request(&key)?.became {
            Became::Waiting(place) => Some(place),
            Became::Granted(_) | Became::Ended(_) => None,
        })
        .await?;
    let leave = |place| Command::LeaveLine { by, place };
    Ok(Prepared::Done(place.map(leave).into_iter().collect()))
}

/// Has a message decided, and answers it.
pub(super) async fn perform(app: App, machine: MachineId, prepared: Prepared) -> PoolAnswer {
    let answer = match prepared {
        Prepared::Answered(answer) => return answer,
        Prepared::Outcome(command, key) => became(&app, machine, command, key).await,
        Prepared::Check(check) => checked(&app, *check).await,
        Prepared::Done(commands) => done(&app, commands).await,
    };
    answer.unwrap_or_else(|error| problem(error.into_problem()))
}

async fn became(
    app: &App,
    machine: MachineId,
    command: Command,
    key: RequestKey,
) -> Result<PoolAnswer, ApiError> {
    let outcome = match app.engine.submit(command).await {
        Ok(Answer::Became(outcome)) => outcome,
        // An offer that is over: what matters is what became of the request.
        Ok(Answer::Done) | Err(EngineError::Refused(Refusal::OfferOver(_))) => {
            let outcome = app.engine.outcome(key).await?;
            outcome.ok_or(Refusal::UnknownRequest(key.id))?
        }
        Ok(Answer::Passed | Answer::Refused(_)) => {
            return Err(ApiError::internal(&"a sign-on was answered like a check"));
        }
        Err(error) => return Err(error.into()),
    };
    let context = app.context(key).await?;
    let names = app.names();
    tracing::debug!(%machine, request = %key.id, ?outcome, "a request was decided");
    let outcome = outcome::link_outcome(outcome, &context, &names, app.clock.wall());
    Ok(PoolAnswer::Outcome { outcome })
}

async fn checked(app: &App, check: Check) -> Result<PoolAnswer, ApiError> {
    let client = check.client.clone();
    let outcome = match app.submit(Command::Check(check)).await? {
        Answer::Refused(refused) => {
            link::Outcome::Refused { problem: app.refusal(refused, client, true).await? }
        }
        Answer::Passed | Answer::Done | Answer::Became(_) => link::Outcome::Passed,
    };
    Ok(PoolAnswer::Outcome { outcome })
}

/// What a machine says is so: where the rules have nothing to change, it is so already.
async fn done(app: &App, commands: Vec<Command>) -> Result<PoolAnswer, ApiError> {
    // All reach the engine before the machine's next message, which may end what they are about.
    let decided = commands.into_iter().map(|command| app.engine.submit(command));
    for decision in join_all(decided).await {
        match decision {
            Ok(_) => {}
            Err(EngineError::Refused(
                refusal @ (Refusal::NeverHere(_)
                | Refusal::NotAMachinesReason(_)
                | Refusal::TooManyOverdrafts(_)),
            )) => return Err(refusal.into()),
            Err(EngineError::Refused(refusal)) => {
                tracing::debug!(%refusal, "there was nothing to do for a machine's message");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(PoolAnswer::Done)
}

/// Renews what a machine claims.
pub(super) async fn renew(app: App, machine: MachineId, renewal: link::Renewal) -> PoolAnswer {
    let claims = outcome::claims(&renewal);
    match app.engine.renew_machine(machine, claims).await {
        Ok(answer) => {
            let names = app.names();
            let renewed = outcome::renewed(answer, &names, app.clock.wall());
            PoolAnswer::Renewed(renewed)
        }
        Err(error) => problem(ApiError::from(error).into_problem()),
    }
}

/// Somebody at a machine types a password.
pub(super) struct LogIn {
    pub(super) email: EmailText,
    pub(super) password: TypedPassword,
    /// Who that is to the operating system.
    pub(super) os_user: Option<OsUserText>,
}

/// Logs a person in on a machine.
pub(super) async fn log_in(app: App, machine: MachineId, log_in: LogIn) -> PoolAnswer {
    let LogIn { email, password, os_user } = log_in;
    let source = Source::machine(machine, os_user.as_ref().map(OsUserText::as_str));
    match try_log_in(&app, email.as_str(), password.secret(), source, Some(machine)).await {
        Ok((user, token)) => PoolAnswer::LoggedIn {
            token: token.token,
            user: AccountUser {
                id: user.id,
                name: user.name.as_str().to_owned(),
                email: user.email.as_str().to_owned(),
                named: user.kind == hotseat_protocol::api::UserKind::Named,
            },
            expires_at: token.expires_at,
        },
        Err(error) => problem(error.into_problem()),
    }
}

/// Notes that a holder is being warned.
pub(super) async fn note_warning(app: App, machine: MachineId, seat: SeatRef) {
    note(&app, Command::NoteWarning { machine, seat }).await;
}

/// Notes that a holder was idle for a while.
pub(super) async fn note_spell(app: App, machine: MachineId, spell: Spell) {
    let Spell { seat, from, to } = spell;
    note(&app, Command::NoteIdleSpell { machine, seat, from, to }).await;
}

async fn note(app: &App, command: Command) {
    if let Err(error) = app.engine.submit(command).await {
        tracing::debug!(%error, "a note about idleness was not written");
    }
}

/// Returns some time after the machine was revoked: it may still let its seats go.
pub(super) async fn revoked(app: App, machine: MachineId, grace: Duration) {
    loop {
        tokio::time::sleep(REVOKED_EVERY).await;
        let revoked = app
            .read(move |view| view.state.machine(machine).is_none_or(|machine| machine.revoked))
            .await;
        if revoked.unwrap_or(false) {
            tokio::time::sleep(grace).await;
            return;
        }
    }
}
