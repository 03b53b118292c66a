//! Logging in and out, and what is mine.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use hotseat_protocol::api::{LogIn, LoggedIn, Me, MyPlace, MySeat, UserView};
use hotseat_protocol::bounded_text::DisplayName;
use hotseat_protocol::ids::{MachineId, Secret, UserId};
use hotseat_protocol::problem::Code;
use hotseat_protocol::quantity::PeopleCount;
use hotseat_rules::Keeper;

use super::app::App;
use super::auth::Authenticated;
use super::convert::left_ms;
use super::error::{ApiError, with_status};
use super::extract::Body;
use super::forwarded::PeerAddress;
use super::users::user_view;
use super::words::{ASK_ADMINISTRATOR, DISABLED};
use crate::directory::{Principal, Source, UserToken};
use crate::engine::View;

/// Logs a person in
///
/// Trades an e-mail address and a password for a token that acts for this person only, and is sent
/// as `Authorization: Bearer`. It lasts thirty days from its last use.
#[utoipa::path(
    post,
    path = "/api/v1/login",
    operation_id = "log_in",
    tag = "log-in",
    request_body = LogIn,
    responses(
        (status = 200, description = "The token, and whose it is", body = LoggedIn),
        (status = 401, description = "E-mail address and password do not match; a full pool never answers so"),
        (status = 403, description = "The account is disabled"),
        (status = 429, description = "Too many log-ins failed here lately"),
    )
)]
pub(crate) async fn log_in(
    State(app): State<App>,
    peer: Option<Extension<PeerAddress>>,
    Body(body): Body<LogIn>,
) -> Response {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Extension(peer)| peer.0);
    let source = Source::address(address);
    match try_log_in(&app, &body.email, body.password.secret(), source, None).await {
        Ok((user, UserToken { token, expires_at })) => {
            Json(LoggedIn { token, expires_at, user }).into_response()
        }
        // Somebody who may not, where a sign-on would be refused.
        Err(error) if error.problem().code == Code::UserDisabled => {
            with_status(StatusCode::FORBIDDEN, error)
        }
        Err(error) => error.into_response(),
    }
}

/// Tests a password and makes a token, for a machine or for REST.
pub(crate) async fn try_log_in(
    app: &App,
    email: &str,
    password: &Secret,
    source: Source,
    machine: Option<MachineId>,
) -> Result<(UserView, UserToken), ApiError> {
    if let Err(wait) = app.attempts.begin(email, source, app.clock.mono()) {
        return Err(ApiError::too_many("Too many log-ins failed here lately.", wait));
    }
    let found = app.passwords.matching_person(&app.directory, email, password, source).await?;
    let Some(user) = found else {
        let detail = "E-mail and password do not match. Check both.";
        let next = "Your administrator can set a new password.";
        return Err(ApiError::new(Code::WrongPassword, detail, next));
    };
    app.attempts.succeeded(email, source, app.clock.mono());
    let known = app.read(move |view| view.state.user(user).cloned()).await?;
    let names = app.names();
    let view = known.and_then(|known| user_view(&names, user, &known));
    // Whom the journal does not know, because the record that added them was set aside, is as good
    // as disabled.
    let Some(view) = view.filter(|view| view.enabled) else {
        return Err(ApiError::new(Code::UserDisabled, DISABLED, ASK_ADMINISTRATOR));
    };
    let token = app.directory.issue_token(user, machine).await?;
    Ok((view, token))
}

/// Logs out
///
/// Ends the token that the request shows. Seats stay as they are.
#[utoipa::path(
    delete,
    path = "/api/v1/login",
    operation_id = "log_out",
    tag = "log-in",
    responses(
        (status = 204, description = "The token is worth nothing now"),
        (status = 403, description = "The token is not a log-in"),
    ),
    security(("token" = []))
)]
pub(crate) async fn log_out(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<StatusCode, ApiError> {
    match (caller.principal, caller.token) {
        (Principal::User(_), Some(token)) => {
            app.directory.end_token(token).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        (Principal::User(_) | Principal::Admin | Principal::Service(_), _) => {
            Err(ApiError::not_allowed(
                "This token is not a log-in; an administrator ends it with hotseat-pool.",
            ))
        }
    }
}

/// Shows what is mine
///
/// Tells whose token it is, with their seats, places in line and offers.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "show_me",
    tag = "log-in",
    responses(
        (status = 200, description = "Who, and what is theirs", body = Me),
    ),
    security(("token" = []))
)]
pub(crate) async fn me(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<Me>, ApiError> {
    let names = app.names();
    let user = match &caller.principal {
        Principal::User(user) => *user,
        Principal::Service(service) => {
            let service = names.service(service.id).map(DisplayName::clamped);
            return Ok(Json(Me { user: None, service, seats: vec![], places: vec![] }));
        }
        Principal::Admin => {
            return Ok(Json(Me { user: None, service: None, seats: vec![], places: vec![] }));
        }
    };
    let me = app
        .read(move |view| Me {
            user: view.state.user(user).and_then(|known| user_view(&names, user, known)),
            service: None,
            seats: seats(view, user),
            places: places(view, user),
        })
        .await?;
    if let (None, Some(poison)) = (&me.user, app.engine.halted()) {
        // A later record may tell of them.
        return Err(ApiError::halted(poison));
    }
    Ok(Json(me))
}

fn seats(view: View<'_>, user: UserId) -> Vec<MySeat> {
    let seats = view.state.user_seats(user).map(|seat| MySeat {
        id: seat.id,
        epoch: seat.epoch,
        pool: seat.asked.pool.clone(),
        client: seat.asked.client.clone(),
        since: seat.since,
        counted: seat.counted,
        leaving: seat.leaving.as_ref().map(|leaving| leaving.release.reason),
        on_machine: matches!(seat.keeper, Keeper::Machine(_)),
        lease_ms: Some(left_ms(view.presence.lease_left(seat, view.now))),
    });
    seats.collect()
}

fn places(view: View<'_>, user: UserId) -> Vec<MyPlace> {
    let state = view.state;
    let pools = state.pools().map(|pool| &pool.definition.id);
    let places = pools.filter_map(|pool| state.user_place(pool, user)).map(|place| MyPlace {
        id: place.id,
        pool: place.asked.pool.clone(),
        rank: PeopleCount::clamped(state.position(place.id).unwrap_or_default().into()),
        since: place.since,
        offer: place.offer_id(),
        offer_left_ms: place
            .offer_id()
            .map(|offer| left_ms(view.presence.offer_left(offer, view.now))),
    });
    places.collect()
}
