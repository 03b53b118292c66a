//! Sign-on, check, renewal, keep, sign-off and reclaim over REST.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hotseat_protocol::api::{
    Became, CheckRequest, CheckVerdict, KeepRequest, Reclaim, RenewList, Renewal, RequestView,
    SeatRequest, SignOffQuery,
};
use hotseat_protocol::ids::{Anchor, Operation, PlaceId, PoolId, RequestId, SeatId, SeatRef};
use hotseat_protocol::problem::Code;
use hotseat_protocol::reason::ReleaseReason;
use hotseat_rules::{Answer, CallRenewal, Check, Command, Ending, Outcome, SignOn, WarningAnswer};

use super::app::{App, body_hash, key, outcome};
use super::auth::{Admin, Authenticated};
use super::convert::{accept_from, end_view, ended, left_ms, request_view};
use super::error::ApiError;
use super::extract::{Body, Named, OptionalBody, Params};
use super::scope::Used;
use crate::fresh;

/// What a client does that does not say what it is doing.
pub(crate) fn log_in_operation() -> Result<Operation, ApiError> {
    Operation::new("log-in").map_err(|error| ApiError::internal(&error))
}

/// Signs on: takes a seat
///
/// Grants a seat at once if one is free and no one waits for it. With `wait`, a place in the line
/// is taken otherwise. A repeat with the same `request_id` and body changes nothing and tells what
/// became of it.
#[utoipa::path(
    post,
    path = "/api/v1/pools/{pool}/seats",
    operation_id = "sign_on",
    tag = "seats",
    params(("pool" = inline(PoolId), Path, description = "The pool, for example infor-crm")),
    request_body = SeatRequest,
    responses(
        (status = 201, description = "A seat; Location is its address", body = RequestView),
        (status = 202, description = "A place in the line", body = RequestView),
        (status = 409, description = "The rules refuse it: the code and the facts say why, legacy_message is what the application expects"),
        (status = 410, description = "This request has had its seat or place, and it has ended"),
        (status = 422, description = "The client or its operation is not of this pool, or this request_id came with another body"),
        (status = 429, description = "The same was refused again and again"),
    ),
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

/// Checks that a seat is free
///
/// Passes if a sign-on would be granted at this instant, and takes nothing. Where the pool has a
/// provisional hold, the seat is set aside for this user's sign-on for a few seconds.
#[utoipa::path(
    post,
    path = "/api/v1/pools/{pool}/checks",
    operation_id = "check_seat",
    tag = "seats",
    params(("pool" = inline(PoolId), Path, description = "The pool, for example infor-crm")),
    request_body = CheckRequest,
    responses(
        (status = 200, description = "A seat was free", body = CheckVerdict),
        (status = 409, description = "The rules refuse it: the code and the facts say why, legacy_message is what the application expects"),
        (status = 422, description = "The client or its operation is not of this pool, or this request_id came with another body"),
        (status = 429, description = "The same was refused again and again, or this caller has as many seats set aside as it may"),
    ),
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

/// Shows what became of a request
///
/// Keeps the place of a waiter, which lapses when this is not asked for 60 seconds, and accepts an
/// offer to a request that waits with `auto`.
#[utoipa::path(
    get,
    path = "/api/v1/requests/{request}",
    operation_id = "show_request",
    tag = "seats",
    params(("request" = inline(RequestId), Path, description = "The request_id of the sign-on")),
    responses(
        (status = 200, description = "What became of it", body = RequestView),
        (status = 404, description = "This caller made no such request lately"),
    ),
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

/// Renews seats
///
/// Extends the lease of each seat. One that has ended, or that the caller may not use, is answered
/// as `gone`; the whole is refused only if the caller may use none of them.
#[utoipa::path(
    post,
    path = "/api/v1/seats/renew",
    operation_id = "renew_seats",
    tag = "seats",
    request_body(content = RenewList, description = "The seats, up to 1,000"),
    responses(
        (status = 200, description = "What became of each, in the order of the request", body = Vec<Renewal>),
    ),
    security(("token" = []))
)]
pub(crate) async fn renew(
    State(app): State<App>,
    caller: Authenticated,
    Body(items): Body<RenewList>,
) -> Result<Json<Vec<Renewal>>, ApiError> {
    let seats: Vec<_> =
        items.as_slice().iter().map(|item| SeatRef { id: item.id, epoch: item.epoch }).collect();
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
            Renewal { id: seat.id, lease_ms: Some(left_ms(*left)), gone: None }
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

/// Keeps a seat
///
/// Answers an idle warning: its user goes on working.
#[utoipa::path(
    post,
    path = "/api/v1/seats/{seat}/keep",
    operation_id = "keep_seat",
    tag = "seats",
    params(("seat" = inline(SeatId), Path, description = "The seat's id")),
    request_body(content = inline(Option<KeepRequest>), description = "May be left out"),
    responses(
        (status = 200, description = "It is kept; the epoch that it has", body = KeepRequest),
        (status = 410, description = "The seat has ended, or has a newer epoch"),
    ),
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
    app.submit_by(caller.actor(), command).await?;
    app.engine.tell_kept(id).await?;
    Ok(Json(KeepRequest { epoch: Some(epoch) }))
}

/// Signs off: gives a seat back
///
/// Succeeds also if the seat has ended already.
#[utoipa::path(
    delete,
    path = "/api/v1/seats/{seat}",
    operation_id = "sign_off",
    tag = "seats",
    params(("seat" = inline(SeatId), Path, description = "The seat's id"), SignOffQuery),
    responses(
        (status = 204, description = "The seat is free"),
        (status = 410, description = "The epoch is not the newest of this seat"),
    ),
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

/// Reclaims a seat
///
/// Ends somebody's seat; its holder is told who did it, when and why. A seat that a machine keeps
/// is counted until that machine confirms, or its lease ends.
#[utoipa::path(
    post,
    path = "/api/v1/seats/{seat}/reclaim",
    operation_id = "reclaim_seat",
    tag = "seats",
    params(("seat" = inline(SeatId), Path, description = "The seat's id")),
    request_body(content = inline(Option<Reclaim>), description = "May be left out"),
    responses(
        (status = 204, description = "It is being reclaimed"),
    ),
    security(("token" = []))
)]
pub(crate) async fn reclaim(
    State(app): State<App>,
    Admin(actor): Admin,
    Named(seat): Named<SeatId>,
    OptionalBody(body): OptionalBody<Reclaim>,
) -> Result<StatusCode, ApiError> {
    let by = hotseat_rules::Caller::Admin;
    let why = body.note.map(|note| note.as_str().to_owned());
    app.submit_by(actor, Command::Reclaim { by, seat, why }).await?;
    Ok(StatusCode::NO_CONTENT)
}
