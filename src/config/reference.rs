//! The manual of the configuration file, made from the schemas: every key, its type, default and meaning.

use std::fmt::Write as _;

use serde_json::Value;

use super::Registries;
use super::duration::written;
use super::example;
use super::file::{
    AccessKeys, AgentKeys, ChannelKeys, ExportKeys, MaintenanceKeys, PagesKeys, PersonKeys, ProbeKeys,
    ReminderKeys, RouteKeys, RuleKeys, ServiceKeys, SubscriptionKeys, TargetKeys, TeamKeys,
};
use super::settle::{BUILT_IN_RULES, schema_of};
use super::shape::summary;

/// Deepest nesting of keys that is spelled out; types that hold themselves end there.
const DEPTH: usize = 4;

const HEAD: &str = "\
# Configuration

<!-- Made by `launchwatch reference`. Do not edit by hand. -->

One YAML file, or a folder whose `.yaml` files are read as one in the order of their names. `launchwatch check FILE`
says everything that is wrong with it, `launchwatch init` writes one to start from.

```yaml
version: 1
targets:
  - name: my-hub
    url: https://hub.example.org
    probes: [http]
```

Durations are written with their units: `500ms`, `90s`, `2m`, `1h30m`, `30d`. Secrets are never written into the file:
`env:NAME` takes one from the environment, `file:/path` from a file (relative to the folder of the configuration).
";

const RULES: &str = "\
rules:
  - name: launches
    types: [binder-launch]
    failures: 3
    successes: 2
    for: 1m
  - name: slow-launches
    types: [binder-launch]
    severity: ticket
    when: { latency: { stage: launch, above: 30s, over: 2h } }
";

const PEOPLE: &str = "\
people:
  - { name: anna, channels: [anna-mail] }
  - { name: ben, channels: [ben-mail] }
teams:
  - name: hubs
    time_zone: Europe/Berlin
    rotations: [{ people: [anna, ben], start: 2026-01-05T09:00, every: 1w }]
routes:
  - to: [ops]
    quiet_hours: [{ days: [mon-fri], from: 18:00, until: 08:00 }, { days: [sat, sun], from: 00:00, until: 00:00 }]
    time_zone: Europe/Berlin
  - severity: page
    to: [team:hubs]
    steps: [{ after: 15m, to: [person:anna, person:ben] }]
";

const ACCESS: &str = "\
service: { public_url: https://hub.example.org/services/launchwatch/ }
access:
  jupyterhub:
    url: https://hub.example.org/
    client_id: service-launchwatch
    client_secret: env:LAUNCHWATCH_OAUTH_TOKEN
    roles: { admin: [admin], operator: [\"group:ops\"], viewer: [\"*\"] }
";

const EXPORTS: &str = "\
exports:
  - { type: remote_write, url: https://prometheus.example.org/api/v1/write, username: hubs, password: env:WRITE_PASSWORD }
  - { type: otlp, url: https://collector.example.org/v1/metrics, labels: { cluster: prod } }
";

/// The manual as Markdown.
pub fn reference(registries: Registries) -> String {
    let mut text = HEAD.to_owned();
    for (title, schema, words) in [
        ("service", schema_of::<ServiceKeys>(), "How the process itself behaves. Every key may be left out."),
        ("targets", schema_of::<TargetKeys>(), "A list: what is cared about."),
        (
            "targets[].probes",
            schema_of::<ProbeKeys>(),
            "A list: how a target is looked at. `type` says which kind; the keys of the kind stand beside these. A probe without settings may be written as just its type.",
        ),
    ] {
        section(&mut text, 2, title, words, &schema);
    }
    for kind in registries.probes {
        let schema = kind.schema().to_value();
        section(&mut text, 3, &format!("type: {}", kind.name), &about(kind.summary, &schema), &schema);
        let stages: Vec<String> = kind.stages.iter().map(|stage| format!("`{stage}`")).collect();
        let (every, deadline) = (written(kind.cadence.every), written(kind.cadence.deadline));
        let _ = writeln!(
            text,
            "\nRuns every `{every}` with a deadline of `{deadline}` by default. Stages: {}.",
            stages.join(", ")
        );
        show(&mut text, kind.name, &example::lines(kind.name, kind.example, &kind.schema().to_value()));
    }
    let words = "A list: who looks from elsewhere and reports to this process, as `launchwatch agent` or as a cron job with `launchwatch run --once`. Each needs a token of its own (`launchwatch token add --agent NAME`) and gets from this process what it is to look at.";
    section(&mut text, 2, "agents", words, &schema_of::<AgentKeys>());
    let words = "A list: who is told. `type` says which kind; the keys of the kind stand beside these.";
    section(&mut text, 2, "channels", words, &schema_of::<ChannelKeys>());
    for kind in registries.channels {
        let schema = kind.schema().to_value();
        section(&mut text, 3, &format!("type: {}", kind.name), &about(kind.summary, &schema), &schema);
        show(&mut text, kind.name, &example::lines(kind.name, kind.example, &kind.schema().to_value()));
    }
    let words = "A list: when people are told. A rule judges every probe that it selects for itself.";
    section(&mut text, 2, "rules", words, &schema_of::<RuleKeys>());
    let _ = write!(text, "\n{BUILT_IN_RULES}");
    show_text(&mut text, RULES);
    people(&mut text);
    let words = "Who may see the pages, and how people sign in. Every key may be left out.";
    section(&mut text, 2, "access", words, &schema_of::<AccessKeys>());
    show_text(&mut text, ACCESS);
    let words =
        "How the pages that everybody sees are called, look and are arranged. Every key may be left out.";
    section(&mut text, 2, "pages", words, &schema_of::<PagesKeys>());
    let words = "A list: which stores of time series get what every minute counted; `deploy/exchange.md` says what they get.";
    section(&mut text, 2, "exports", words, &schema_of::<ExportKeys>());
    show_text(&mut text, EXPORTS);
    text
}

/// The sections about people.
fn people(text: &mut String) {
    for (title, schema, words) in [
        (
            "people",
            schema_of::<PersonKeys>(),
            "A list: who can be told. Channels that belong to a person hear only what is meant for that person.",
        ),
        ("teams", schema_of::<TeamKeys>(), "A list: who is on call when."),
        (
            "routes",
            schema_of::<RouteKeys>(),
            "A list: who hears of what. All routes that match count. What no route is about goes to all channels that belong to no person and are nobody's fallback.",
        ),
        (
            "reminders",
            schema_of::<ReminderKeys>(),
            "When people are reminded of what lasts and nobody has acknowledged.",
        ),
        (
            "maintenance",
            schema_of::<MaintenanceKeys>(),
            "A list: planned work, either once (`from` and `until`) or every week (`days`, `at` and `for`). Nobody is told of trouble in it; the next look after its end decides.",
        ),
        (
            "subscriptions",
            schema_of::<SubscriptionKeys>(),
            "News by e-mail for everybody who asks for them on the page `/subscribe`: outages, their end and planned maintenance, in words for the public. Whoever asks is asked back first; without this section nobody can ask. Needs `service.public_url`.",
        ),
    ] {
        section(text, 2, title, words, &schema);
    }
    show_text(text, PEOPLE);
}

/// What a kind is for, and what its settings as a whole have to say beyond their first paragraph.
fn about(summary: &str, schema: &Value) -> String {
    let words = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    match words.split_once("\n\n") {
        Some((_, more)) => format!("{summary}\n\n{more}"),
        None => summary.to_owned(),
    }
}

fn section(text: &mut String, level: usize, title: &str, words: &str, schema: &Value) {
    let _ = write!(text, "\n{} `{title}`\n\n{words}\n", "#".repeat(level));
    let mut rows = Vec::new();
    rows_of(schema, schema, "", 0, &mut rows);
    if rows.is_empty() {
        text.push_str("\nIt has no settings of its own.\n");
        return;
    }
    text.push_str("\n| key | type | default | meaning |\n|---|---|---|---|\n");
    for row in rows {
        let _ = writeln!(text, "| {} |", row.map(|cell| cell.replace('|', "\\|")).join(" | "));
    }
}

fn show(text: &mut String, kind: &str, lines: &[String]) {
    let _ = write!(text, "\n```yaml\n- type: {kind}\n");
    for line in lines {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
    }
    text.push_str("```\n");
}

fn show_text(text: &mut String, example: &str) {
    let _ = write!(text, "\n```yaml\n{example}```\n");
}

/// A row for each key of a schema, and for those below it.
fn rows_of(root: &Value, schema: &Value, prefix: &str, depth: usize, rows: &mut Vec<[String; 4]>) {
    if depth > DEPTH {
        return;
    }
    let schema = resolved(root, schema);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut properties: Vec<_> =
        schema.get("properties").and_then(Value::as_object).into_iter().flatten().collect();
    properties.sort_by_key(|(key, _)| !required.contains(&key.as_str()));
    for (key, property) in properties {
        let name = format!("{prefix}{key}");
        let target = resolved(root, property);
        let default = match property.get("default") {
            _ if required.contains(&key.as_str()) => "required".to_owned(),
            None | Some(Value::Null) => "–".to_owned(),
            Some(Value::String(text)) if text.is_empty() => "–".to_owned(),
            Some(Value::String(text)) => format!("`{text}`"),
            Some(value) => format!("`{value}`"),
        };
        let meaning = Some(summary(property)).filter(|m| !m.is_empty()).unwrap_or_else(|| summary(target));
        rows.push([format!("`{name}`"), kind(root, property, 0), default, meaning]);
        rows_of(root, target, &format!("{name}."), depth + 1, rows);
        if let Some(items) = target.get("items") {
            rows_of(root, items, &format!("{name}[]."), depth + 1, rows);
        }
        if let Some(values) = target.get("additionalProperties").filter(|v| v.is_object()) {
            rows_of(root, values, &format!("{name}.*."), depth + 1, rows);
        }
    }
    for part in ["oneOf", "anyOf", "allOf"] {
        for alternative in schema.get(part).and_then(Value::as_array).into_iter().flatten() {
            rows_of(root, alternative, prefix, depth + 1, rows);
        }
    }
}

/// The schema behind references and behind "or nothing".
fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let mut here = schema;
    for _ in 0..8 {
        let target =
            here.get("$ref").and_then(Value::as_str).and_then(|r| root.pointer(r.strip_prefix('#')?));
        let only = || {
            let mut real =
                here.get("anyOf")?.as_array()?.iter().filter(|a| a.get("type") != Some(&Value::from("null")));
            real.next().filter(|_| real.next().is_none())
        };
        let Some(next) = target.or_else(only) else { break };
        here = next;
    }
    here
}

/// A type in words.
fn kind(root: &Value, schema: &Value, depth: usize) -> String {
    let secret = |s: &Value| s.get("format").and_then(Value::as_str).map(str::to_owned);
    let format = secret(schema).or_else(|| secret(resolved(root, schema)));
    let schema = resolved(root, schema);
    match format.as_deref() {
        Some("secret") => return "secret".to_owned(),
        Some("span") => return "duration".to_owned(),
        Some("uri") => return "address".to_owned(),
        Some("time-of-day") => return "time of day".to_owned(),
        Some("days") => return "days".to_owned(),
        Some("local-date-time") => return "local date and time".to_owned(),
        Some("moment") => return "date and time with offset".to_owned(),
        Some("turn") => return "days or weeks".to_owned(),
        _ => {}
    }
    if let Some(constant) = schema.get("const").and_then(Value::as_str) {
        return format!("`{constant}`");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ");
    }
    for part in ["oneOf", "anyOf"] {
        if let Some(alternatives) = schema.get(part).and_then(Value::as_array).filter(|_| depth < DEPTH) {
            let mut kinds: Vec<String> = alternatives.iter().map(|a| kind(root, a, depth + 1)).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    let word = match schema.get("type") {
        Some(Value::String(word)) => word.as_str(),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).find(|w| *w != "null").unwrap_or("any")
        }
        _ => "any",
    };
    match word {
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "object" => "mapping".to_owned(),
        "array" => match schema.get("items").filter(|_| depth < DEPTH) {
            Some(items) => format!("list of {}", kind(root, items, depth + 1)),
            None => "list".to_owned(),
        },
        other => other.to_owned(),
    }
}
