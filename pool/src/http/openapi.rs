//! The REST interface, described by itself.

use axum::Json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// `GET /openapi.json`
pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// Everything that callers and administrators can ask. The brokers' link is described beside the
/// protocol.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hotseat pool server",
        description = "Shares pools of concurrent licences. Errors and refusals are \
                       application/problem+json with a stable code; request bodies with a field \
                       that is not known are refused."
    ),
    paths(
        super::log_in::log_in,
        super::log_in::log_out,
        super::log_in::me,
        super::pools::list,
        super::pools::show,
        super::pools::define,
        super::pools::remove,
        super::seats::sign_on,
        super::seats::check,
        super::seats::request,
        super::seats::renew,
        super::seats::keep,
        super::seats::sign_off,
        super::seats::reclaim,
        super::offers::accept,
        super::offers::decline,
        super::offers::leave,
        super::users::list,
        super::users::add,
        super::users::show,
        super::users::change,
        super::users::remove,
        super::services::list,
        super::services::add,
        super::services::remove,
        super::machines::list,
        super::machines::invite,
        super::machines::withdraw,
        super::machines::enroll,
        super::machines::revoke,
        super::machines::confirm,
        super::history::show,
        super::history::mine,
    ),
    modifiers(&Tokens)
)]
struct Description;

/// Every request but a log-in and an enrolment shows a token.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", bearer);
    }
}
