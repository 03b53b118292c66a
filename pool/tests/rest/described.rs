//! Every answer of every test is compared with the OpenAPI document: its status and its media type
//! are among those of its operation.

use std::sync::LazyLock;

use serde_json::Value;

/// The document.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&hotseat_pool::http::document()).unwrap());

/// The media type of whatever is not a success.
const PROBLEM: &str = "application/problem+json";

/// One operation of the document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    /// In small letters.
    pub(crate) method: &'static str,
    /// With its parameters in braces.
    pub(crate) path: &'static str,
    pub(crate) says: &'static Value,
}

/// Every operation.
pub(crate) fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(move |(method, says)| {
            let id = says["operationId"].as_str().unwrap();
            Operation { id, method, path, says }
        })
    });
    operations.collect()
}

/// Fails when an answer is not described.
#[track_caller]
pub(crate) fn expect(method: &str, target: &str, status: u16, media_type: Option<&str>) {
    let path = target.split('?').next().unwrap();
    let media_type = media_type.map(|said| said.split(';').next().unwrap().trim());
    // Links are described beside the protocol.
    if path == hotseat_protocol::link::LINK_PATH {
        return;
    }
    let Some(found) = find(method, path) else {
        let expected = matches!(status, 403 | 404 | 405 | 408 | 413 | 415 | 421 | 503);
        assert!(expected, "{method} {path} is not described and was answered with {status}");
        assert_eq!(media_type, Some(PROBLEM), "{method} {path}: {status}");
        return;
    };
    let Operation { id, says, .. } = found;
    let Some(answer) = says["responses"].get(status.to_string()) else {
        panic!("{id} ({method} {path}) was answered with {status}, which is not described");
    };
    let described: Vec<&str> = match answer["content"].as_object() {
        Some(content) => content.keys().map(String::as_str).collect(),
        None => Vec::new(),
    };
    let fits = match media_type {
        Some(media_type) => described.contains(&media_type),
        None => described.is_empty(),
    };
    assert!(fits, "{id}: {status} came as {media_type:?}, described are {described:?}");
    assert!(status < 400 || media_type == Some(PROBLEM), "{id}: {status} as {media_type:?}");
}

/// The operation of a request; of several that fit, the one with the fewest parameters.
fn find(method: &str, path: &str) -> Option<Operation> {
    // What is told of GET is true for HEAD, too.
    let method = if method == "HEAD" { "GET" } else { method };
    let fits = |operation: &Operation| {
        let parts = || operation.path.split('/');
        parts().count() == path.split('/').count()
            && parts()
                .zip(path.split('/'))
                .all(|(own, asked)| own == asked || (own.starts_with('{') && !asked.is_empty()))
            && operation.method.eq_ignore_ascii_case(method)
    };
    let found = operations().into_iter().filter(fits);
    found.min_by_key(|operation| operation.path.matches('{').count())
}
