//! Whether the server runs, and whether it can do all of its work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hotseat_protocol::problem::Code;
use hotseat_protocol::quantity::{LeftMs, RecordNumber};
use hotseat_rules::Recovering;

use super::app::App;
use super::error::{ApiError, with_status};
use super::openapi::probes::{Alive, Standing};
use super::{duration_ms, words};
use crate::engine::Health;
use crate::journal::Stopper;

/// How long the engine may take to say how it stands. That the process lives does not depend on it.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// Tells that the server runs
///
/// The process runs and answers. Renewals and sign-offs must go on reaching a pool that recovers,
/// so this is 200 then too, and says why nothing is granted.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "show_health",
    tag = "server",
    responses((status = 200, description = "It runs", body = Alive))
)]
pub(crate) async fn live(State(app): State<App>) -> Json<Alive> {
    let alive = Alive { status: "ok", version: env!("CARGO_PKG_VERSION"), ..Alive::default() };
    if let Some(poison) = app.engine.halted() {
        let (detail, next) = words::halted(poison);
        let record = match poison.what {
            Stopper::Record(record) => Some(RecordNumber::clamped(record.0)),
            Stopper::Rows => None,
        };
        let (detail, next) = (Some(detail), Some(next));
        return Json(Alive { status: "read_only", detail, next, record, ..alive });
    }
    let look = app.read(|view| view.recovering());
    let Ok(Ok(Some(recovering))) = tokio::time::timeout(LOOK_WITHIN, look).await else {
        return Json(alive);
    };
    let (detail, next) = words::recovering(Some(recovering));
    let left_ms = match recovering {
        Recovering::For(left) => Some(LeftMs::clamped(duration_ms(left))),
        Recovering::UntilRecovered { .. } | Recovering::UntilDefined => None,
    };
    let (detail, next) = (Some(detail), Some(next));
    Json(Alive { status: "recovering", detail, next, left_ms, ..alive })
}

/// Tells that links and renewals are answered here
///
/// No other server answers them; this is what a load balancer asks. That nothing can be granted, or
/// even renewed, for now is no reason to take the server away: no other one has more to say.
#[utoipa::path(
    get,
    path = "/activez",
    operation_id = "show_activity",
    tag = "server",
    responses((status = 200, description = "Links and renewals are answered here", body = Standing))
)]
pub(crate) async fn active(State(app): State<App>) -> Response {
    if app.shutdown.is_requested() {
        return ApiError::stopping().into_response();
    }
    match app.read(|view| view.state.newest()).await {
        Ok(newest) => Json(Standing::at("active", newest)).into_response(),
        Err(error) => error.into_response(),
    }
}

/// Tells whether seats can be granted
///
/// The journal was replayed, can be written, and nothing is being recovered.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "show_readiness",
    tag = "server",
    responses((status = 200, description = "Seats can be granted", body = Standing))
)]
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.shutdown.is_requested() {
        return ApiError::stopping().into_response();
    }
    if let Some(poison) = app.engine.halted() {
        return ApiError::halted(poison).into_response();
    }
    let found = app.read(|view| (view.state.newest(), view.recovering())).await;
    let (newest, recovering) = match found {
        Ok(found) => found,
        Err(error) => return error.into_response(),
    };
    match app.engine.health() {
        Health::Writable => {}
        Health::Unwritable(error) | Health::Unknown(error) => {
            let detail = format!("The pool grants and frees nothing: {error}.");
            let next = "Make the data directory writable; the pool goes on by itself.";
            return ApiError::new(Code::Unavailable, detail, next).into_response();
        }
    }
    if recovering.is_some() {
        let (detail, next) = words::recovering(recovering);
        let error = ApiError::new(Code::PoolRecovering, detail, next);
        let error = match recovering {
            Some(Recovering::For(left)) => error.retry_after(left),
            Some(Recovering::UntilRecovered { .. } | Recovering::UntilDefined) | None => error,
        };
        return with_status(StatusCode::SERVICE_UNAVAILABLE, error);
    }
    Json(Standing::at("ready", newest)).into_response()
}
