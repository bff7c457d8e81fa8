//! THE TABLE: what the kit knows of each service, one row a channel. A channel without a row has no limits of its own.

use serde_json::Value;

/// What a service takes, and what must never reach it.
pub(super) struct Service {
    /// The channel.
    pub(super) name: &'static str,
    /// A reference of the form that the channel gives out; `None` where it names no messages.
    pub(super) thread: Option<&'static str>,
    /// Most bytes of a request, pictures not counted.
    pub(super) most: usize,
    /// Where text in the service's markup stands (JSON pointers), and its most characters (as UTF-16 counts).
    pub(super) texts: &'static [(&'static str, usize)],
    /// Whether a backslash takes the meaning from the next sign.
    pub(super) backslash: bool,
    /// What would be markup, a mention or a link, outside of code.
    pub(super) never: &'static [&'static str],
    /// What else must hold of a body.
    pub(super) check: fn(&Value),
}

const fn row(name: &'static str, thread: Option<&'static str>, most: usize) -> Service {
    Service { name, thread, most, texts: &[], backslash: false, never: &[], check: |_| () }
}

/// What Markdown would read.
const MARKDOWN: &[&str] =
    &["*bold*", "_it_", "[x](", "](", "||", "~~", "`c`", "<@", "<!", "<users", "#general"];

const SERVICES: &[Service] = &[
    Service { check: super::limits::slack, ..row("slack", Some("C0123456789:1714760951.000100"), 40_000) },
    row("matrix", Some("!room:example.org $first"), 60_000),
    row("gitter", Some("!room:example.org $first"), 60_000),
    row("email", Some("<mybinder-20240503-1@example.org>"), 300_000),
    Service {
        texts: &[("/content", 10_000)],
        never: &["*bold*", "[x](", "](j", "@**", "@_**", "#**", "<time:", "$$", "!avatar(", "~~y~~", " `c`"],
        ..row("zulip", Some("42"), 60_000)
    },
    Service {
        texts: &[("/message", 16_383), ("/text", 16_383)],
        backslash: true,
        never: MARKDOWN,
        ..row("mattermost", Some("k5ts0tx1kfrq8p7xo4ghq6yczc"), 40_000)
    },
    Service {
        texts: &[("/content", 2000), ("/embeds/0/description", 4096)],
        backslash: true,
        never: MARKDOWN,
        check: discord,
        ..row("discord", Some("1100000000000000001/1100000000000000002"), 20_000)
    },
    Service { check: teams, ..row("teams", None, 21_000) },
    Service {
        texts: &[("/text", 4096)],
        never: &["<users", "<!", "<@", "<https://evil", "*bold*", " _it_", "~y~", " `c`"],
        ..row("google_chat", Some("spaces/AAAAexample/threads/B"), 32_000)
    },
    Service {
        texts: &[("/text", 4096), ("/caption", 1024), ("/media/caption", 1024)],
        never: &["<script", "</td", "<users", "/start", "#tag"],
        check: telegram,
        ..row("telegram", Some("-1001234567890/42/picture"), 20_000)
    },
    Service { texts: &[("/message", 4095), ("/title", 250)], check: ntfy, ..row("ntfy", None, 20_000) },
    row("webhook", None, 300_000),
];

const OTHER: Service = row("", None, 300_000);

/// The row of a channel.
pub(super) fn of(name: &str) -> &'static Service {
    SERVICES.iter().find(|s| s.name == name).unwrap_or(&OTHER)
}

fn discord(body: &Value) {
    assert_eq!(body["allowed_mentions"], serde_json::json!({"parse": []}));
    let embed = &body["embeds"][0];
    let all = ["/description", "/footer/text"].iter().filter_map(|p| embed.pointer(p)?.as_str());
    assert!(all.map(|t| t.encode_utf16().count()).sum::<usize>() <= 6000);
    let alt = body.pointer("/attachments/0/description").and_then(Value::as_str).unwrap_or_default();
    assert!(alt.chars().count() <= 1024);
}

/// Everything foreign stands in runs, which know no markup.
fn teams(body: &Value) {
    let card = &body["attachments"][0]["content"];
    for block in card["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock");
        assert!(!block["inlines"].as_array().unwrap().is_empty());
    }
}

/// Only our own tags, each closed: Telegram refuses anything else.
fn telegram(body: &Value) {
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
                closing => assert_eq!(Some(closing), open.pop().map(|t| format!("/{t}")).as_deref()),
            }
        }
        assert!(open.is_empty(), "{open:?} not closed");
    }
}

fn ntfy(body: &Value) {
    assert!(body["message"].as_str().unwrap().len() < 4096);
    assert!(body.get("markdown").is_none() && body.get("actions").is_none());
    assert!((1..=5).contains(&body["priority"].as_u64().unwrap()));
    assert!(body["sequence_id"].as_str().unwrap().len() <= 64);
}
