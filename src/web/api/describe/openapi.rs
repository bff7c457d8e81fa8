//! The OpenAPI 3.1 document, made from THE TABLE and its description.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::note::{Gives, Note};
use super::notes;
use crate::web::access::Need;
use crate::web::problem::Problem;
use crate::web::routes;

/// Where schemas that have a name are.
const SCHEMAS: &str = "/components/schemas";

/// Every status with which something may be refused.
const REFUSALS: [u16; 9] = [400, 401, 403, 404, 409, 413, 422, 429, 503];

/// The document, for a service at this path behind its proxy.
pub fn text(base: &str) -> String {
    let mut document = document();
    let url = if base.is_empty() { "/" } else { base };
    if let Some(servers) = document.pointer_mut("/servers") {
        *servers = json!([{ "url": url }]);
    }
    format!("{document:#}\n")
}

/// What a route needs, by its row in THE TABLE.
pub(super) fn need(note: &Note) -> Option<Need> {
    routes::all().into_iter().find(|r| r.method == note.method && r.path == note.path).map(|row| row.need)
}

/// Makes schemas; whole ones where they are `inline`.
fn generator(inline: bool, reads: bool) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.definitions_path = SCHEMAS.into();
        s.inline_subschemas = inline;
        s.meta_schema = None;
    });
    if reads { settings.for_deserialize() } else { settings.for_serialize() }.into_generator()
}

fn document() -> Value {
    let (mut given, mut read) = (generator(false, false), generator(false, true));
    let problem = given.subschema_for::<Problem>().to_value();
    let refusal = |status: u16| {
        let content = json!({ "application/problem+json": { "schema": problem } });
        (status.to_string(), json!({ "description": meaning(status), "content": content }))
    };
    let refusals: Map<String, Value> = REFUSALS.into_iter().map(refusal).collect();
    let mut paths = Map::new();
    for note in notes::all() {
        let operation = operation(&note, &mut given, &mut read);
        let path = paths.entry(note.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(note.method.as_str().to_lowercase(), operation);
        }
    }
    let mut schemas = read.take_definitions(true);
    schemas.extend(given.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "launchwatch",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "How everything stands, what happened, and commands. Refusals are `application/problem+json` \
                (RFC 9457) with a `hint`. Lists go on with `next` as `before`.",
            "license": { "name": "BSD-3-Clause", "identifier": "BSD-3-Clause" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": refusals,
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(note: &Note, given: &mut SchemaGenerator, read: &mut SchemaGenerator) -> Value {
    let need = need(note);
    let open = matches!(need, Some(Need::Anybody | Need::Public));
    let mut answers = Map::new();
    answers.insert(note.status.to_string(), answer(note, given));
    for status in note.refusals(open) {
        answers.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    let mut operation = json!({
        "operationId": name(note),
        "summary": note.summary,
        "tags": [note.part],
        "description": format!("{}.", needs(need)),
        "parameters": parameters(note),
        "responses": answers,
        "security": if open { json!([{}, { "token": [] }]) } else { json!([{ "token": [] }]) },
    });
    if let (Some(body), Some(operation)) = (note.body, operation.as_object_mut()) {
        let content = json!({ "application/json": { "schema": body(read).to_value() } });
        operation.insert("requestBody".into(), json!({ "required": true, "content": content }));
    }
    operation
}

fn answer(note: &Note, given: &mut SchemaGenerator) -> Value {
    let mut content = match note.gives {
        Gives::Json(make) => json!({ "application/json": { "schema": make(given).to_value() } }),
        Gives::Text(kind) => json!({ kind: { "schema": { "type": "string" } } }),
        // OpenAPI 3.1 has no word for the items of a stream: the schema of `data` is given for readers and tools.
        Gives::Events(make) => {
            json!({ "text/event-stream": { "schema": { "type": "string" }, "x-event-data": make(given).to_value() } })
        }
    };
    for form in note.forms {
        if let Some(content) = content.as_object_mut() {
            content.insert((*form).to_owned(), json!({ "schema": { "type": "string" } }));
        }
    }
    json!({ "description": note.summary, "content": content })
}

/// Who may ask, in words.
pub(super) fn needs(need: Option<Need>) -> &'static str {
    match need {
        None | Some(Need::Anybody) => "Open to everybody",
        Some(Need::Public) => "Open unless the pages are for members only; known callers see more",
        Some(Need::Viewer) => "For viewers",
        Some(Need::Operator) => "For operators",
        Some(Need::Sender) => "For operators, and for the token of an agent",
        Some(Need::Agent) => "For the token of an agent",
        Some(Need::Admin) => "For admins",
    }
}

/// What a refusal means.
pub(super) fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read",
        401 => "It is not known who asks",
        403 => "Whoever asks may not do this",
        404 => "What is asked about is not there",
        409 => "It is too late for this",
        413 => "The body is too large",
        422 => "It can be read, but cannot be meant",
        429 => "Too many requests: try again later",
        _ => "Not now: try again later",
    }
}

fn name(note: &Note) -> String {
    let path = note
        .path
        .trim_start_matches(super::ROOT)
        .trim_start_matches('/')
        .replace(['/', '.'], "_")
        .replace(['{', '}'], "");
    format!("{}_{path}", note.method.as_str().to_lowercase())
}

/// What a path's name stands for.
fn named(name: &str) -> (&'static str, &'static str) {
    match name {
        "target" => ("Name of a target", "demo-hub"),
        "probe" => ("Name of a probe of the target", "health"),
        "slot" => ("When the run was due", "2018-07-07T18:27:00Z"),
        "key" => {
            ("The key of a heartbeat, or of the alerts of others: it proves who speaks", "5f0c9a7e41d24b6e8d")
        }
        "word" => ("`start`, `success`, `fail`, or an exit code from 0 to 255", "start"),
        "label" => ("Name of a cause", "hub-pod-reflector-stale"),
        _ => ("Its id; a target's name stands for its open incident", "inc-1"),
    }
}

fn parameters(note: &Note) -> Vec<Value> {
    let of_path = note.names().map(|name| {
        let (description, example) = named(name);
        json!({ "name": name, "in": "path", "required": true, "description": description,
            "schema": { "type": "string", "minLength": 1, "examples": [example] } })
    });
    of_path.chain(asked(note)).collect()
}

/// The keys of the query, from the type it is read into.
pub(super) fn asked(note: &Note) -> Vec<Value> {
    let Some(make) = note.query else { return Vec::new() };
    let schema = make(&mut generator(true, true)).to_value();
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let keys = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    keys.into_iter()
        .map(|(key, mut schema)| {
            let description = schema.as_object_mut().and_then(|s| s.remove("description"));
            never_null(&mut schema);
            json!({ "name": key, "in": "query", "required": required.contains(&json!(key)),
                "description": description, "schema": schema })
        })
        .collect()
}

/// A query has no null: what may be left out is left out.
fn never_null(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            map.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|v| !v.is_null());
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(Value::Array(either)) = map.get_mut(key) {
            either.retain(|s| s.get("type") != Some(&json!("null")));
        }
    }
    map.remove("default");
}
