//! What else must hold of a body, service by service: length of each field, names, order of moments.

use jiff::Timestamp;
use serde_json::Value;

fn chars(value: &Value) -> usize {
    value.as_str().unwrap_or_default().chars().count()
}

/// The limits of Block Kit.
pub(super) fn slack(body: &Value, name: &str) {
    assert!(chars(&body["text"]) <= 4000, "{name}");
    assert!(!body["text"].as_str().unwrap().contains("<!"), "{name}");
    let blocks = body["blocks"].as_array().unwrap();
    assert!((1..=50).contains(&blocks.len()), "{name}: {} blocks", blocks.len());
    for block in blocks {
        match block["type"].as_str().unwrap() {
            "header" => assert!((1..=150).contains(&chars(&block["text"]["text"])), "{name}"),
            "section" => {
                assert!((1..=3000).contains(&chars(&block["text"]["text"])), "{name}");
                assert!(!block["text"]["text"].as_str().unwrap().contains("<!"), "{name}");
            }
            "context" => assert!((1..=3000).contains(&chars(&block["elements"][0]["text"])), "{name}"),
            "rich_text" => {
                let text = chars(&block["elements"][0]["elements"][0]["text"]);
                assert!((1..=3000).contains(&text), "{name}: {text}");
            }
            other => panic!("{name}: {other}"),
        }
    }
}

pub(super) fn discord(body: &Value, name: &str) {
    assert_eq!(body["allowed_mentions"], serde_json::json!({"parse": []}), "{name}");
    let embed = &body["embeds"][0];
    let all = ["/description", "/footer/text"].iter().filter_map(|p| embed.pointer(p)?.as_str());
    assert!(all.map(|t| t.encode_utf16().count()).sum::<usize>() <= 6000, "{name}");
    let alt = body.pointer("/attachments/0/description").and_then(Value::as_str).unwrap_or_default();
    assert!(alt.chars().count() <= 1024, "{name}");
}

/// Everything foreign stands in runs, which know no markup.
pub(super) fn teams(body: &Value, name: &str) {
    let card = &body["attachments"][0]["content"];
    for block in card["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock", "{name}");
        assert!(!block["inlines"].as_array().unwrap().is_empty(), "{name}");
    }
}

/// Only our own tags, each closed: Telegram refuses anything else.
pub(super) fn telegram(body: &Value, name: &str) {
    for field in ["/text", "/caption", "/media/caption"] {
        let mut open = Vec::new();
        let text = body.pointer(field).and_then(Value::as_str).unwrap_or_default();
        for tag in text.split('<').skip(1) {
            let tag = tag.split('>').next().unwrap();
            match tag {
                "b" | "pre" => open.push(tag),
                a if a.starts_with("a href=\"https://example.org/x?") || a.contains("status.example.org") => {
                    open.push("a");
                }
                closing => {
                    let last = open.pop().map(|t| format!("/{t}"));
                    assert_eq!(Some(closing), last.as_deref(), "{name}: {text}");
                }
            }
        }
        assert!(open.is_empty(), "{name}: {open:?} not closed");
    }
}

pub(super) fn ntfy(body: &Value, name: &str) {
    assert!(body["message"].as_str().unwrap().len() < 4096, "{name}");
    assert!(body.get("markdown").is_none() && body.get("actions").is_none(), "{name}");
    assert!((1..=5).contains(&body["priority"].as_u64().unwrap()), "{name}");
    assert!(body["sequence_id"].as_str().unwrap().len() <= 64, "{name}");
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
