//! The journal as a list for administrators.

mod describe;
mod reader;

use axum::Json;
use axum::extract::State;
use hotseat_protocol::api::{History, HistoryQuery};
use hotseat_protocol::ids::Seq;
use hotseat_protocol::problem::Problem;

pub(crate) use self::reader::Reader;
use super::app::App;
use super::auth::Admin;
use super::error::ApiError;
use super::extract::Params;

/// Records of one answer.
const RECORDS_MAX: u32 = 1000;
/// Records of one answer unless something else is said.
const RECORDS_USUALLY: u32 = 100;

/// `GET /history`
#[utoipa::path(
    get,
    path = "/api/v1/history",
    params(HistoryQuery),
    responses((status = 200, body = History), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(app): State<App>,
    _: Admin,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let limit = query.limit.unwrap_or(RECORDS_USUALLY);
    if !(1..=RECORDS_MAX).contains(&limit) {
        return Err(ApiError::invalid(format!("limit: {limit}; use 1 to {RECORDS_MAX}.")));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let after = Seq(query.after.unwrap_or(0));
    let (reader, names) = (app.reader.clone(), app.names());
    let read = move || reader.history(after, limit, query.pool.as_ref(), &names);
    let history = tokio::task::spawn_blocking(read).await;
    let history = history.map_err(|error| ApiError::internal(&error))?;
    Ok(Json(history.map_err(|error| ApiError::internal(&error))?))
}
