//! One message of a machine: looked up, decided, answered.

use std::time::Duration;

use hotseat_protocol::bounded_text::{EmailText, OsUserText, TypedPassword};
use hotseat_protocol::ids::{MachineId, SeatRef};
use hotseat_protocol::link::{self, AccountUser, MachineMessage, PoolAnswer};
use hotseat_protocol::problem::Problem;
use hotseat_rules::{Answer, Check, Command, Refusal, RequestKey};

use super::idle::Spell;
use super::outcome;
use super::translate::{self, Prepared, Seen, Wanted, claims, translate};
use crate::directory::{Source, Token};
use crate::engine::EngineError;
use crate::fresh;
use crate::http::app::App;
use crate::http::error::ApiError;
use crate::http::log_in::try_log_in;

/// How often it is looked whether a machine was revoked.
const REVOKED_EVERY: Duration = Duration::from_secs(5);

/// Looks up what a message names, and translates it.
pub(super) async fn prepare(app: App, machine: MachineId, body: MachineMessage) -> Prepared {
    let prepared = if let MachineMessage::LogOut { token } = &body {
        let ended = app.directory.end_token(Token::shown(token.expose())).await;
        ended.map(|()| Prepared::Answered(PoolAnswer::Done)).map_err(ApiError::from)
    } else {
        looked_up(&app, machine, body).await
    };
    prepared.unwrap_or_else(|error| Prepared::Answered(problem(error.into_problem())))
}

async fn looked_up(
    app: &App,
    machine: MachineId,
    body: MachineMessage,
) -> Result<Prepared, ApiError> {
    let user = match translate::token(&body) {
        Some(token) => app.directory.user_on_machine(Token::shown(token.expose()), machine).await?,
        None => None,
    };
    let seen = match Wanted::by(machine, &body) {
        Some(wanted) => app.read(move |view| wanted.seen(view.state)).await?,
        None => Seen::Nothing,
    };
    Ok(translate(machine, body, user, seen, &mut fresh::bits))
}

fn problem(problem: Problem) -> PoolAnswer {
    PoolAnswer::Problem { problem }
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
async fn done(app: &App, facts: Vec<Command>) -> Result<PoolAnswer, ApiError> {
    if facts.is_empty() {
        return Ok(PoolAnswer::Done);
    }
    for refusal in app.engine.note(facts).await? {
        if refusal.is_told_to_machines() {
            return Err(refusal.into());
        }
        tracing::debug!(%refusal, "there was nothing to do for a machine's message");
    }
    Ok(PoolAnswer::Done)
}

/// Renews what a machine claims.
pub(super) async fn renew(app: App, machine: MachineId, renewal: link::Renewal) -> PoolAnswer {
    match app.engine.renew_machine(machine, claims(&renewal)).await {
        Ok(answer) => {
            let names = app.names();
            let renewed = outcome::renewed(answer, &*names, app.clock.wall());
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
    note(&app, vec![Command::NoteWarning { machine, seat }]).await;
}

/// Notes that holders were idle for a while.
pub(super) async fn note_spells(app: App, machine: MachineId, spells: Vec<Spell>) {
    let fact = |Spell { seat, from, to }| Command::NoteIdleSpell { machine, seat, from, to };
    note(&app, spells.into_iter().map(fact).collect()).await;
}

async fn note(app: &App, facts: Vec<Command>) {
    match app.engine.note(facts).await {
        Ok(refusals) => {
            for refusal in refusals {
                tracing::debug!(%refusal, "a note about idleness changes nothing");
            }
        }
        Err(error) => tracing::debug!(%error, "a note about idleness was not written"),
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
