//! The REST interface, described by itself: the routes are registered with their descriptions, and
//! what every operation may answer is added here.

mod examples;
mod failures;
pub(crate) mod probes;

use std::fmt;
use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

/// The document as it is sent. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Document(Arc<str>);

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Describes this interface
///
/// Sends this document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "show_openapi",
    tag = "server",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object))
)]
pub(crate) async fn show(Extension(document): Extension<Document>) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], document.to_string()).into_response()
}

/// What the router does not know. The brokers' link is described beside the protocol.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Hotseat pool server",
        description = "Shares pools of concurrent licences. Errors and refusals are \
                       application/problem+json with a stable `code` to match on; request bodies \
                       with a field that is not known are refused. Times are for people; what \
                       matters is told as what is left, in milliseconds."
    ),
    tags(
        (name = "log-in", description = "People log in here, and see what is theirs."),
        (name = "pools", description = "How pools stand, and for administrators what they are."),
        (name = "seats", description = "Taking a seat, keeping it, giving it back. A caller keeps \
                                        its seats by renewing them while it serves, and treats \
                                        410 and `gone` as logged out."),
        (name = "line", description = "Waiting for a seat: places and offers."),
        (name = "users", description = "People with a log-in; for administrators."),
        (name = "services", description = "Tokens of application servers and scripts; for \
                                           administrators."),
        (name = "machines", description = "Computers with a broker; for administrators, and for \
                                           a broker that enrols."),
        (name = "history", description = "What happened, from the journal."),
        (name = "server", description = "Whether the server runs, and what it can be asked.")
    ),
    modifiers(&Tokens)
)]
struct Heading;

/// The document before any route.
pub(crate) fn heading() -> utoipa::openapi::OpenApi {
    Heading::openapi()
}

/// Completes the document of all routes.
pub(crate) fn complete(mut document: utoipa::openapi::OpenApi) -> Document {
    failures::describe(&mut document);
    examples::add(&mut document);
    let text = document.to_json();
    Document(text.expect("a description is a tree of texts and numbers").into())
}

/// Every request but a log-in, an enrolment and a probe shows a token.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some(
            "A person's token from POST /api/v1/login, a service's from hotseat-pool service \
             add, or the administrator's from admin.token."
                .to_owned(),
        );
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}
