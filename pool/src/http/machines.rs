//! Machines: invited by an administrator, enrolled by themselves, revoked by an administrator.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::{Enroll, Enrolled, Invitation, MachineView};
use hotseat_protocol::ids::MachineId;
use hotseat_protocol::problem::Problem;
use hotseat_rules::Command;

use super::app::App;
use super::auth::Admin;
use super::error::ApiError;
use super::extract::{Body, Named};
use crate::directory::{DirectoryError, MachineRecord, Token, checked_name};
use crate::fresh;

/// `GET /machines`
#[utoipa::path(
    get,
    path = "/api/v1/machines",
    responses((status = 200, body = Vec<MachineView>), (status = 401, body = Problem), (status = 403, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Admin,
) -> Result<Json<Vec<MachineView>>, ApiError> {
    let records = app.directory.machines().await?;
    let views = app
        .read(move |view| {
            let views = records.into_iter().filter_map(|record| {
                let MachineRecord { id, name, enrolled, clone_seen } = record;
                Some(MachineView {
                    id,
                    name,
                    enrolled_at: enrolled,
                    revoked: view.state.machine(id)?.revoked,
                    unconfirmed: view.state.machine(id)?.unconfirmed,
                    connected: view.presence.connected(id),
                    seats: u32::try_from(view.state.machine_seats(id).count()).unwrap_or(u32::MAX),
                    clone_seen_at: clone_seen,
                })
            });
            views.collect()
        })
        .await?;
    Ok(Json(views))
}

/// `POST /machines/invitations`
#[utoipa::path(
    post,
    path = "/api/v1/machines/invitations",
    responses((status = 201, body = Invitation), (status = 401, body = Problem), (status = 403, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn invite(
    State(app): State<App>,
    _: Admin,
) -> Result<(StatusCode, Json<Invitation>), ApiError> {
    let (invitation, expires_at) = app.directory.invite_machine().await?;
    Ok((StatusCode::CREATED, Json(Invitation { invitation, expires_at })))
}

/// `DELETE /machines/invitations/{invitation}`
#[utoipa::path(
    delete,
    path = "/api/v1/machines/invitations/{invitation}",
    params(("invitation" = String, Path, description = "The SHA-256 of the invitation, in hexadecimal digits")),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    _: Admin,
    Named(invitation): Named<String>,
) -> Result<StatusCode, ApiError> {
    let nothing = || ApiError::not_found(format!("There is no invitation {invitation}."));
    let token = Token::from_hex(&invitation).ok_or_else(nothing)?;
    if app.directory.withdraw_invitation(token).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(nothing())
    }
}

/// `POST /machines/enroll`
#[utoipa::path(
    post,
    path = "/api/v1/machines/enroll",
    request_body = Enroll,
    responses((status = 201, body = Enrolled), (status = 401, body = Problem), (status = 422, body = Problem))
)]
pub(crate) async fn enroll(
    State(app): State<App>,
    Body(body): Body<Enroll>,
) -> Result<(StatusCode, Json<Enrolled>), ApiError> {
    let name = checked_name("name", &body.name)?;
    let invitation = Token::shown(body.invitation.expose());
    let now = app.clock.wall();
    // Looked at first, so that only an invited machine gets into the journal.
    if !app.directory.is_invited(invitation).await? {
        return Err(DirectoryError::InvitationOver.into());
    }
    let id = MachineId::from_random(fresh::bits());
    app.submit(Command::AddMachine { machine: id }).await?;
    let record = MachineRecord { id, name, enrolled: now, clone_seen: None };
    match app.directory.enroll_machine(invitation, record).await {
        Ok(credential) => Ok((StatusCode::CREATED, Json(Enrolled { machine: id, credential }))),
        Err(error) => {
            // Another machine used the invitation meanwhile: nobody has this one's credential.
            app.submit(Command::RevokeMachine { machine: id }).await?;
            Err(error.into())
        }
    }
}

/// `DELETE /machines/{machine}`
#[utoipa::path(
    delete,
    path = "/api/v1/machines/{machine}",
    params(("machine" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    _: Admin,
    Named(machine): Named<MachineId>,
) -> Result<StatusCode, ApiError> {
    app.submit(Command::RevokeMachine { machine }).await?;
    app.directory.end_machine_tokens(machine).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /machines/{machine}/confirm`: says that a machine which a lost record may have revoked
/// was not.
#[utoipa::path(
    post,
    path = "/api/v1/machines/{machine}/confirm",
    params(("machine" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    _: Admin,
    Named(machine): Named<MachineId>,
) -> Result<StatusCode, ApiError> {
    app.submit(Command::ConfirmMachine { machine }).await?;
    Ok(StatusCode::NO_CONTENT)
}
