//! Pools: how they stand, and for administrators what they are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::{OverHolders, PoolBody, PoolDetail, PoolSet};
use hotseat_protocol::ids::PoolId;
use hotseat_protocol::quantity::SeatCount;
use hotseat_protocol::view::{HOLDERS_MAX, PoolView};
use hotseat_rules::{Command, Refusal, Seat};

use super::app::App;
use super::auth::{Admin, Authenticated};
use super::convert::{pool_body, pool_definition};
use super::error::ApiError;
use super::extract::{Body, Named};
use crate::directory::Names;
use crate::engine::View;
use crate::feed::{self, Eyes, pool_view};

/// Lists the pools
///
/// Tells how each pool that the caller may use stands: seats, holders and line, as its privacy
/// setting allows.
#[utoipa::path(
    get,
    path = "/api/v1/pools",
    operation_id = "list_pools",
    tag = "pools",
    responses(
        (status = 200, description = "The pools, by id", body = Vec<PoolView>),
    ),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Authenticated,
) -> Result<Json<Vec<PoolView>>, ApiError> {
    let (names, eyes) = (app.names(), caller.eyes());
    let views = app
        .read(move |view| {
            caller.expect_enabled(view.state)?;
            let ids = view.state.pools().map(|pool| &pool.definition.id);
            let seen = ids.filter(|id| caller.may_see(id));
            Ok::<_, ApiError>(seen.filter_map(|id| pool_view(view, &*names, id, eyes)).collect())
        })
        .await??;
    Ok(Json(views))
}

/// Shows a pool
///
/// Tells how it stands; administrators are told its definition, too.
#[utoipa::path(
    get,
    path = "/api/v1/pools/{pool}",
    operation_id = "show_pool",
    tag = "pools",
    params(("pool" = inline(PoolId), Path, description = "The pool, for example infor-crm")),
    responses(
        (status = 200, description = "The pool", body = PoolDetail),
    ),
    security(("token" = []))
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Authenticated,
    Named(id): Named<PoolId>,
) -> Result<Json<PoolDetail>, ApiError> {
    if !caller.may_see(&id) {
        return Err(ApiError::not_allowed(format!("This service token may not use pool {id}.")));
    }
    let (names, eyes) = (app.names(), caller.eyes());
    let unknown = Refusal::UnknownPool(id.clone());
    let detail = app
        .read(move |view| {
            caller.expect_enabled(view.state)?;
            let pool = pool_view(view, &*names, &id, eyes).ok_or(unknown)?;
            let definition = view.state.pool(&id).filter(|_| eyes == Eyes::Administrator);
            let definition = definition.map(|pool| Box::new(pool_body(&pool.definition)));
            Ok::<_, ApiError>(PoolDetail { pool, definition })
        })
        .await??;
    Ok(Json(detail))
}

/// Defines a pool
///
/// Makes it, or replaces its whole definition; what is absent has its default. Lowering the number
/// of seats evicts no one: nothing is granted until enough have signed off.
#[utoipa::path(
    put,
    path = "/api/v1/pools/{pool}",
    operation_id = "define_pool",
    tag = "pools",
    params(("pool" = inline(PoolId), Path, description = "The pool, for example infor-crm")),
    request_body = PoolBody,
    responses(
        (status = 200, description = "It was there and is changed", body = PoolSet),
        (status = 201, description = "It is new", body = PoolSet),
        (status = 422, description = "A client that is in use would be removed, or two settings contradict each other"),
    ),
    security(("token" = []))
)]
pub(crate) async fn define(
    State(app): State<App>,
    Admin(by): Admin,
    Named(id): Named<PoolId>,
    Body(body): Body<PoolBody>,
) -> Result<(StatusCode, Json<PoolSet>), ApiError> {
    let definition = Box::new(pool_definition(id.clone(), body));
    let known = id.clone();
    let is_new = app.read(move |view| view.state.pool(&known).is_none()).await?;
    app.submit_by(by, Command::DefinePool { definition }).await?;
    let names = app.names();
    let set = app.read(move |view| pool_set(view, &names, &id)).await?;
    let set = set.ok_or_else(|| ApiError::not_found("The pool was removed meanwhile."))?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(set)))
}

/// What the pool is now, and who holds more than there is.
fn pool_set(view: View<'_>, names: &Names, id: &PoolId) -> Option<PoolSet> {
    let pool = view.state.pool(id)?;
    let in_use = view.state.counts(id).in_use;
    let over = in_use.saturating_sub(pool.definition.seats);
    let mut counted: Vec<&Seat> = pool.seats.values().filter(|seat| seat.counted).collect();
    counted.sort_unstable_by_key(|seat| std::cmp::Reverse((seat.since, seat.id)));
    let told = usize::try_from(over).unwrap_or(usize::MAX).min(HOLDERS_MAX);
    let newest = counted.into_iter().take(told);
    Some(PoolSet {
        definition: Box::new(pool_body(&pool.definition)),
        in_use: SeatCount::clamped(in_use.into()),
        over: SeatCount::clamped(over.into()),
        over_holders: OverHolders::clamped(
            newest.map(|seat| feed::holder(view, names, seat, Eyes::Administrator)).collect(),
        ),
    })
}

/// Removes a pool
///
/// Reclaims its seats and ends its line.
#[utoipa::path(
    delete,
    path = "/api/v1/pools/{pool}",
    operation_id = "remove_pool",
    tag = "pools",
    params(("pool" = inline(PoolId), Path, description = "The pool, for example infor-crm")),
    responses(
        (status = 204, description = "It is removed"),
    ),
    security(("token" = []))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Admin(by): Admin,
    Named(pool): Named<PoolId>,
) -> Result<StatusCode, ApiError> {
    app.submit_by(by, Command::RemovePool { pool }).await?;
    Ok(StatusCode::NO_CONTENT)
}
