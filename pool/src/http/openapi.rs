//! The REST interface, described by itself.

use axum::Json;
use utoipa::OpenApi;

/// `GET /openapi.json`
pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

#[derive(OpenApi)]
#[openapi()]
struct Description;
