//! Machines: invited by an administrator, enrolled by themselves, revoked by an administrator.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::{Enroll, Enrolled, Invitation, MachineView};
use hotseat_protocol::bounded_text::DisplayName;
use hotseat_protocol::ids::MachineId;
use hotseat_protocol::quantity::SeatCount;
use hotseat_rules::Command;

use super::app::App;
use super::auth::Admin;
use super::error::ApiError;
use super::extract::{Body, Named};
use crate::directory::{DirectoryError, MachineRecord, Token, checked_name};
use crate::fresh;

/// Lists the machines
///
/// Tells which computers were enrolled, and how they stand.
#[utoipa::path(
    get,
    path = "/api/v1/machines",
    operation_id = "list_machines",
    tag = "machines",
    responses(
        (status = 200, description = "The machines", body = Vec<MachineView>),
    ),
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
                    name: DisplayName::clamped(&name),
                    enrolled_at: enrolled,
                    revoked: view.state.machine(id)?.revoked,
                    unconfirmed: view.state.machine(id)?.unconfirmed,
                    connected: view.presence.connected(id),
                    seats: seat_count(view.state.machine_seats(id).count()),
                    clone_seen_at: clone_seen,
                })
            });
            views.collect()
        })
        .await?;
    Ok(Json(views))
}

fn seat_count(count: usize) -> SeatCount {
    SeatCount::clamped(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Invites a machine
///
/// Makes an invitation that enrols one computer, once, within an hour.
#[utoipa::path(
    post,
    path = "/api/v1/machines/invitations",
    operation_id = "invite_machine",
    tag = "machines",
    responses(
        (status = 201, description = "The invitation", body = Invitation),
    ),
    security(("token" = []))
)]
pub(crate) async fn invite(
    State(app): State<App>,
    _: Admin,
) -> Result<(StatusCode, Json<Invitation>), ApiError> {
    let (invitation, expires_at) = app.directory.invite_machine().await?;
    Ok((StatusCode::CREATED, Json(Invitation { invitation, expires_at })))
}

/// Withdraws an invitation
///
/// Ends an invitation that was not used yet.
#[utoipa::path(
    delete,
    path = "/api/v1/machines/invitations/{invitation}",
    operation_id = "withdraw_invitation",
    tag = "machines",
    params(("invitation" = String, Path, pattern = "^[0-9A-Fa-f]{64}$", min_length = 64, max_length = 64, description = "The SHA-256 of the invitation, in hexadecimal digits")),
    responses(
        (status = 204, description = "It is withdrawn"),
    ),
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

/// Enrols a machine
///
/// Trades an invitation for the credential of a computer's link.
#[utoipa::path(
    post,
    path = "/api/v1/machines/enroll",
    operation_id = "enroll_machine",
    tag = "machines",
    request_body = Enroll,
    responses(
        (status = 201, description = "The machine and its credential", body = Enrolled),
        (status = 401, description = "The invitation was used, has ended, or never was"),
    )
)]
pub(crate) async fn enroll(
    State(app): State<App>,
    Body(body): Body<Enroll>,
) -> Result<(StatusCode, Json<Enrolled>), ApiError> {
    let name = checked_name("name", &body.name)?;
    let invitation = Token::shown(body.invitation.secret().expose());
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

/// Revokes a machine
///
/// Ends its credential and reclaims its seats.
#[utoipa::path(
    delete,
    path = "/api/v1/machines/{machine}",
    operation_id = "revoke_machine",
    tag = "machines",
    params(("machine" = inline(MachineId), Path, description = "The machine's id")),
    responses(
        (status = 204, description = "It is revoked"),
    ),
    security(("token" = []))
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Admin(by): Admin,
    Named(machine): Named<MachineId>,
) -> Result<StatusCode, ApiError> {
    app.submit_by(by, Command::RevokeMachine { machine }).await?;
    app.directory.end_machine_tokens(machine).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Confirms a machine
///
/// Says that a machine which a record that was set aside may have revoked was not.
#[utoipa::path(
    post,
    path = "/api/v1/machines/{machine}/confirm",
    operation_id = "confirm_machine",
    tag = "machines",
    params(("machine" = inline(MachineId), Path, description = "The machine's id")),
    responses(
        (status = 204, description = "It may link again"),
        (status = 422, description = "An administrator revoked it"),
    ),
    security(("token" = []))
)]
pub(crate) async fn confirm(
    State(app): State<App>,
    Admin(by): Admin,
    Named(machine): Named<MachineId>,
) -> Result<StatusCode, ApiError> {
    app.submit_by(by, Command::ConfirmMachine { machine }).await?;
    Ok(StatusCode::NO_CONTENT)
}
