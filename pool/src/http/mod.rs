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
mod users;
mod words;

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use self::app::App;
pub(crate) use self::browsers::Hosts;
use self::capacity::Capacity;
pub(crate) use self::connections::{ConnectionLimits, Connections};
pub(crate) use self::convert::pool_body as definition_body;
use self::error::ApiError;
pub(crate) use self::forwarded::Forwarded;
pub(crate) use self::history::Reader;
pub(crate) use self::link::Links;

/// The longest body of a request.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// Everything that can be asked.
pub(crate) fn router(app: App, hosts: Hosts) -> Router {
    let only_read = middleware::from_fn_with_state(app.clone(), only_read);
    let shared = middleware::from_fn_with_state(Capacity::new(app.clone()), capacity::share);
    Router::new()
        .merge(callers())
        .merge(administrators())
        .route(hotseat_protocol::link::LINK_PATH, get(link::open))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/healthz", get(health::live))
        .route("/activez", get(health::active))
        .route("/readyz", get(health::ready))
        .fallback(nothing_here)
        .method_not_allowed_fallback(another_method)
        .layer(only_read)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(shared)
        .layer(middleware::from_fn_with_state(hosts, browsers::keep_out))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::map_response(never_cached))
        .with_state(app)
}

fn callers() -> Router<App> {
    Router::new()
        .route("/api/v1/login", post(log_in::log_in).delete(log_in::log_out))
        .route("/api/v1/me", get(log_in::me))
        .route("/api/v1/me/history", get(history::mine))
        .route("/api/v1/pools", get(pools::list))
        .route("/api/v1/pools/{pool}/seats", post(seats::sign_on))
        .route("/api/v1/pools/{pool}/checks", post(seats::check))
        .route("/api/v1/requests/{request}", get(seats::request))
        .route("/api/v1/offers/{offer}/accept", post(offers::accept))
        .route("/api/v1/offers/{offer}/decline", post(offers::decline))
        .route("/api/v1/places/{place}", delete(offers::leave))
        .route("/api/v1/seats/renew", post(seats::renew))
        .route("/api/v1/seats/{seat}/keep", post(seats::keep))
        .route("/api/v1/seats/{seat}", delete(seats::sign_off))
        .route("/api/v1/machines/enroll", post(machines::enroll))
}

fn administrators() -> Router<App> {
    Router::new()
        .route("/api/v1/pools/{pool}", get(pools::show).put(pools::define).delete(pools::remove))
        .route("/api/v1/seats/{seat}/reclaim", post(seats::reclaim))
        .route("/api/v1/users", get(users::list).post(users::add))
        .route("/api/v1/users/{user}", get(users::show).patch(users::change).delete(users::remove))
        .route("/api/v1/services", get(services::list).post(services::add))
        .route("/api/v1/services/{service}", delete(services::remove))
        .route("/api/v1/machines", get(machines::list))
        .route("/api/v1/machines/invitations", post(machines::invite))
        .route("/api/v1/machines/invitations/{invitation}", delete(machines::withdraw))
        .route("/api/v1/machines/{machine}", delete(machines::revoke))
        .route("/api/v1/machines/{machine}/confirm", post(machines::confirm))
        .route("/api/v1/history", get(history::show))
}

/// A pool of which a record cannot be used answers questions, and changes nothing: not even a
/// log-in, which would be written.
async fn only_read(State(app): State<App>, request: Request, next: Next) -> Response {
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(poison) = app.engine.halted().filter(|_| !asks) else {
        return next.run(request).await;
    };
    // Whoever still sends would not hear the answer.
    let _ = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
    ApiError::halted(poison).into_response()
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
