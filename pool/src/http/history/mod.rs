//! The journal as a list: all of it for administrators, their own part for people.

mod describe;
mod reader;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hotseat_protocol::api::{History, HistoryQuery, MyHistoryQuery};
use hotseat_protocol::ids::{Seq, WallTime};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::Caller;

pub(crate) use self::reader::Reader;
use self::reader::{Search, Since};
use super::app::App;
use super::auth::{Admin, Authenticated};
use super::error::ApiError;
use super::extract::Params;
use crate::directory::Principal;
use crate::turns::Crowded;

/// Records of one answer.
const RECORDS_MAX: u32 = 1000;
/// Records of one answer unless something else is said.
const RECORDS_USUALLY: u32 = 100;
/// Days that one's own history reaches back at most: what a journal keeps by default.
const DAYS_MAX: u32 = 400;
/// Days that it reaches back unless something else is said.
const DAYS_USUALLY: u32 = 7;
/// When it is worth asking again after too many have asked.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(2);
const DAY: Duration = Duration::from_hours(24);

/// `GET /history`
#[utoipa::path(
    get,
    path = "/api/v1/history",
    params(HistoryQuery),
    responses((status = 200, body = History), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(app): State<App>,
    _: Admin,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let search = Search {
        after: Seq(query.after.unwrap_or(0)),
        limit: limit(query.limit)?,
        pool: query.pool,
        user: None,
        since: None,
    };
    search_in(app, Caller::Admin, search).await
}

/// `GET /me/history`: what was written down about whoever asks, and nobody else.
#[utoipa::path(
    get,
    path = "/api/v1/me/history",
    params(MyHistoryQuery),
    responses((status = 200, body = History), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn mine(
    State(app): State<App>,
    caller: Authenticated,
    Params(query): Params<MyHistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let Principal::User(user) = caller.principal else {
        let detail = "This token is nobody's log-in, so there is no history of its own.";
        let next = "Log in as a person; an administrator reads /api/v1/history.";
        return Err(ApiError::new(Code::NotAllowed, detail, next));
    };
    let days = query.days.unwrap_or(DAYS_USUALLY);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::invalid(format!("days: {days}; use 1 to {DAYS_MAX}.")));
    }
    let ago = DAY * days;
    let ago_ms = i64::try_from(ago.as_millis()).unwrap_or(i64::MAX);
    let wall = WallTime { unix_ms: app.clock.wall().unix_ms.saturating_sub(ago_ms) };
    let search = Search {
        after: Seq(query.after.unwrap_or(0)),
        limit: limit(query.limit)?,
        pool: None,
        user: Some(user),
        since: Some(Since { own_ms: app.directory.own_ms_before(ago), wall }),
    };
    search_in(app, Caller::User(user), search).await
}

fn limit(asked: Option<u32>) -> Result<usize, ApiError> {
    let limit = asked.unwrap_or(RECORDS_USUALLY);
    if !(1..=RECORDS_MAX).contains(&limit) {
        return Err(ApiError::invalid(format!("limit: {limit}; use 1 to {RECORDS_MAX}.")));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

async fn search_in(app: App, caller: Caller, search: Search) -> Result<Json<History>, ApiError> {
    let (reader, names) = (app.reader.clone(), app.names());
    let turn = reader.turns.take(caller).await.map_err(|Crowded| {
        ApiError::too_many("Too much of the history is being read.", READ_AGAIN_AFTER)
    })?;
    let history = tokio::task::spawn_blocking(move || {
        // The turn ends with the work, also when nobody waits for it any more.
        let _turn = turn;
        reader.history(&search, &names)
    })
    .await;
    let history = history.map_err(|error| ApiError::internal(&error))?;
    Ok(Json(history.map_err(|error| ApiError::internal(&error))?))
}
