//! REST, and the way in for links.
//!
//! One file for each kind of thing. A handler checks what was asked, submits one command to the
//! engine or looks at the committed state, and turns the answer into the wire's words; it decides
//! nothing.

mod app;
mod auth;
pub(crate) mod browsers;
mod capacity;
mod connections;
mod convert;
mod error;
mod extract;
pub(crate) mod forwarded;
mod health;
mod history;
pub mod link;
pub(crate) mod local;
mod log_in;
mod machines;
mod offers;
mod openapi;
mod pools;
mod scope;
mod seats;
pub mod serve;
mod services;
mod told;
mod unread;
mod users;
mod words;

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use hotseat_protocol::ids::WallTime;
use hotseat_protocol::problem::Code;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::app::App;
pub(crate) use self::browsers::Hosts;
use self::capacity::Capacity;
pub(crate) use self::connections::{ConnectionLimits, Connections};
pub(crate) use self::convert::pool_body as definition_body;
use self::error::ApiError;
pub(crate) use self::forwarded::Forwarded;
pub(crate) use self::words::recovering;

/// The longest body of a request.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Everything that can be asked.
pub(crate) fn router(app: App, hosts: Hosts) -> Router {
    let only_read = middleware::from_fn_with_state(app.clone(), only_read);
    let unjudged = middleware::from_fn_with_state(app.clone(), unjudged);
    let shared = middleware::from_fn_with_state(Capacity::new(app.clone()), capacity::share);
    let (router, described) = described().split_for_parts();
    router
        .route(hotseat_protocol::link::LINK_PATH, get(link::open))
        .fallback(nothing_here)
        .method_not_allowed_fallback(another_method)
        .layer(Extension(openapi::complete(described)))
        .layer(only_read)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(shared)
        .layer(unjudged)
        .layer(middleware::from_fn_with_state(hosts, browsers::keep_out))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::map_response(never_cached))
        .layer(middleware::map_response_with_state(app.clone(), dated))
        .with_state(app)
}

/// The OpenAPI document, as `GET /api/v1/openapi.json` sends it.
#[must_use]
pub fn document() -> String {
    openapi::complete(described().into_openapi()).to_string()
}

/// Every route with its description.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::heading())
        .merge(callers())
        .merge(administrators())
        .routes(routes!(openapi::show))
        .routes(routes!(health::live))
        .routes(routes!(health::active))
        .routes(routes!(health::ready))
}

fn callers() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(log_in::log_in, log_in::log_out))
        .routes(routes!(log_in::me))
        .routes(routes!(history::mine))
        .routes(routes!(pools::list))
        .routes(routes!(seats::sign_on))
        .routes(routes!(seats::check))
        .routes(routes!(seats::request))
        .routes(routes!(offers::accept))
        .routes(routes!(offers::decline))
        .routes(routes!(offers::leave))
        .routes(routes!(seats::renew))
        .routes(routes!(seats::keep))
        .routes(routes!(seats::sign_off))
        .routes(routes!(machines::enroll))
}

fn administrators() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(pools::show, pools::define, pools::remove))
        .routes(routes!(seats::reclaim))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::show, users::change, users::remove))
        .routes(routes!(services::list, services::add))
        .routes(routes!(services::remove))
        .routes(routes!(machines::list))
        .routes(routes!(machines::invite))
        .routes(routes!(machines::withdraw))
        .routes(routes!(machines::revoke))
        .routes(routes!(machines::confirm))
        .routes(routes!(history::show))
}

/// A pool that only reads answers questions, and changes nothing: not even a log-in, which would
/// be written.
async fn only_read(State(app): State<App>, request: Request, next: Next) -> Response {
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(poison) = app.engine.halted().filter(|_| !asks) else {
        return next.run(request).await;
    };
    // Whoever still sends would not hear the answer.
    let _ = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    ApiError::halted(poison).into_response()
}

/// A pool that only reads judges nobody finally: what it reads ends where it was stopped.
async fn unjudged(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(poison) = app.engine.halted() else {
        return next.run(request).await;
    };
    let shows_credential = request.headers().contains_key(header::AUTHORIZATION);
    let response = next.run(request).await;
    let code = response.extensions().get::<Code>().copied();
    match code.filter(|code| judges(*code, shows_credential)) {
        Some(_) => ApiError::halted(poison).into_response(),
        None => response,
    }
}

/// Whether an answer judges somebody or something that a later record, or a row that cannot be
/// read, may tell otherwise of.
fn judges(code: Code, shows_credential: bool) -> bool {
    match code {
        // Whoever shows nothing is judged by nothing.
        Code::NotAuthenticated => shows_credential,
        Code::NotFound
        | Code::Ended
        | Code::MachineRevoked
        | Code::UserDisabled
        | Code::Internal
        | Code::Unavailable => true,
        Code::WrongPassword
        | Code::NotAllowed
        | Code::PoolFull
        | Code::OthersWait
        | Code::ClientCannotHold
        | Code::ClientCannotWait
        | Code::NotEntitled
        | Code::PoolRecovering
        | Code::MachineCloned
        | Code::RequestReused
        | Code::Invalid
        | Code::TooMany
        | Code::NotLoggedIn
        | Code::PoolUnreachable
        | Code::NoSession
        | Code::StateUnwritable
        | Code::NotEnrolled
        | Code::AlreadyRunning
        | Code::AnotherVersion
        | Code::Unknown => false,
    }
}

/// When an answer was made (RFC 9110, 6.6.1).
async fn dated(State(app): State<App>, mut response: Response) -> Response {
    let wall = app.clock.wall().clamp(WallTime::MIN, WallTime::MAX);
    let now = jiff::Timestamp::from_millisecond(wall.unix_ms).unwrap_or_default();
    let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// Answers are true for an instant, and some of them carry secrets.
async fn never_cached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let no_sniff = HeaderName::from_static("x-content-type-options");
    headers.insert(no_sniff, HeaderValue::from_static("nosniff"));
    response
}

async fn nothing_here(request: Request) -> ApiError {
    let path: String = request.uri().path().chars().take(200).collect();
    ApiError::not_found(format!("There is nothing at {path}."))
}

async fn another_method(request: Request) -> Response {
    let detail = format!("{} is not possible here.", request.method());
    let error = ApiError::new(
        hotseat_protocol::problem::Code::Invalid,
        detail,
        "The Allow header lists what is; /api/v1/openapi.json describes it.",
    );
    error::with_status(axum::http::StatusCode::METHOD_NOT_ALLOWED, error)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ApiError::internal(&text.unwrap_or("a panic without words")).into_response()
}

/// Milliseconds of a duration.
pub(crate) fn duration_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
