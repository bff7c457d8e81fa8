//! The JSON Schema of a whole configuration file, for editors.

use serde_json::{Map, Value, json};

use super::Registries;
use super::file::{
    AccessKeys, AgentKeys, ChannelKeys, ExportKeys, MaintenanceKeys, PagesKeys, PersonKeys, ProbeKeys,
    ReminderKeys, RouteKeys, RuleKeys, ServiceKeys, SubscriptionKeys, TargetKeys, TeamKeys,
};
use super::settle::schema_of;

/// Where the schemas of nested types are kept.
const DEFINITIONS: &str = "$defs";

/// The schema of a file with these kinds: a probe or channel is one of them, told apart by its `type`.
pub fn schema(registries: Registries) -> Value {
    let mut book = Map::new();
    let probe = hoist("probe", with_type(schema_of::<ProbeKeys>()), &mut book);
    let channel = hoist("channel", with_type(schema_of::<ChannelKeys>()), &mut book);
    let probes: Vec<Value> = registries
        .probes
        .iter()
        .map(|kind| {
            let mut common = probe.clone();
            set(
                &mut common,
                "/properties/every/default",
                json!(super::duration::written(kind.cadence.every)),
            );
            set(
                &mut common,
                "/properties/deadline/default",
                json!(super::duration::written(kind.cadence.deadline)),
            );
            one_of(
                &format!("probe.{}", kind.name),
                kind.name,
                kind.summary,
                common,
                kind.schema().to_value(),
                &mut book,
            )
        })
        .collect();
    let short: Vec<&str> = registries.probes.iter().map(|k| k.name).collect();
    let channels: Vec<Value> = registries
        .channels
        .iter()
        .map(|kind| {
            let name = format!("channel.{}", kind.name);
            one_of(&name, kind.name, kind.summary, channel.clone(), kind.schema().to_value(), &mut book)
        })
        .collect();
    let mut target = closed(hoist("target", schema_of::<TargetKeys>(), &mut book));
    let kinds = json!({ "oneOf": [{ "enum": short }, { "oneOf": probes }] });
    set(&mut target, "/properties/probes/minItems", json!(1));
    set(&mut target, "/properties/probes/items", kinds);
    let channels = json!({ "oneOf": channels });
    let mut properties = Map::new();
    properties.insert("version".into(), json!({ "const": 1, "description": "Version of this format." }));
    properties.insert("service".into(), closed(hoist("service", schema_of::<ServiceKeys>(), &mut book)));
    properties.insert(
        "targets".into(),
        json!({ "type": "array", "items": target, "description": "What is cared about." }),
    );
    lists(channels, &mut properties, &mut book);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "launchwatch configuration",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        DEFINITIONS: book,
    })
}

/// The sections that may be left out.
fn lists(channels: Value, properties: &mut Map<String, Value>, book: &mut Map<String, Value>) {
    let mut item = |name: &str, schema: Value| closed(hoist(name, schema, book));
    for (name, items, meaning) in [
        ("channels", channels, "Who is told."),
        ("agents", item("agent", schema_of::<AgentKeys>()), "Who looks from elsewhere."),
        ("rules", item("rule", schema_of::<RuleKeys>()), "When they are told."),
        ("people", item("person", schema_of::<PersonKeys>()), "Who can be told by name."),
        ("teams", item("team", schema_of::<TeamKeys>()), "Who is on call when."),
        ("routes", item("route", schema_of::<RouteKeys>()), "Who hears of what."),
        ("maintenance", item("maintenance", schema_of::<MaintenanceKeys>()), "What is planned."),
        (
            "exports",
            item("export", schema_of::<ExportKeys>()),
            "Which stores of time series get what was counted.",
        ),
    ] {
        let section = json!({ "type": ["array", "null"], "items": items, "description": meaning });
        properties.insert(name.to_owned(), section);
    }
    properties.insert("pages".to_owned(), item("pages", schema_of::<PagesKeys>()));
    properties.insert("reminders".to_owned(), item("reminders", schema_of::<ReminderKeys>()));
    properties.insert("access".to_owned(), item("access", schema_of::<AccessKeys>()));
    properties.insert("subscriptions".to_owned(), item("subscriptions", schema_of::<SubscriptionKeys>()));
}

/// A schema of keys with the key `type` added.
pub(super) fn with_type(mut schema: Value) -> Value {
    let meaning = "What it is; decides which further keys there are.";
    set(&mut schema, "/properties/type", json!({ "type": "string", "description": meaning }));
    schema
}

/// The schema of one kind: common keys, its own keys, and `type` fixed to its name.
fn one_of(
    name: &str,
    kind: &str,
    summary: &str,
    mut common: Value,
    own: Value,
    book: &mut Map<String, Value>,
) -> Value {
    set(&mut common, "/properties/type/const", json!(kind));
    let own = hoist(name, own, book);
    let mut merged = own.clone();
    if own.get("properties").is_none()
        && ["oneOf", "anyOf", "allOf", "$ref"].iter().any(|k| own.get(k).is_some())
    {
        // Alternatives at the top cannot be merged key by key; then both parts must hold, and unknown keys pass.
        set(&mut common, "/required", json!(["type"]));
        return json!({ "title": kind, "description": summary, "allOf": [common, own] });
    }
    for (key, schema) in common.get("properties").and_then(Value::as_object).into_iter().flatten() {
        set(&mut merged, &format!("/properties/{key}"), schema.clone());
    }
    let mut required = vec![json!("type")];
    required.extend(own.get("required").and_then(Value::as_array).into_iter().flatten().cloned());
    set(&mut merged, "/required", Value::Array(required));
    set(&mut merged, "/title", json!(kind));
    set(&mut merged, "/description", json!(summary));
    closed(merged)
}

/// Refuses further keys, as the loader does.
fn closed(mut schema: Value) -> Value {
    if schema.get("additionalProperties").is_none_or(Value::is_boolean) {
        set(&mut schema, "/additionalProperties", json!(false));
    }
    schema
}

/// Moves the definitions of a schema into the common book, under names of their own.
fn hoist(name: &str, mut schema: Value, book: &mut Map<String, Value>) -> Value {
    rename(name, &mut schema);
    let Value::Object(entries) = &mut schema else { return schema };
    entries.remove("$schema");
    entries.remove("title");
    if let Some(Value::Object(definitions)) = entries.remove(DEFINITIONS) {
        book.extend(definitions.into_iter().map(|(key, definition)| (format!("{name}.{key}"), definition)));
    }
    schema
}

/// Turns references to the book, refuses further keys as the loader does, and says what a secret looks like.
fn rename(name: &str, schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(name, item)),
        Value::Object(entries) => {
            let parts = ["oneOf", "anyOf", "allOf"].iter().any(|part| entries.contains_key(*part));
            if entries.contains_key("properties") && !entries.contains_key("additionalProperties") && !parts {
                entries.insert("additionalProperties".into(), json!(false));
            }
            if entries.get("format").and_then(Value::as_str) == Some("secret") {
                entries.insert("pattern".into(), json!("^(env:|file:)."));
            }
            for (key, value) in entries.iter_mut() {
                match value {
                    Value::String(reference) if key == "$ref" => {
                        *reference = reference.replacen("#/$defs/", &format!("#/$defs/{name}."), 1);
                    }
                    _ => rename(name, value),
                }
            }
        }
        _ => {}
    }
}

/// Sets what a pointer points at, and makes the mappings on the way there.
fn set(schema: &mut Value, pointer: &str, to: Value) {
    let mut here = schema;
    for key in pointer.split('/').skip(1) {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        let Value::Object(entries) = here else { return };
        here = entries.entry(key).or_insert(Value::Null);
    }
    *here = to;
}
