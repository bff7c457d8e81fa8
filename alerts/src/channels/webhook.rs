//! Webhook: the notification as JSON to any address, signed on wish.
//!
//! The body is one object:
//! `version` (1), `id` (the same for every attempt: drop what you have seen), `incident`, `kind` (`opened`, `update`,
//! `reminder`, `acknowledged`, `resolved`, `test`), `severity` (`page`, `ticket`), `at` (RFC 3339), `title` (one line), `text` (plain text) and
//! `facts` (`target`, `since`, `until`, `failing`, `working`, `strips`, `link`, `instead_of`).
//!
//! With a `secret`, `X-Launchwatch-Signature` is `sha256=` and the hex HMAC-SHA256 of
//! `X-Launchwatch-Timestamp`, a dot and the body. The timestamp (Unix seconds) is when the notification became owed,
//! so that every attempt has the same bytes; a late delivery has an old timestamp.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::channel::Kind;
use crate::{Channel, Facts, MessageRef, Next, Notification, Receipt, Refused, Reply, Spec, request, text};

pub(super) const KIND: Kind = Kind::of::<WebhookSpec>(
    "webhook",
    "Webhook: the notification as JSON to any address, with an HMAC signature on wish",
    "url: https://hooks.example.org/launchwatch\nsecret: shared-with-the-receiver\nheaders:\n  X-Team: the-hub-team\n",
);

/// Settings of a webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebhookSpec {
    /// Address that takes a POST.
    #[schemars(with = "String", extend("format" = "secret"))]
    url: SecretString,
    /// Key of the signature; without it there is none.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    secret: Option<SecretString>,
    /// Further headers, such as `Authorization`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    headers: BTreeMap<String, SecretString>,
}

struct Webhook {
    url: SecretString,
    secret: Option<SecretString>,
    headers: Vec<(HeaderName, HeaderValue)>,
    header_secrets: Vec<SecretString>,
}

impl Spec for WebhookSpec {
    type Channel = Webhook;

    fn build(self) -> Result<Webhook, Vec<Refused>> {
        let mut problems = Vec::new();
        if let Err(problem) = request::checked_url("url", &self.url) {
            problems.push(problem);
        }
        let mut headers = Vec::new();
        for (name, value) in &self.headers {
            let parsed =
                HeaderName::try_from(name).ok().zip(HeaderValue::from_str(value.expose_secret()).ok());
            match parsed {
                Some((name, mut value)) => {
                    value.set_sensitive(true);
                    headers.push((name, value));
                }
                None => problems.push(Refused::new(format!("headers.{name}"), "not a valid HTTP header", "")),
            }
        }
        if problems.is_empty() {
            let header_secrets = self.headers.into_values().collect();
            Ok(Webhook { url: self.url, secret: self.secret, headers, header_secrets })
        } else {
            Err(problems)
        }
    }
}

/// The body. Its fields are a promise to receivers.
#[derive(Serialize)]
struct Body<'a> {
    version: u8,
    id: &'a str,
    incident: &'a str,
    kind: &'static str,
    severity: &'static str,
    at: jiff::Timestamp,
    title: String,
    text: String,
    facts: Facts,
}

impl Channel for Webhook {
    fn compose(&self, n: &Notification, replies: &[Reply], _thread: Option<&MessageRef>) -> Next {
        match replies.last() {
            None => self.request(n),
            Some(Reply::Http { status, headers, body }) => {
                Next::Done(Receipt::by_status(*status, headers, &String::from_utf8_lossy(body)))
            }
            Some(Reply::Mail(_)) => Next::Done(request::wrong_reply()),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        std::iter::once(&self.url).chain(&self.secret).chain(&self.header_secrets).collect()
    }
}

impl Webhook {
    fn request(&self, n: &Notification) -> Next {
        let body = Body {
            version: 1,
            id: &n.id.0,
            incident: &n.incident.0,
            kind: n.kind.as_str(),
            severity: n.severity.as_str(),
            at: n.at,
            title: text::title(n),
            text: text::plain(n),
            facts: bounded(&n.facts),
        };
        let Ok(bytes) = serde_json::to_vec(&body) else {
            return request::refused("the notification cannot be written as JSON");
        };
        let timestamp = n.at.as_second();
        let mut headers = vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (USER_AGENT, HeaderValue::from_static("launchwatch")),
            (HeaderName::from_static("x-launchwatch-timestamp"), HeaderValue::from(timestamp)),
        ];
        headers.extend(request::header("idempotency-key", &n.id.0));
        headers.extend(self.signature(timestamp, &bytes));
        headers.extend(self.headers.iter().cloned());
        request::bytes(Method::POST, self.url.expose_secret(), headers, bytes.into())
    }

    fn signature(&self, timestamp: i64, body: &[u8]) -> Option<(HeaderName, HeaderValue)> {
        let key = self.secret.as_ref()?.expose_secret();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(format!("{timestamp}.").as_bytes());
        mac.update(body);
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        request::header("x-launchwatch-signature", &format!("sha256={hex}"))
    }
}

/// The facts, cut to what a receiver can be expected to take: foreign text can hold megabytes.
fn bounded(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    facts.target = text::one_line(&facts.target, 200);
    facts.failing.truncate(50);
    facts.working.truncate(200);
    facts.strips.truncate(50);
    for failing in &mut facts.failing {
        failing.probe = text::one_line(&failing.probe, 200);
        failing.says = text::one_line(&failing.says, 200);
        failing.target = failing.target.as_deref().map(|t| text::one_line(t, 200));
        failing.summary = text::one_line(&failing.summary, 500);
        failing.reason = failing.reason.as_deref().map(|r| text::one_line(r, 80));
        failing.stage = failing.stage.as_deref().map(|s| text::one_line(s, 80));
        failing.evidence = text::last_lines(&failing.evidence, 20, 2500).0;
    }
    facts.working.iter_mut().for_each(|w| *w = text::one_line(w, 200));
    facts.people.truncate(50);
    facts.people.iter_mut().for_each(|p| *p = text::one_line(p, 200));
    facts.note = facts.note.as_deref().map(|n| text::one_line(n, 500));
    facts.instead_of = facts.instead_of.as_deref().map(|c| text::one_line(c, 200));
    facts.hushed.truncate(50);
    for hushed in &mut facts.hushed {
        hushed.target = text::one_line(&hushed.target, 200);
        hushed.why = text::one_line(&hushed.why, 300);
    }
    for strip in &mut facts.strips {
        strip.probe = text::one_line(&strip.probe, 200);
        let extra = strip.cells.len().saturating_sub(400);
        strip.cells.drain(..extra);
    }
    facts.link = facts.link.filter(|l| l.len() < 2000);
    facts
}

#[cfg(test)]
mod tests;
