//! Whether the server runs, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hotseat_protocol::problem::Code;
use serde_json::{Value, json};

use super::app::App;
use super::error::ApiError;
use crate::engine::Health;

/// The process runs and answers.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// The journal was replayed and can be written.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.shutdown.is_requested() {
        return ApiError::stopping().into_response();
    }
    let position = app.read(|view| (view.state.generation(), view.state.seq())).await;
    let (generation, seq) = match position {
        Ok(position) => position,
        Err(error) => return error.into_response(),
    };
    match app.engine.health() {
        Health::Writable => {
            let body =
                json!({ "status": "ready", "generation": generation.to_string(), "seq": seq });
            (StatusCode::OK, Json(body)).into_response()
        }
        Health::Unwritable(error) | Health::Unknown(error) => {
            let detail = format!("The pool grants and frees nothing: {error}.");
            let next = "Make the data directory writable; the pool goes on by itself.";
            ApiError::new(Code::Unavailable, detail, next).into_response()
        }
    }
}
