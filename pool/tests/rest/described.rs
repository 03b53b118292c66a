//! Every answer of every test is compared with the OpenAPI document: its status and its media type
//! are among those of its operation, and its body has the fields that are described, and no others.

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
pub(crate) fn expect(
    method: &str,
    target: &str,
    status: u16,
    media_type: Option<&str>,
    body: &Value,
) {
    let path = target.split('?').next().unwrap();
    let media_type = media_type.map(|said| said.split(';').next().unwrap().trim());
    // Links are described beside the protocol.
    if path == hotseat_protocol::link::LINK_PATH {
        return;
    }
    let Some(found) = find(method, path) else {
        let expected = matches!(status, 400 | 403 | 404 | 405 | 408 | 413 | 415 | 421 | 503);
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
    if let Some(media_type) = media_type.filter(|_| method != "HEAD") {
        let mut places = Vec::new();
        differences(body, &answer["content"][media_type]["schema"], "", &mut places);
        assert_eq!(places, Vec::<String>::new(), "{id}: {status} {body}");
    }
}

/// Where a value has a field that its schema does not describe, or not one that it promises.
fn differences(value: &Value, schema: &Value, place: &str, found: &mut Vec<String>) {
    let schemas = parts(schema);
    if let Some(elements) = value.as_array() {
        let items = schemas.iter().find_map(|part| part.get("items")).unwrap_or(&Value::Null);
        for element in elements {
            differences(element, items, &format!("{place}[]"), found);
        }
    }
    let Some(fields) = value.as_object() else { return };
    let described: Vec<_> =
        schemas.iter().filter_map(|part| part["properties"].as_object()).collect();
    let other = schemas.iter().find_map(|part| part.get("additionalProperties"));
    if described.is_empty() && other.is_none() {
        // Described as an object of any fields.
        assert!(schemas.iter().any(|part| part["type"] == "object"), "{place} is no object");
        return;
    }
    for (name, value) in fields {
        let place = format!("{place}.{name}");
        match described.iter().find_map(|fields| fields.get(name)).or(other) {
            Some(schema) if *schema != Value::Bool(false) => {
                differences(value, schema, &place, found);
            }
            Some(_) | None => found.push(format!("{place} is not described")),
        }
    }
    let promised = schemas.iter().filter_map(|part| part["required"].as_array()).flatten();
    let missing = promised.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name));
    found.extend(missing.map(|name| format!("{place}.{name} is missing")));
}

/// A schema without references: all that it is put together of, or may be. Null is left out.
fn parts(schema: &Value) -> Vec<&Value> {
    if let Some(path) = schema["$ref"].as_str() {
        let path = path.trim_start_matches('#');
        return parts(DOCUMENT.pointer(path).expect("what is referred to is there"));
    }
    let several = ["allOf", "oneOf", "anyOf"].iter().filter_map(|list| schema[*list].as_array());
    let several: Vec<&Value> = several.flatten().flat_map(parts).collect();
    if several.is_empty() { vec![schema] } else { several.into_iter().chain([schema]).collect() }
}

#[test]
fn what_a_schema_does_not_describe_is_found() {
    let user = &DOCUMENT["components"]["schemas"]["UserView"];
    let mut value = serde_json::json!({ "id": "x", "name": "Lucy" });
    let found = |value: &Value| {
        let mut found = Vec::new();
        differences(value, &serde_json::json!({ "items": user }), "", &mut found);
        found
    };
    let missing = found(&serde_json::json!([value]));
    assert!(missing.contains(&"[].email is missing".to_owned()), "{missing:?}");
    value["colour"] = serde_json::json!("red");
    let other = found(&serde_json::json!([value]));
    assert!(other.contains(&"[].colour is not described".to_owned()), "{other:?}");
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
