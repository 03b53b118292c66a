//! What a request says, checked: every wrong field, value or parameter is named.

mod objects;

use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hotseat_protocol::text::shortened;
use serde::de::{DeserializeOwned, IgnoredAny};

use self::objects::Objects;
use super::error::{ApiError, with_status};

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) T);

/// The query.
pub(crate) struct Params<T>(pub(crate) T);

/// The id or name in the path.
pub(crate) struct Named<T>(pub(crate) T);

/// Why a request was not understood.
pub(crate) enum Unclear {
    /// The bytes are not JSON.
    NotJson(String),
    /// They could not be read at all, or there were too many.
    Unread(Box<Response>),
    /// They do not say what they should.
    Wrong(ApiError),
}

impl IntoResponse for Unclear {
    fn into_response(self) -> Response {
        match self {
            Self::NotJson(why) => {
                let error = ApiError::invalid(format!("The body is not JSON: {why}."));
                with_status(StatusCode::BAD_REQUEST, error)
            }
            Self::Unread(response) => {
                let error = ApiError::invalid(format!(
                    "The body could not be read, or is longer than {} bytes.",
                    super::BODY_BYTES_MAX
                ));
                with_status(response.status(), error)
            }
            Self::Wrong(error) => error.into_response(),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Unclear;

    async fn from_request(request: Request, state: &S) -> Result<Self, Unclear> {
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Unclear;

    async fn from_request(request: Request, state: &S) -> Result<Self, Unclear> {
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Unclear> {
    let bytes = Bytes::from_request(request, state).await;
    bytes.map_err(|rejection| Unclear::Unread(Box::new(rejection.into_response())))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unclear> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut reader)).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.inner();
        // The reader calls some wrong types errors of syntax.
        let is_json = || serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if cause.is_data() || is_json() {
            let place = if path == "." { String::new() } else { format!("{path}: ") };
            let what = without_place(cause);
            // A limit names its field, for conversations in which nothing else does.
            let field = path.rsplit('.').next().unwrap_or_default();
            let rest = what.strip_prefix(field).filter(|rest| rest.starts_with(' '));
            let what = rest.map_or(what.as_str(), str::trim_start);
            Unclear::Wrong(ApiError::invalid(format!("{place}{what}.")))
        } else {
            Unclear::NotJson(cause.to_string())
        }
    })?;
    reader.end().map_err(|error| Unclear::NotJson(error.to_string()))?;
    Ok(value)
}

/// The path says where better than a line and a column do.
pub(crate) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
    // An error repeats what it is about, however long that was.
    shortened(what)
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                let text = rejection.body_text();
                let what = text.rsplit_once("string: ").map_or(text.as_str(), |(_, what)| what);
                Err(ApiError::invalid(format!("The query is wrong: {what}.")))
            }
        }
    }
}

impl<S, T> FromRequestParts<S> for Named<T>
where
    S: Send + Sync,
    T: FromStr,
    T::Err: std::fmt::Display,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) =
            path.map_err(|_| ApiError::not_found("There is nothing here: this is not UTF-8."))?;
        // What cannot be a name or an id names nothing.
        text.parse().map(Self).map_err(|error: T::Err| {
            ApiError::not_found(format!("There is nothing of this name: {error}."))
        })
    }
}

#[cfg(test)]
mod tests {
    use hotseat_protocol::api::{Reclaim, RenewList, SeatRequest};

    use super::*;

    fn complaint<T: DeserializeOwned>(body: &str) -> String {
        match parse::<T>(body.as_bytes()) {
            Ok(_) => panic!("{body} was accepted"),
            Err(Unclear::Wrong(error)) => error.problem().detail.clone(),
            Err(Unclear::NotJson(why)) => format!("not JSON: {why}"),
            Err(Unclear::Unread(_)) => "unread".to_owned(),
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let id = "\"request_id\": \"6f2c7c3e-0c0f-4f5a-9d52-0a4a3f8f6a01\"";
        for (body, words) in [
            ("{}".to_owned(), "request_id"),
            ("{\"request_id\": 1}".to_owned(), "request_id: "),
            (format!("{{{id}, \"client\": \"We b\"}}"), "client: \"We b\" is not a name"),
            (format!("{{{id}, \"client\": \"web\", \"wiat\": \"ask\"}}"), "`wiat`"),
            (
                format!("{{{id}, \"client\": \"web\", \"wait\": \"no\"}}"),
                "wait: invalid value: string \"no\", expected \"auto\", \"ask\", true",
            ),
            (format!("{{{id}, \"client\": \"web\", \"wait\": 1}}"), "wait: "),
            ("[]".to_owned(), "invalid type: sequence, expected struct SeatRequest"),
            ("{".to_owned(), "not JSON"),
            ("{} x".to_owned(), ""),
        ] {
            let said = complaint::<SeatRequest>(&body);
            assert!(said.contains(words), "{body}: {said}");
            assert!(!said.contains(" at line") || said.starts_with("not JSON"), "{said}");
        }
        let said = complaint::<RenewList>("[{\"id\": 7}]");
        assert!(said.starts_with("[0].id: "), "{said}");
        let said = complaint::<RenewList>("[[]]");
        assert!(said.contains("[0]: invalid type: sequence, expected struct"), "{said}");
        let said = complaint::<Reclaim>(&format!("{{\"note\": \"{}\"}}", "x".repeat(201)));
        assert_eq!(said, "note: has 201 characters: use 0 to 200.");
    }
}
