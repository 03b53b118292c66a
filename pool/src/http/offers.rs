//! Taking, passing and leaving, for those who wait over REST.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::RequestView;
use hotseat_protocol::ids::{OfferId, PlaceId, SeatId};
use hotseat_protocol::problem::Problem;
use hotseat_rules::{Command, Ending, Outcome, Refusal};

use super::app::{App, outcome};
use super::auth::Authenticated;
use super::convert::{ended, request_view};
use super::error::ApiError;
use super::extract::Named;
use super::scope::Used;
use crate::fresh;

/// `POST /offers/{offer}/accept`
#[utoipa::path(
    post,
    path = "/api/v1/offers/{offer}/accept",
    params(("offer" = String, Path)),
    responses((status = 200, body = RequestView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 410, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn accept(
    State(app): State<App>,
    caller: Authenticated,
    Named(offer): Named<OfferId>,
) -> Result<Json<RequestView>, ApiError> {
    app.expect_use(&caller, Used::Offer(offer)).await?;
    let by = caller.caller();
    let fresh_seat = SeatId::from_random(fresh::bits());
    let outcome =
        outcome(app.submit(Command::AcceptOffer { by, offer, request: None, fresh_seat }).await?)?;
    match &outcome {
        Outcome::Seat { .. } => {}
        Outcome::Ended(Ending::Seat { seat, release, .. }) => return Err(ended(*seat, release)),
        Outcome::Ended(_)
        | Outcome::Refused(_)
        | Outcome::Waiting { .. }
        | Outcome::Offered { .. } => return Err(Refusal::OfferOver(offer).into()),
    }
    let names = app.names();
    let never = |_: &hotseat_rules::Refused| ApiError::stopping().into_problem();
    Ok(Json(request_view(outcome, None, &names, never)))
}

/// `POST /offers/{offer}/decline`
#[utoipa::path(
    post,
    path = "/api/v1/offers/{offer}/decline",
    params(("offer" = String, Path)),
    responses((status = 200), (status = 401, body = Problem), (status = 403, body = Problem), (status = 410, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Authenticated,
    Named(offer): Named<OfferId>,
) -> Result<StatusCode, ApiError> {
    app.expect_use(&caller, Used::Offer(offer)).await?;
    app.submit_by(
        caller.actor(),
        Command::DeclineOffer { by: caller.caller(), offer, request: None },
    )
    .await?;
    Ok(StatusCode::OK)
}

/// `DELETE /places/{place}`
#[utoipa::path(
    delete,
    path = "/api/v1/places/{place}",
    params(("place" = String, Path)),
    responses((status = 204), (status = 401, body = Problem), (status = 403, body = Problem)),
    security(("token" = []))
)]
pub(crate) async fn leave(
    State(app): State<App>,
    caller: Authenticated,
    Named(place): Named<PlaceId>,
) -> Result<StatusCode, ApiError> {
    app.expect_use(&caller, Used::Place(place)).await?;
    app.submit_by(caller.actor(), Command::LeaveLine { by: caller.caller(), place }).await?;
    Ok(StatusCode::NO_CONTENT)
}
