//! The checked-in document equals the one that this code makes.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(api::document()).unwrap()
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

/// Finds every value under the key `name`, at any depth.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get(name));
            fields.values().for_each(|inner| all(inner, name, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| all(inner, name, found)),
        _ => {}
    }
}

/// With `UPDATE_OPENAPI=1` it writes the file instead of comparing it.
#[test]
fn the_checked_in_document_is_up_to_date() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = api::document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some_and(|value| value == "1") {
        std::fs::write(&file, made).unwrap();
        return;
    }
    let checked_in = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(made == checked_in, "docs/openapi.json differs from the code: run `make openapi`");
}

#[test]
fn the_document_is_openapi_3_1() {
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_is_complete() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (route, operation) in operations(&document) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{route}: its id is another's");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{route}");
        let responses = operation["responses"].as_object().unwrap();
        assert_eq!(responses.keys().filter(|status| status.starts_with('2')).count(), 1, "{route}");
        for (status, response) in responses {
            let is_problem = response["content"].get("application/problem+json").is_some();
            let has_no_problem = status.starts_with('2') || status == "304";
            assert_eq!(is_problem, !has_no_problem, "{route} {status}");
        }
        let in_path = route.matches('{').count();
        let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(
            parameters.iter().filter(|parameter| parameter["in"] == "path").count(),
            in_path,
            "{route}"
        );
        // Routes of accounts and sessions need no token. All others answer 401 without one.
        let is_public = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(is_public, route.contains("/auth/"), "{route}");
        assert!(is_public || responses.contains_key("401"), "{route}");
    }
    assert!(!ids.is_empty());
}
