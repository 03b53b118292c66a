//! Sign-on, check, renewal, keep, sign-off and reclaim over REST.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hotseat_protocol::api::{
    Became, CheckRequest, CheckVerdict, KeepRequest, Reclaim, RenewItem, Renewal, RequestView,
    SeatRequest, SignOffQuery,
};
use hotseat_protocol::ids::{Anchor, Operation, PlaceId, PoolId, RequestId, SeatId, SeatRef};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_protocol::reason::ReleaseReason;
use hotseat_protocol::text::is_unseen;
use hotseat_rules::{Answer, CallRenewal, Check, Command, Ending, Outcome, SignOn, WarningAnswer};

use super::app::{App, body_hash, key, outcome};
use super::auth::{Admin, Authenticated};
use super::convert::{accept_from, end_view, ended, request_view};
use super::duration_ms;
use super::error::ApiError;
use super::extract::{Body, Named, OptionalBody, Params};
use super::scope::Used;
use crate::fresh;

/// Seats that one renewal may name.
const RENEWED_AT_ONCE_MAX: usize = 1000;
/// The longest note to a holder.
const NOTE_CHARACTERS_MAX: usize = 200;

/// What a client does that does not say what it is doing.
pub(crate) fn log_in_operation() -> Result<Operation, ApiError> {
    Operation::new("log-in").map_err(|error| ApiError::internal(&error))
}

/// `POST /pools/{pool}/seats`
#[utoipa::path(
    post,
    path = "/api/v1/pools/{pool}/seats",
    request_body = SeatRequest,
    params(("pool" = String, Path)),
    responses((status = 201, body = RequestView), (status = 202, body = RequestView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem, description = "Too much was refused; Retry-After says when to ask again"), (status = 503, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn sign_on(
    State(app): State<App>,
    caller: Authenticated,
    Named(pool): Named<PoolId>,
    Body(body): Body<SeatRequest>,
) -> Result<Response, ApiError> {
    let names = app.names();
    let user = caller.acts_for(&names, &pool, &body.client, body.user.as_deref())?;
    app.may_ask(caller.caller(), user)?;
    let anchor = match &body.session {
        Some(session) => session.clone(),
        None => {
            Anchor::new(body.request_id.to_string()).map_err(|error| ApiError::internal(&error))?
        }
    };
    let key = key(caller.caller(), body.request_id);
    let command = Command::SignOn(SignOn {
        caller: key.caller,
        request: key.id,
        body: body_hash(&(&pool, &body))?,
        pool,
        user,
        client: body.client,
        operation: body.operation.map_or_else(log_in_operation, Ok)?,
        anchor,
        wait: body.wait.map(accept_from),
        fresh_seat: SeatId::from_random(fresh::bits()),
        fresh_place: PlaceId::from_random(fresh::bits()),
    });
    let outcome = outcome(app.submit(command).await?)?;
    if let Outcome::Ended(Ending::Seat { seat, release, .. }) = &outcome {
        return Err(ended(*seat, release));
    }
    if matches!(outcome, Outcome::Refused(_)) {
        app.note_refusal(key.caller, user);
    }
    let context = app.context(key).await?;
    let view =
        request_view(outcome, context.rank, &names, |refused| context.refusal(refused, &names));
    answer(view)
}

/// The status of what became of a sign-on.
fn answer(view: RequestView) -> Result<Response, ApiError> {
    match view.became {
        Became::Seat => {
            let id = view.id.map(|id| format!("/api/v1/seats/{id}")).unwrap_or_default();
            Ok((StatusCode::CREATED, [(header::LOCATION, id)], Json(view)).into_response())
        }
        Became::Waiting | Became::Offered => Ok((StatusCode::ACCEPTED, Json(view)).into_response()),
        Became::Refused => match view.problem {
            Some(problem) => Err((*problem).into()),
            None => Err(ApiError::internal(&"a refusal without its reason")),
        },
        Became::Ended => {
            let end = view.end.and_then(|end| end.place_end);
            let why = end.map_or_else(String::new, |end| format!(": {end}"));
            let detail = format!("The place of this request has ended{why}.");
            Err(ApiError::new(Code::Ended, detail, "Ask again with a new request_id."))
        }
        Became::Cancelled => {
            let detail = "This request was cancelled before it arrived.";
            Err(ApiError::new(Code::Ended, detail, "Ask again with a new request_id."))
        }
    }
}

/// `POST /pools/{pool}/checks`
#[utoipa::path(
    post,
    path = "/api/v1/pools/{pool}/checks",
    request_body = CheckRequest,
    params(("pool" = String, Path)),
    responses((status = 200, body = CheckVerdict), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem, description = "Too much was refused; Retry-After says when to ask again"), (status = 503, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn check(
    State(app): State<App>,
    caller: Authenticated,
    Named(pool): Named<PoolId>,
    Body(body): Body<CheckRequest>,
) -> Result<Json<CheckVerdict>, ApiError> {
    let user = caller.acts_for(&app.names(), &pool, &body.client, body.user.as_deref())?;
    app.may_ask(caller.caller(), user)?;
    let client = body.client.clone();
    let command = Command::Check(Check {
        caller: caller.caller(),
        request: body.request_id,
        body: body_hash(&(&pool, &body))?,
        pool,
        user,
        client: body.client,
        operation: body.operation.map_or_else(log_in_operation, Ok)?,
    });
    match app.submit(command).await? {
        Answer::Passed => Ok(Json(CheckVerdict { pass: true })),
        Answer::Refused(refused) => {
            app.note_refusal(caller.caller(), user);
            Err(app.refusal(refused, client, true).await?.into())
        }
        Answer::Done | Answer::Became(_) => {
            Err(ApiError::internal(&"a check was decided without a verdict"))
        }
    }
}

/// `GET /requests/{request}`: keeps the place of a waiter over REST, and takes an `auto` offer.
#[utoipa::path(
    get,
    path = "/api/v1/requests/{request}",
    params(("request" = String, Path)),
    responses((status = 200, body = RequestView), (status = 401, body = Problem), (status = 404, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn request(
    State(app): State<App>,
    caller: Authenticated,
    Named(request): Named<RequestId>,
) -> Result<Json<RequestView>, ApiError> {
    let key = key(caller.caller(), request);
    let fresh_seat = SeatId::from_random(fresh::bits());
    let outcome = if app.engine.halted().is_some() {
        let known = app.engine.outcome(key).await?;
        known.ok_or(hotseat_rules::Refusal::UnknownRequest(request))?
    } else {
        let command = Command::AskRequest { request: key, fresh_seat };
        outcome(app.submit(command).await?)?
    };
    let context = app.context(key).await?;
    let names = app.names();
    let refusal = |refused: &hotseat_rules::Refused| context.refusal(refused, &names);
    Ok(Json(request_view(outcome, context.rank, &names, refusal)))
}

/// `POST /seats/renew`: what the caller may not use is answered as gone, without a reason, and is
/// refused when the caller may use none of it.
#[utoipa::path(
    post,
    path = "/api/v1/seats/renew",
    request_body = Vec<RenewItem>,
    responses((status = 200, body = Vec<Renewal>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn renew(
    State(app): State<App>,
    caller: Authenticated,
    Body(items): Body<Vec<RenewItem>>,
) -> Result<Json<Vec<Renewal>>, ApiError> {
    if items.len() > RENEWED_AT_ONCE_MAX {
        let detail = format!(
            "{} seats are too many for one renewal: send at most {RENEWED_AT_ONCE_MAX}.",
            items.len()
        );
        return Err(ApiError::invalid(detail));
    }
    let seats: Vec<_> =
        items.iter().map(|item| SeatRef { id: item.id, epoch: item.epoch }).collect();
    let by = caller.caller();
    let claimed = seats.clone();
    let allowed = app.read(move |view| {
        let allowed = |seat: &SeatRef| caller.expect_use(view.state, Used::Seat(seat.id));
        claimed.iter().map(allowed).collect::<Vec<_>>()
    });
    let allowed = allowed.await?;
    let may_use = |n: usize| allowed.get(n).is_some_and(Result::is_ok);
    let own = seats.iter().enumerate().filter(|(n, _)| may_use(*n)).map(|(_, seat)| *seat);
    let own: Vec<_> = own.collect();
    if own.is_empty()
        && let Some(refused) = allowed.into_iter().find_map(Result::err)
    {
        return Err(refused);
    }
    let answers: BTreeMap<_, _> = app.engine.renew_calls(by, own).await?.into_iter().collect();
    let names = app.names();
    let renewals = seats.into_iter().map(|seat| match answers.get(&seat) {
        Some(CallRenewal::Left(left)) => {
            Renewal { id: seat.id, lease_ms: Some(duration_ms(*left)), gone: None }
        }
        Some(CallRenewal::Gone(gone)) => {
            let gone = end_view(gone.release.as_ref(), &names);
            Renewal { id: seat.id, lease_ms: None, gone: Some(gone) }
        }
        // Of what is somebody else's, nothing is told.
        None => Renewal { id: seat.id, lease_ms: None, gone: Some(end_view(None, &names)) },
    });
    Ok(Json(renewals.collect()))
}

/// `POST /seats/{seat}/keep`
#[utoipa::path(
    post,
    path = "/api/v1/seats/{seat}/keep",
    request_body = KeepRequest,
    params(("seat" = String, Path)),
    responses((status = 200, body = KeepRequest), (status = 401, body = Problem), (status = 403, body = Problem), (status = 410, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn keep(
    State(app): State<App>,
    caller: Authenticated,
    Named(id): Named<SeatId>,
    OptionalBody(body): OptionalBody<KeepRequest>,
) -> Result<Json<KeepRequest>, ApiError> {
    app.expect_use(&caller, Used::Seat(id)).await?;
    let there = app.read(move |view| view.state.seat(id).cloned()).await?;
    let Some(now) = there.filter(|seat| seat.leaving.is_none()).map(|seat| seat.epoch) else {
        let detail = format!("Seat {id} has ended, or never was.");
        return Err(ApiError::new(Code::Ended, detail, "Sign on again with a new request_id."));
    };
    let epoch = body.epoch.unwrap_or(now);
    if epoch != now {
        return Err(hotseat_rules::Refusal::OlderEpoch { seat: id }.into());
    }
    let command = Command::AnswerWarning {
        by: caller.caller(),
        seat: SeatRef { id, epoch },
        answer: WarningAnswer::Kept,
    };
    app.submit(command).await?;
    app.engine.tell_kept(id).await?;
    Ok(Json(KeepRequest { epoch: Some(epoch) }))
}

/// `DELETE /seats/{seat}?epoch=…`
#[utoipa::path(
    delete,
    path = "/api/v1/seats/{seat}",
    params(("seat" = String, Path), SignOffQuery),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 410, body = Problem), (status = 422, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn sign_off(
    State(app): State<App>,
    caller: Authenticated,
    Named(id): Named<SeatId>,
    Params(query): Params<SignOffQuery>,
) -> Result<StatusCode, ApiError> {
    app.expect_use(&caller, Used::Seat(id)).await?;
    let command = Command::SignOff {
        by: caller.caller(),
        seat: SeatRef { id, epoch: query.epoch },
        reason: ReleaseReason::SignedOffByTheUser,
    };
    app.submit(command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /seats/{seat}/reclaim`
#[utoipa::path(
    post,
    path = "/api/v1/seats/{seat}/reclaim",
    request_body = Reclaim,
    params(("seat" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn reclaim(
    State(app): State<App>,
    _: Admin,
    Named(seat): Named<SeatId>,
    OptionalBody(body): OptionalBody<Reclaim>,
) -> Result<StatusCode, ApiError> {
    let length = body.note.as_ref().map_or(0, |note| note.chars().count());
    if length > NOTE_CHARACTERS_MAX {
        let detail = format!("note: {length} characters; use at most {NOTE_CHARACTERS_MAX}.");
        return Err(ApiError::invalid(detail));
    }
    if body.note.as_ref().is_some_and(|note| note.chars().any(is_unseen)) {
        let detail = "note: it has characters that cannot be seen; write one line of text.";
        return Err(ApiError::invalid(detail));
    }
    let by = hotseat_rules::Caller::Admin;
    app.submit(Command::Reclaim { by, seat, why: body.note }).await?;
    Ok(StatusCode::NO_CONTENT)
}
