//! ntfy: a push to phones, by ntfy.sh or a server of one's own; the end takes the place of the beginning.
//!
//! A picture would have to be the body of the request, with the text in headers, and the server must keep files: the
//! last hours are told in words.

use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::channel::{Kind, hinted, judged};
use crate::text::{Markup, Story, joined, one_line, unlinked};
use crate::{
    Channel, MessageRef, Next, Notification, NotificationKind, Receipt, Refused, Reply, Severity, Spec,
};
use crate::{picture, request};

pub(super) const KIND: Kind = Kind::of::<NtfySpec>(
    "ntfy",
    "ntfy: a push to phones, loud for what pages; by ntfy.sh or a server of one's own",
    "topic: example-topic-that-nobody-guesses\ntoken: tk_example0token\ntags: [hub]\n",
);

/// Bytes of a message; from 4,096 on it becomes an attachment (docs.ntfy.sh/publish, "Limitations").
const MOST: usize = 3900;

/// Settings of an ntfy topic.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NtfySpec {
    /// Address of the server; `https://ntfy.sh` by default.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    server: Option<Url>,
    /// Name of the topic. Whoever knows it can read along, unless the server asks for a token.
    #[schemars(with = "String", extend("format" = "secret"))]
    topic: SecretString,
    /// Access token (`tk_…`), where the topic is protected.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    token: Option<SecretString>,
    /// How loud the beginning of what pages is, from 1 (no sound) to 5 (until somebody looks); 5 by default. News of
    /// it is one lower; the end, and what can wait, is never above 3.
    #[serde(default)]
    priority: Option<u8>,
    /// Tags of every message; names of emoji become one.
    #[serde(default)]
    tags: Vec<String>,
}

struct Ntfy {
    server: String,
    topic: SecretString,
    token: Option<SecretString>,
    auth: Option<HeaderValue>,
    priority: u8,
    tags: Vec<String>,
}

impl Spec for NtfySpec {
    type Channel = Ntfy;

    fn build(self) -> Result<Ntfy, Vec<Refused>> {
        let mut problems = Vec::new();
        let server = self.server.map_or_else(|| "https://ntfy.sh/".to_owned(), |u| u.to_string());
        if !server.starts_with("http") {
            problems.push(Refused::new("server", "not an http address", "such as https://ntfy.example.org"));
        }
        let topic = self.topic.expose_secret();
        let sign = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(1..=64).contains(&topic.len()) || !topic.bytes().all(sign) {
            problems.push(Refused::new("topic", "not a topic", "1 to 64 letters, digits, - and _"));
        }
        if !(1..=5).contains(&self.priority.unwrap_or(5)) {
            problems.push(Refused::new("priority", "not from 1 to 5", ""));
        }
        if let Some(at) = self.tags.iter().position(|t| t.trim().is_empty() || t.contains(',')) {
            problems.push(Refused::new(format!("tags[{at}]"), "empty, or with a comma in it", ""));
        }
        let auth = self.token.as_ref().map(|t| request::bearer("token", t)).transpose();
        let auth = auth.map_err(|p| problems.push(p)).ok().flatten();
        if problems.is_empty() {
            let priority = self.priority.unwrap_or(5);
            Ok(Ntfy { server, topic: self.topic, token: self.token, auth, priority, tags: self.tags })
        } else {
            Err(problems)
        }
    }
}

impl Channel for Ntfy {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        if let Some(reply) = replies.last() {
            return Next::Done(read(reply));
        }
        let mut headers = vec![request::JSON];
        headers.extend(self.auth.iter().map(|a| (AUTHORIZATION, a.clone())));
        request::json(Method::POST, &self.server, headers, &self.message(n))
    }

    fn secrets(&self) -> Vec<&SecretString> {
        std::iter::once(&self.topic).chain(&self.token).collect()
    }
}

const PLAIN: Markup = Markup {
    escaped: unlinked,
    code: |line| format!("  {}", unlinked(line)),
    strong: ("", ""),
    item: "- ",
    fence: ("", ""),
    link: |url, _| url.to_string(),
};

impl Ntfy {
    fn message(&self, n: &Notification) -> Value {
        let story = Story::of(n);
        let words = picture::shown_first(n).map(|s| unlinked(&s.words()));
        let tail = words.into_iter().chain([unlinked(&story.footer)]).collect::<Vec<_>>().join("\n");
        let pieces = PLAIN.pieces(&story.pieces, MOST - tail.len() - 2);
        let text = joined([pieces, tail]);
        let mut tags = vec![emoji(n.kind).to_owned()];
        tags.extend(self.tags.iter().map(|t| one_line(t, 60)));
        let message = json!({
            "topic": self.topic.expose_secret(),
            "title": unlinked(&story.title),
            "message": text,
            "priority": self.loud(n),
            "tags": tags,
            "sequence_id": sequence(n),
        });
        match &story.link {
            Some(link) => request::with(message, "click", link.as_str()),
            None => message,
        }
    }

    fn loud(&self, n: &Notification) -> u8 {
        let least_of = |most: u8| self.priority.min(most);
        match (n.severity, n.kind) {
            (Severity::Page, NotificationKind::Opened | NotificationKind::Reminder) => self.priority,
            (Severity::Page, NotificationKind::Update) => self.priority.saturating_sub(1).max(1),
            (_, NotificationKind::Resolved | NotificationKind::Acknowledged) => least_of(2),
            _ => least_of(3),
        }
    }
}

/// Messages with the same sequence are one on the phone, the newest (ntfy 2.16; older servers ignore it): what ends
/// the trouble takes the place of what began it. Updates and reminders must be heard, so they stand by themselves.
fn sequence(n: &Notification) -> String {
    let one = match n.kind {
        NotificationKind::Update | NotificationKind::Reminder => &n.id.0,
        _ => &n.incident.0,
    };
    let hash = Sha256::digest(one);
    format!("lw-{}", hash.iter().take(12).map(|b| format!("{b:02x}")).collect::<String>())
}

/// Names that ntfy shows as emoji before the title.
fn emoji(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::Opened => "red_circle",
        NotificationKind::Update => "large_orange_diamond",
        NotificationKind::Reminder => "alarm_clock",
        NotificationKind::Acknowledged => "eyes",
        NotificationKind::Resolved => "white_check_mark",
        NotificationKind::Test => "bell",
    }
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    code: u64,
    #[serde(default)]
    error: String,
}

fn read(reply: &Reply) -> Receipt {
    let Reply::Http { status, headers, body } = reply else {
        return request::wrong_reply();
    };
    let fault = serde_json::from_slice::<Fault>(body).unwrap_or_default();
    let said = match fault.code {
        0 => String::from_utf8_lossy(body).into_owned(),
        code => format!("{code} {}", one_line(&fault.error, 200)),
    };
    let hint = match status {
        401 => "the token is not valid (any more)",
        403 => "the token may not write to this topic, or the topic wants one",
        404 => "there is no ntfy at this address",
        _ => "",
    };
    hinted(judged(*status, headers, &said, None), hint)
}

#[cfg(test)]
mod tests;
