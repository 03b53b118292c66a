//! What may go wrong with an operation, whichever it is: told from what it takes, since the layers
//! around all handlers and the readers of bodies, paths and queries answer so.

use hotseat_protocol::problem::Problem;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response};
use utoipa::{PartialSchema, ToSchema};

/// The media type of every answer that is not a success.
const PROBLEM: &str = "application/problem+json";

/// What an operation takes, as far as it decides what may go wrong.
#[derive(Debug, Clone, Copy)]
struct Takes {
    body: bool,
    path: bool,
    query: bool,
    token: bool,
    probe: bool,
}

impl Takes {
    fn of(path: &str, operation: &Operation) -> Self {
        let has = |place: &ParameterIn| {
            operation.parameters.iter().flatten().any(|parameter| match parameter {
                RefOr::T(parameter) => parameter.parameter_in == *place,
                RefOr::Ref(_) => false,
            })
        };
        Self {
            body: operation.request_body.is_some(),
            path: has(&ParameterIn::Path),
            query: has(&ParameterIn::Query),
            token: operation.security.is_some(),
            probe: !path.starts_with("/api/"),
        }
    }
}

/// A status, when it may come, and what it then means.
type Failure = (&'static str, fn(Takes) -> bool, &'static str);

const FAILURES: [Failure; 17] = [
    ("400", |takes| takes.body, "The body is not JSON."),
    ("400", |_| true, "The request cannot be read as HTTP/1.1, or does not name one host."),
    ("401", |takes| takes.token, "There is no token, or it is not known here or has ended."),
    ("403", |takes| takes.token, "The token may not do this."),
    ("403", |_| true, "A web page of another origin may not ask."),
    ("404", |takes| takes.path, "There is nothing of this name or id."),
    ("408", |takes| !takes.probe, "The body of a caller without a token did not come in time."),
    ("413", |takes| !takes.probe, "The body is too long."),
    ("414", |_| true, "The address is too long."),
    ("415", |_| true, "There is a body, and it is not application/json."),
    ("421", |_| true, "The server is not known by the name in the Host header."),
    (
        "422",
        |takes| takes.body || takes.query,
        "A field or parameter is missing, wrong or unknown.",
    ),
    ("429", |takes| !takes.probe, "This caller asks too much; Retry-After says when to ask again."),
    ("431", |_| true, "The head of the request is too long."),
    ("500", |_| true, "The server failed; its log has the cause."),
    ("503", |_| true, "The server cannot do this now; nothing was changed."),
    ("503", |takes| !takes.probe, "It may have been changed only if the answer was late."),
];

/// Adds to every operation what may go wrong with it.
pub(super) fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    let components = document.components.get_or_insert_default();
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

/// The operations of one path.
pub(super) fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, options, head, patch, trace, .. } = item;
    [get, put, post, delete, options, head, patch, trace].into_iter().flatten()
}

fn complete(path: &str, operation: &mut Operation) {
    let takes = Takes::of(path, operation);
    for (status, may_come, meaning) in FAILURES {
        if !may_come(takes) {
            continue;
        }
        let responses = &mut operation.responses.responses;
        let response =
            responses.entry(status.to_owned()).or_insert_with(|| Response::new("").into());
        let RefOr::T(response) = response else { continue };
        let own = response.description.trim_end_matches('.');
        let before = if own.is_empty() { String::new() } else { format!("{own}. ") };
        response.description = format!("{before}{meaning}");
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if status.starts_with('4') || status.starts_with('5') {
            failure(status, response);
        }
    }
}

fn failure(status: &str, response: &mut Response) {
    if response.content.is_empty() {
        let problem = Ref::from_schema_name(Problem::name());
        let content = ContentBuilder::new().schema(Some(problem)).build();
        response.content.insert(PROBLEM.to_owned(), content.into());
    }
    let header = match status {
        "401" => ("WWW-Authenticate", Type::String, "How to show a token: Bearer."),
        "429" | "503" => ("Retry-After", Type::Integer, "When to ask again, in seconds."),
        _ => return,
    };
    let (name, kind, description) = header;
    let header = HeaderBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(kind)))
        .description(Some(description));
    response.headers.insert(name.to_owned(), header.build().into());
}
