//! The broker's link: one WebSocket per machine.
//!
//! `hello` takes a greeting, which [`links`](crate::links) judges; `session` reads and writes frames,
//! `messages` turns one message into one answer, [`translate`] and `outcome` are the two vocabularies
//! side by side, `idle` tells idle spells from what renewals report, `lease` says by which lease a
//! machine renews.
//!
//! What is public is pure, and the simulation plays with it.

mod frames;
mod hello;
mod idle;
mod lease;
mod messages;
mod outcome;
mod session;
pub mod translate;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hotseat_protocol::ids::MachineId;
use hotseat_protocol::link::LINK_FRAME_BYTES_MAX;
use hotseat_protocol::problem::Code;

use super::app::App;
use super::auth::bearer;
use super::browsers;
use super::connections::Place;
use super::error::{ApiError, with_status};
use super::words::{ASK_ADMINISTRATOR, REVOKED};

/// Bytes that one link buffers for reading; the library's own choice is 128 KiB for each machine.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Bytes that may wait to be written: one snapshot page and what came after it.
const WRITE_BUFFER_BYTES_MAX: usize = 4 * LINK_FRAME_BYTES_MAX;

/// `GET /link`
pub(crate) async fn open(
    State(app): State<App>,
    place: Option<Extension<Arc<Place>>>,
    parts: Parts,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Response> {
    browsers::expect_no_page(&parts.headers).map_err(IntoResponse::into_response)?;
    let machine = machine(&app, &parts).await?;
    let upgrade = upgrade.map_err(|rejection| {
        let detail = "This is the brokers' WebSocket; open it as one.";
        with_status(rejection.status(), ApiError::invalid(detail))
    })?;
    let arrival = app.links.arrivals.open(machine, app.clock.mono()).map_err(|wait| {
        let detail = "This machine has opened too many links.";
        ApiError::too_many(detail, wait).into_response()
    })?;
    if let Some(Extension(place)) = &place {
        place.is_link();
    }
    let tasks = app.tasks.clone();
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(LINK_FRAME_BYTES_MAX)
        .max_frame_size(LINK_FRAME_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| async move {
        // The connection counts as long as the link lives.
        let _place = place;
        tasks.track(session::run(app, machine, socket, arrival)).await;
    }))
}

/// The machine whose credential was shown.
async fn machine(app: &App, parts: &Parts) -> Result<MachineId, Response> {
    let credential = bearer(parts).map_err(|_| unknown())?;
    let found = app.directory.machine_by_credential(credential).await;
    let found = found.map_err(|error| ApiError::from(error).into_response())?;
    let machine = found.ok_or_else(unknown)?;
    if app.engine.halted().is_some() {
        // Its greeting is answered with the reason; nobody is judged by half a journal.
        return Ok(machine);
    }
    let revoked = app
        .read(move |view| view.state.machine(machine).is_none_or(|machine| machine.revoked))
        .await
        .map_err(IntoResponse::into_response)?;
    if revoked {
        let error = ApiError::new(Code::MachineRevoked, REVOKED, ASK_ADMINISTRATOR);
        return Err(with_status(axum::http::StatusCode::FORBIDDEN, error));
    }
    Ok(machine)
}

fn unknown() -> Response {
    let detail = "This machine's credential is not known to the pool server.";
    let next = "Enrol it again: hotseat-pool machine invite, then at the machine, as root, \
                hotseat-broker enroll --force --server URL.";
    ApiError::new(Code::NotAuthenticated, detail, next).into_response()
}
