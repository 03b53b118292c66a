//! Taking, passing and leaving, for those who wait over REST.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hotseat_protocol::api::RequestView;
use hotseat_protocol::ids::{OfferId, PlaceId, SeatId};
use hotseat_rules::{Command, Ending, Outcome, Refusal};

use super::app::{App, outcome};
use super::auth::Authenticated;
use super::convert::{ended, request_view};
use super::error::ApiError;
use super::extract::Named;
use super::scope::Used;
use crate::fresh;

/// Accepts an offer
///
/// Turns the place that the seat was set aside for into a seat.
#[utoipa::path(
    post,
    path = "/api/v1/offers/{offer}/accept",
    operation_id = "accept_offer",
    tag = "line",
    params(("offer" = inline(OfferId), Path, description = "The offer's id")),
    responses(
        (status = 200, description = "The seat", body = RequestView),
        (status = 410, description = "The offer or its seat has ended"),
    ),
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

/// Declines an offer
///
/// Leaves the line; the seat is offered to whoever is next.
#[utoipa::path(
    post,
    path = "/api/v1/offers/{offer}/decline",
    operation_id = "decline_offer",
    tag = "line",
    params(("offer" = inline(OfferId), Path, description = "The offer's id")),
    responses(
        (status = 200, description = "It is declined"),
        (status = 410, description = "The offer has ended"),
    ),
    security(("token" = []))
)]
pub(crate) async fn decline(
    State(app): State<App>,
    caller: Authenticated,
    Named(offer): Named<OfferId>,
) -> Result<StatusCode, ApiError> {
    app.expect_use(&caller, Used::Offer(offer)).await?;
    app.submit(Command::DeclineOffer { by: caller.caller(), offer, request: None }).await?;
    Ok(StatusCode::OK)
}

/// Leaves the line
///
/// Succeeds also if the place has ended already.
#[utoipa::path(
    delete,
    path = "/api/v1/places/{place}",
    operation_id = "leave_line",
    tag = "line",
    params(("place" = inline(PlaceId), Path, description = "The place's id")),
    responses(
        (status = 204, description = "The place has ended"),
    ),
    security(("token" = []))
)]
pub(crate) async fn leave(
    State(app): State<App>,
    caller: Authenticated,
    Named(place): Named<PlaceId>,
) -> Result<StatusCode, ApiError> {
    app.expect_use(&caller, Used::Place(place)).await?;
    app.submit(Command::LeaveLine { by: caller.caller(), place }).await?;
    Ok(StatusCode::NO_CONTENT)
}
