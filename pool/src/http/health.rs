//! Whether the server runs, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hotseat_protocol::problem::Code;
use serde_json::{Value, json};

use super::app::App;
use super::error::ApiError;
use super::{duration_ms, words};
use crate::engine::Health;
use crate::rules::{Position, Recovering};

/// The process runs and answers.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// The journal was replayed and can be written. A pool that recovers is ready, because renewals and
/// sign-offs must reach it, and says why it grants nothing.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.shutdown.is_requested() {
        return ApiError::stopping().into_response();
    }
    let found = app.read(|view| (view.state.newest(), view.recovering())).await;
    let (Position { generation, seq }, recovering) = match found {
        Ok(found) => found,
        Err(error) => return error.into_response(),
    };
    match app.engine.health() {
        Health::Writable => {
            let status = if recovering.is_some() { "recovering" } else { "ready" };
            let mut body =
                json!({ "status": status, "generation": generation.to_string(), "seq": seq });
            if recovering.is_some() {
                let (detail, next) = words::recovering(recovering);
                body["detail"] = json!(detail);
                body["next"] = json!(next);
            }
            if let Some(Recovering::For(left)) = recovering {
                body["left_ms"] = json!(duration_ms(left));
            }
            (StatusCode::OK, Json(body)).into_response()
        }
        Health::Unwritable(error) | Health::Unknown(error) => {
            let detail = format!("The pool grants and frees nothing: {error}.");
            let next = "Make the data directory writable; the pool goes on by itself.";
            ApiError::new(Code::Unavailable, detail, next).into_response()
        }
    }
}
