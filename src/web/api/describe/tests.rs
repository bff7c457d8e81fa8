//! The description against THE TABLE, and the document against itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{ROOT, TOLD, notes, openapi};
use crate::web::routes;

#[test]
fn every_route_of_the_api_is_described_and_nothing_else_is() {
    let table: BTreeSet<(String, &str)> = routes::all()
        .iter()
        .filter(|row| row.path.starts_with(ROOT) || TOLD.iter().any(|root| row.path.starts_with(root)))
        .map(|row| (row.method.to_string(), row.path))
        .collect();
    let described: BTreeSet<(String, &str)> =
        notes::all().iter().map(|note| (note.method.to_string(), note.path)).collect();
    let missing: Vec<_> = table.difference(&described).collect();
    let invented: Vec<_> = described.difference(&table).collect();
    assert!(missing.is_empty(), "not described in describe/notes.rs: {missing:?}");
    assert!(invented.is_empty(), "described, but not in THE TABLE: {invented:?}");
    assert_eq!(notes::all().len(), described.len(), "described twice");
}

fn document() -> Value {
    serde_json::from_str(&openapi::text("")).unwrap()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|v| references(v, found));
        }
        Value::Array(all) => all.iter().for_each(|v| references(v, found)),
        _ => {}
    }
}

#[test]
fn every_schema_that_is_named_is_there_and_every_answer_has_one() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} lies elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{reference} is not there");
    }
    let mut ids = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert_eq!(ids.insert(id.to_owned(), path), None, "{id} twice");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let shared =
                    answer["$ref"].as_str().and_then(|r| document.pointer(r.trim_start_matches('#')));
                let kinds = shared.unwrap_or(answer)["content"]
                    .as_object()
                    .unwrap_or_else(|| panic!("{method} {path} {status}"));
                assert!(kinds.values().all(|k| k["schema"].is_object()), "{method} {path} {status}");
            }
            for parameter in operation["parameters"].as_array().unwrap() {
                assert!(parameter["description"].is_string(), "{method} {path}: {parameter}");
            }
        }
    }
}

#[test]
fn behind_a_proxy_the_document_says_where_it_is() {
    let document: Value = serde_json::from_str(&openapi::text("/watch")).unwrap();
    assert_eq!(document["servers"][0]["url"], "/watch");
}

#[test]
fn the_document_that_is_kept_is_current() {
    let kept = std::fs::read_to_string("deploy/openapi.json").unwrap_or_default();
    let current = openapi::text("");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write("deploy/openapi.json", &current).unwrap();
        return;
    }
    assert!(kept == current, "`launchwatch reference --openapi > deploy/openapi.json` mends it");
}
