//! Tokens of application servers and scripts, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::{AddService, NewService, ServiceView};
use hotseat_protocol::ids::ServiceId;
use hotseat_protocol::problem::Problem;

use super::app::App;
use super::auth::Admin;
use super::error::ApiError;
use super::extract::{Body, Named};
use crate::directory::{Service, ServiceRecord};
use crate::fresh;

fn service_view(record: ServiceRecord) -> ServiceView {
    let Service { id, act_for, pools, clients } = record.service;
    ServiceView { id, name: record.name, act_for, pools, clients, created_at: record.created }
}

/// `GET /services`
#[utoipa::path(
    get,
    path = "/api/v1/services",
    responses((status = 200, body = Vec<ServiceView>), (status = 401, body = Problem), (status = 403, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Admin,
) -> Result<Json<Vec<ServiceView>>, ApiError> {
    let services = app.directory.services().await?;
    Ok(Json(services.into_iter().map(service_view).collect()))
}

/// `POST /services`
#[utoipa::path(
    post,
    path = "/api/v1/services",
    request_body = AddService,
    responses((status = 201, body = NewService), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn add(
    State(app): State<App>,
    _: Admin,
    Body(body): Body<AddService>,
) -> Result<(StatusCode, Json<NewService>), ApiError> {
    for (key, is_empty) in [
        ("pools", body.pools.as_ref().is_some_and(Vec::is_empty)),
        ("clients", body.clients.as_ref().is_some_and(Vec::is_empty)),
    ] {
        if is_empty {
            let detail = format!("{key}: an empty list allows nothing; leave it out to allow all.");
            return Err(ApiError::invalid(detail));
        }
    }
    let named = body.pools.clone().unwrap_or_default();
    let unknown = app
        .read(move |view| named.into_iter().find(|pool| view.state.pool(pool).is_none()))
        .await?;
    if let Some(pool) = unknown {
        return Err(ApiError::invalid(format!("pools: there is no pool {pool}.")));
    }
    let record = ServiceRecord {
        service: Service {
            id: ServiceId::from_random(fresh::bits()),
            act_for: body.act_for,
            pools: body.pools,
            clients: body.clients,
        },
        name: body.name.trim().to_owned(),
        created: app.clock.wall(),
    };
    let token = app.directory.add_service(record.clone()).await?;
    Ok((StatusCode::CREATED, Json(NewService { service: service_view(record), token })))
}

/// `DELETE /services/{service}`
#[utoipa::path(
    delete,
    path = "/api/v1/services/{service}",
    params(("service" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    _: Admin,
    Named(service): Named<ServiceId>,
) -> Result<StatusCode, ApiError> {
    if app.directory.remove_service(service).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found(format!("There is no service {service}.")))
    }
}
