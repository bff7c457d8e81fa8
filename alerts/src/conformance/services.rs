//! The limits of services that tell theirs: length of each field, names, order of moments.

use jiff::Timestamp;
use serde_json::Value;

fn chars(value: &Value) -> usize {
    value.as_str().unwrap_or_default().chars().count()
}

/// "Send an Alert Event": `dedup_key` 255 characters, summary 1,024, source required.
pub(super) fn pagerduty(body: &Value, name: &str) {
    assert!((1..=255).contains(&chars(&body["dedup_key"])), "{name}");
    assert!((1..=1024).contains(&chars(&body["payload"]["summary"])), "{name}");
    assert!(chars(&body["payload"]["source"]) > 0, "{name}");
    assert!(body["payload"]["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok(), "{name}");
}

/// "Alert API": message 130, alias 512, description 15,000, entity 512, source 100, user 100, note 25,000,
/// details 8,000 in all.
pub(super) fn opsgenie(body: &Value, name: &str) {
    let limits = [("message", 130), ("alias", 512), ("description", 15_000), ("entity", 512)];
    for (field, most) in limits.into_iter().chain([("source", 100), ("user", 100), ("note", 25_000)]) {
        assert!(chars(&body[field]) <= most, "{name}: {field}");
    }
    assert!(body["details"].to_string().len() < 8000, "{name}");
    assert!(body["note"].is_string() || chars(&body["message"]) > 0, "{name}");
}

/// Every label has a value, and nothing ends before it begins.
pub(super) fn alertmanager(body: &Value, name: &str) {
    for alert in body.as_array().unwrap() {
        assert!(chars(&alert["labels"]["alertname"]) > 0, "{name}");
        let at = |key: &str| alert[key].as_str().unwrap().parse::<Timestamp>().unwrap();
        assert!(at("startsAt") <= at("endsAt"), "{name}: {alert}");
    }
}

/// Title 256 characters, body 65,536; nobody is mentioned outside code.
pub(super) fn github(body: &Value, name: &str) {
    assert!(chars(&body["title"]) <= 256 && chars(&body["body"]) <= 65_536, "{name}");
    let text = body["body"].as_str().unwrap_or_default();
    let outside = text.split("```").step_by(2).collect::<String>();
    let mentions =
        outside.split('@').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
    assert!(!mentions, "{name}: {text}");
}
