//! PagerDuty: one alert an incident, opened, acknowledged and resolved by the incident's id (Events API v2).

use std::time::Duration;

use http::Method;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::channel::Kind;
use crate::request::{self, Region};
use crate::text::{self, Story, one_line};
use crate::{
    Channel, MessageRef, Next, Notification, NotificationKind, Receipt, Refused, Reply, Severity, Spec,
};

pub(super) const KIND: Kind = Kind::of::<PagerdutySpec>(
    "pagerduty",
    "PagerDuty: an alert an incident, acknowledged and resolved with it",
    "routing_key: 0123456789abcdef0123456789abcdef\n",
);

/// Most characters of a `dedup_key` and of a summary ("Send an Alert Event" in PagerDuty's developer documentation,
/// docs/events-API-v2/02-Trigger-Events.md of PagerDuty/developer-docs).
const KEY: usize = 255;
const SUMMARY: usize = 1024;
/// The overview beside it limits an event to 512 KB, and asks for "a backoff of a few minutes" after a 429. A page
/// should not wait for several.
const AFTER_429: Duration = Duration::from_secs(60);

/// Settings of a PagerDuty integration.
///
/// Pages are `critical`, tickets `warning`, tests `info`; a test stays open there until somebody resolves it. Trouble
/// that came and went while PagerDuty could not be reached is not told there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PagerdutySpec {
    /// Integration key of an Events API v2 integration: 32 letters and digits.
    #[schemars(with = "String", extend("format" = "secret"))]
    routing_key: SecretString,
    /// Region of the account; `us` by default.
    #[serde(default)]
    region: Region,
    /// Address of the API instead of that of the region.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    api_url: Option<Url>,
}

struct Pagerduty {
    key: SecretString,
    url: String,
}

impl Spec for PagerdutySpec {
    type Channel = Pagerduty;

    fn build(self) -> Result<Pagerduty, Vec<Refused>> {
        let mut problems = Vec::new();
        let key = self.routing_key.expose_secret();
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
            let hint = "the integration key of an Events API v2 integration: 32 letters and digits";
            problems.push(Refused::new("routing_key", "empty, or with blanks or line ends in it", hint));
        }
        let usual = match self.region {
            Region::Us => "https://events.pagerduty.com",
            Region::Eu => "https://events.eu.pagerduty.com",
        };
        match request::base(self.api_url, usual) {
            Ok(base) if problems.is_empty() => {
                Ok(Pagerduty { key: self.routing_key, url: format!("{base}/v2/enqueue") })
            }
            Ok(_) => Err(problems),
            Err(problem) => {
                problems.push(problem);
                Err(problems)
            }
        }
    }
}

impl Channel for Pagerduty {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        let Some(reply) = replies.last() else {
            return request::json(Method::POST, &self.url, vec![request::JSON], &self.event(n));
        };
        Next::Done(match (request::answered(reply), reply) {
            (Receipt::Retry { after: None, why }, Reply::Http { status: 429, .. }) => {
                Receipt::Retry { after: Some(AFTER_429), why }
            }
            (receipt, _) => receipt,
        })
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.key]
    }
}

impl Pagerduty {
    /// The same key for the life of an incident: a repeated event changes nothing.
    fn event(&self, n: &Notification) -> Value {
        let story = Story::of(n);
        let action = match n.kind {
            NotificationKind::Acknowledged => "acknowledge",
            NotificationKind::Resolved => "resolve",
            _ => "trigger",
        };
        let severity = match (n.kind, n.severity) {
            (NotificationKind::Test, _) => "info",
            (_, Severity::Page) => "critical",
            (_, Severity::Ticket) => "warning",
        };
        let first = n.facts.failing.first();
        let link = story.link.as_ref().map(Url::as_str);
        json!({
            "routing_key": self.key.expose_secret(),
            "event_action": action,
            "dedup_key": text::key(&n.incident.0, KEY),
            "client": "launchwatch",
            "client_url": link,
            "links": link.map(|href| json!({"href": href, "text": "The incident"})).into_iter().collect::<Vec<_>>(),
            "payload": {
                "summary": one_line(&story.title, SUMMARY),
                "source": source(n),
                "severity": severity,
                "timestamp": n.facts.since,
                "component": first.map(|f| one_line(&f.probe, 200)),
                "class": first.and_then(|f| f.reason.as_deref()).map(|r| one_line(r, 80)),
                "custom_details": {
                    "text": text::plain(n),
                    "failing": n.facts.failing.iter().take(10).map(|f| one_line(&f.probe, 80)).collect::<Vec<_>>(),
                    "working": n.facts.working.iter().take(10).map(|w| one_line(w, 80)).collect::<Vec<_>>(),
                    "acknowledged_by": n.facts.ack.as_ref().map(|a| one_line(&a.by, 80)),
                    "incident": text::key(&n.incident.0, KEY),
                },
            },
        })
    }
}

/// Required, so never empty.
fn source(n: &Notification) -> String {
    match one_line(&n.facts.target, 200) {
        target if target.is_empty() => "launchwatch".to_owned(),
        target => target,
    }
}

#[cfg(test)]
mod tests;
