//! Tokens of application servers and scripts, for administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::{AddService, AllowedClients, AllowedPools, NewService, ServiceView};
use hotseat_protocol::bounded_text::DisplayName;
use hotseat_protocol::ids::ServiceId;

use super::app::App;
use super::auth::Admin;
use super::error::ApiError;
use super::extract::{Body, Named};
use crate::directory::{Service, ServiceRecord};
use crate::fresh;

fn service_view(record: ServiceRecord) -> ServiceView {
    let Service { id, act_for, pools, clients } = record.service;
    ServiceView {
        id,
        name: DisplayName::clamped(&record.name),
        act_for,
        pools,
        clients,
        created_at: record.created,
    }
}

/// Lists the services
///
/// Tells what each service token may do, without the token.
#[utoipa::path(
    get,
    path = "/api/v1/services",
    operation_id = "list_services",
    tag = "services",
    responses(
        (status = 200, description = "The services, by name", body = Vec<ServiceView>),
    ),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Admin,
) -> Result<Json<Vec<ServiceView>>, ApiError> {
    let services = app.directory.services().await?;
    Ok(Json(services.into_iter().map(service_view).collect()))
}

/// Adds a service
///
/// Makes a token for an application server or a script. It is told this once.
#[utoipa::path(
    post,
    path = "/api/v1/services",
    operation_id = "add_service",
    tag = "services",
    request_body = AddService,
    responses(
        (status = 201, description = "The service and its token", body = NewService),
        (status = 422, description = "The name is taken, or a pool is not known"),
    ),
    security(("token" = []))
)]
pub(crate) async fn add(
    State(app): State<App>,
    _: Admin,
    Body(body): Body<AddService>,
) -> Result<(StatusCode, Json<NewService>), ApiError> {
    let pools = body.pools.map(AllowedPools::into_vec);
    let named = pools.clone().unwrap_or_default();
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
            pools,
            clients: body.clients.map(AllowedClients::into_vec),
        },
        name: body.name.as_str().to_owned(),
        created: app.clock.wall(),
    };
    let token = app.directory.add_service(record.clone()).await?;
    Ok((StatusCode::CREATED, Json(NewService { service: service_view(record), token })))
}

/// Removes a service
///
/// Ends its token.
#[utoipa::path(
    delete,
    path = "/api/v1/services/{service}",
    operation_id = "remove_service",
    tag = "services",
    params(("service" = inline(ServiceId), Path, description = "The service's id")),
    responses(
        (status = 204, description = "It is removed"),
    ),
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
