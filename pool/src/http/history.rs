//! The journal as a list: all of it for administrators, their own part for people.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use hotseat_protocol::api::{History, HistoryQuery, MyHistoryQuery};
use hotseat_protocol::ids::Seq;
use hotseat_protocol::problem::Code;
use hotseat_protocol::quantity::{HistoryDays, HistoryLimit, RecordNumber};
use hotseat_rules::Caller;

use super::app::App;
use super::auth::{Admin, Authenticated};
use super::error::ApiError;
use super::extract::Params;
use crate::directory::Principal;
use crate::history::{Search, Since};
use crate::turns::Crowded;

/// Records of one answer unless something else is said.
const RECORDS_USUALLY: u64 = 100;
/// Days that one's own history reaches back unless something else is said.
const DAYS_USUALLY: u64 = 7;
/// When it is worth asking again after too many have asked.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(2);
const DAY_SECONDS: u64 = 24 * 3600;

/// Shows the history
///
/// Tells the journal's records, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/history",
    operation_id = "show_history",
    tag = "history",
    params(HistoryQuery),
    responses(
        (status = 200, description = "The records", body = History),
    ),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(app): State<App>,
    _: Admin,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<History>, ApiError> {
    let search = Search {
        after: Seq(query.after.map_or(0, RecordNumber::get)),
        limit: limit(query.limit),
        pool: query.pool,
        user: None,
        since: None,
    };
    search_in(app, Caller::Admin, search).await
}

/// Shows my history
///
/// Tells what was written down about whoever asks, and nobody else.
#[utoipa::path(
    get,
    path = "/api/v1/me/history",
    operation_id = "show_my_history",
    tag = "history",
    params(MyHistoryQuery),
    responses(
        (status = 200, description = "The records", body = History),
        (status = 403, description = "The token is nobody's log-in"),
    ),
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
    let days = query.days.map_or(DAYS_USUALLY, HistoryDays::get);
    let ago = Duration::from_secs(days.saturating_mul(DAY_SECONDS));
    let wall = app.clock.wall().earlier_by_ms(ago.as_secs().saturating_mul(1000));
    let search = Search {
        after: Seq(query.after.map_or(0, RecordNumber::get)),
        limit: limit(query.limit),
        pool: None,
        user: Some(user),
        since: Some(Since { own_ms: app.directory.own_ms_before(ago), wall }),
    };
    search_in(app, Caller::User(user), search).await
}

fn limit(asked: Option<HistoryLimit>) -> usize {
    let limit = asked.map_or(RECORDS_USUALLY, HistoryLimit::get);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

async fn search_in(app: App, caller: Caller, search: Search) -> Result<Json<History>, ApiError> {
    let (reader, names) = (app.reader.clone(), app.names());
    let turn = reader.turns.take([caller]).await.map_err(|Crowded| {
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
