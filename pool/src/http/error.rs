//! Everything that is not a success, as `application/problem+json`: one mapping from what went
//! wrong to the status.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hotseat_protocol::problem::{Code, Problem};
use hotseat_rules::{OVERDRAFTS_WINDOW, Refusal};

use super::words;
use crate::directory::DirectoryError;
use crate::engine::Failure;
use crate::journal::Poison;

/// How long a caller shall wait when the server cannot answer now.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// When it is worth asking again for a user who has too many seats: some may have ended.
const SEATS_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// What is wrong with a request is told in a sentence, however long the request was.
const TOLD_CHARACTERS_MAX: usize = 300;

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct ApiError {
    problem: Problem,
    retry_after: Option<Duration>,
    /// The status, where it is not the code's own.
    status: Option<StatusCode>,
}

impl ApiError {
    /// An error with its words.
    pub(crate) fn new(code: Code, detail: impl Into<String>, next: impl Into<String>) -> Self {
        Problem::new(code, detail, next).into()
    }

    /// A body, a name or a value that is not valid.
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        let next = "Correct the request; /api/v1/openapi.json describes it.";
        Self::new(Code::Invalid, clipped(detail.into()), next)
    }

    /// Something that is not there.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(Code::NotFound, clipped(detail.into()), "Check the address and the id.")
    }

    /// Nobody that is known.
    pub(crate) fn not_authenticated(detail: impl Into<String>) -> Self {
        let next = "Log in with POST /api/v1/login and send the token as Authorization: Bearer.";
        Self::new(Code::NotAuthenticated, detail, next)
    }

    /// Somebody who may not.
    pub(crate) fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(Code::NotAllowed, detail, "Ask your administrator.")
    }

    /// Too much at once.
    pub(crate) fn too_many(detail: impl Into<String>, retry_after: Duration) -> Self {
        let next = format!("Try again in {} s.", seconds(retry_after));
        Self::new(Code::TooMany, detail, next).retry_after(retry_after)
    }

    /// The same, with the time after which it is worth asking again.
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// An error of our own; the cause goes to the log only.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed by an error of the server");
        let detail = "The pool server failed; nothing may have been changed.";
        Self::new(Code::Internal, detail, "Try again; the server's log has the cause.")
    }

    /// The server ends.
    pub(crate) fn stopping() -> Self {
        let detail = "The pool server is stopping.";
        Self::new(Code::Unavailable, detail, "Try again in a moment.")
    }

    /// A pool of which a record cannot be used only reads. Nothing heals by itself, so no time is
    /// told after which to ask again.
    pub(crate) fn halted(poison: &Poison) -> Self {
        let (detail, next) = words::halted(poison);
        let status = Some(StatusCode::SERVICE_UNAVAILABLE);
        Self { status, ..Self::new(Code::PoolRecovering, detail, next) }
    }

    /// What is told.
    pub(crate) fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What is told, without the status.
    pub(crate) fn into_problem(self) -> Problem {
        self.problem
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        let temporary = matches!(problem.code, Code::Unavailable | Code::TooMany);
        let retry_after = temporary.then_some(RETRY_AFTER);
        Self { problem, retry_after, status: None }
    }
}

/// The status of each code.
fn status(code: Code) -> StatusCode {
    match code {
        Code::WrongPassword | Code::NotAuthenticated => StatusCode::UNAUTHORIZED,
        Code::NotAllowed => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::PoolFull
        | Code::OthersWait
        | Code::ClientCannotHold
        | Code::ClientCannotWait
        | Code::NotEntitled
        | Code::UserDisabled
        | Code::MachineRevoked
        | Code::PoolRecovering
        | Code::MachineCloned => StatusCode::CONFLICT,
        Code::Ended => StatusCode::GONE,
        Code::RequestReused | Code::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::NotLoggedIn
        | Code::PoolUnreachable
        | Code::NoSession
        | Code::StateUnwritable
        | Code::NotEnrolled
        | Code::AlreadyRunning
        | Code::AnotherVersion
        | Code::Internal
        | Code::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        with_status(self.status.unwrap_or(status(self.problem.code)), self)
    }
}

/// The members that RFC 9457 names, for programs that know no others. Without a `type` the title
/// is the status in words; what to match on is `code`. A refusal has just the fields that it is
/// described with.
#[derive(serde::Serialize)]
struct WithStatus<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(flatten)]
    problem: &'a Problem,
}

impl<'a> WithStatus<'a> {
    fn new(status: StatusCode, problem: &'a Problem) -> Self {
        let failed = Some(status).filter(|_| problem.facts.is_none());
        let title = failed.and_then(|status| status.canonical_reason());
        Self { title, status: failed.map(|status| status.as_u16()), problem }
    }
}

/// An error whose status says more than its code does: a disabled account is a refusal to whoever
/// signs on, and "you may not" to whoever logs in.
pub(crate) fn with_status(status: StatusCode, error: ApiError) -> Response {
    let mut response = (status, problem_bytes(status, &error)).into_response();
    // For whoever must know what is answered, and not read it.
    response.extensions_mut().insert(error.problem.code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(retry_after) = error.retry_after
        && let Ok(seconds) = HeaderValue::from_str(&seconds(retry_after).to_string())
    {
        headers.insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// The body of an error's answer.
pub(crate) fn problem_bytes(status: StatusCode, error: &ApiError) -> Vec<u8> {
    serde_json::to_vec(&WithStatus::new(status, &error.problem)).unwrap_or_default()
}

/// Whole seconds, rounded up: coming back early would only be refused again.
fn seconds(after: Duration) -> u128 {
    after.as_millis().div_ceil(1000).max(1)
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let detail = sentence(&refusal.to_string());
        match &refusal {
            Refusal::UnknownPool(_)
            | Refusal::UnknownUser(_)
            | Refusal::UnknownMachine(_)
            | Refusal::UnknownSeat(_)
            | Refusal::UnknownPlace(_)
            | Refusal::UnknownRequest(_)
            // Whoever hears this does not say it again, as after a wrong id.
            | Refusal::NeverHere(_) => Self::not_found(detail),
            Refusal::UnknownClient { .. } | Refusal::UnknownOperation { .. } | Refusal::IdTaken => {
                Self::invalid(detail)
            }
            // These begin with the name of a key.
            Refusal::Definition(wrong) => Self::invalid(format!("{wrong}.")),
            Refusal::RequestReused => Self::new(
                Code::RequestReused,
                detail,
                "To repeat a request, send the same body; to ask for something else, make a new id.",
            ),
            Refusal::OlderEpoch { .. } | Refusal::OfferOver(_) => {
                Self::new(Code::Ended, detail, "Treat it as ended; sign on again if needed.")
            }
            Refusal::NotYours => Self::not_allowed(detail),
            Refusal::TooManySeats(_) => Self::too_many(detail, SEATS_AGAIN_AFTER),
            Refusal::TooManySetAside { wait, .. } => Self::too_many(detail, *wait),
            Refusal::Revoked(_) | Refusal::NotAMachinesReason(_) => Self::invalid(detail),
            Refusal::TooManyOverdrafts(_) => Self::too_many(detail, OVERDRAFTS_WINDOW),
            // A refused check is answered with its reason before it could come here.
            Refusal::CheckRefused { .. } => Self::internal(&refusal),
        }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let detail = sentence(&failure.to_string());
        match failure {
            Failure::Unwritable(_) | Failure::Crowded => {
                Self::new(Code::Unavailable, detail, "Try again; nothing was changed.")
            }
            Failure::TooMuch { wait } => Self::too_many(detail, wait),
            Failure::Halted(poison) => Self::halted(&poison),
            Failure::NotItself(_) => {
                let next = "Nothing was changed; report this to Hotseat's authors.";
                Self::new(Code::Internal, detail, next)
            }
        }
    }
}

impl From<DirectoryError> for ApiError {
    fn from(error: DirectoryError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            DirectoryError::EmailTaken(_) | DirectoryError::ServiceTaken(_) => {
                Self::invalid(detail)
            }
            DirectoryError::Invalid { .. } => Self::invalid(format!("{error}.")),
            DirectoryError::InvitationOver => Self::new(
                Code::NotAuthenticated,
                detail,
                "Ask an administrator for a new one: hotseat-pool machine invite.",
            ),
            DirectoryError::Busy => Self::too_many(detail, RETRY_AFTER),
            DirectoryError::UnusablePassword => {
                Self::new(Code::Internal, detail, "Ask your administrator to set a new password.")
            }
            DirectoryError::Store(_) => {
                tracing::error!(%error, "the directory cannot be used");
                Self::new(Code::Unavailable, detail, "Try again; nothing was changed.")
            }
            DirectoryError::Damaged(_) => Self::internal(&error),
            DirectoryError::Stopping => Self::stopping(),
        }
    }
}

/// The beginning of a text that may repeat what somebody sent.
fn clipped(text: String) -> String {
    match text.char_indices().nth(TOLD_CHARACTERS_MAX) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// An error's text as a sentence for people.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_a_sentence() {
        assert_eq!(sentence("there is no pool x"), "There is no pool x.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn what_somebody_sent_is_not_repeated_at_length() {
        let error = ApiError::not_found("é".repeat(5_000));
        assert_eq!(error.problem().detail.chars().count(), TOLD_CHARACTERS_MAX + 2);
        assert_eq!(ApiError::invalid("seats: 7.").problem().detail, "seats: 7.");
    }

    #[test]
    fn patience_is_told_in_whole_seconds() {
        let response =
            ApiError::too_many("Slow down.", Duration::from_millis(5_001)).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "6");
        // Who types sees no header.
        let told = ApiError::too_many("Too many.", Duration::from_millis(5_001));
        assert_eq!(told.problem().next, "Try again in 6 s.");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    }
}
