//! incident.io: one alert an incident, by an alert source of the type HTTP.

use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::github::markdown;
use crate::channel::Kind;
use crate::request;
use crate::text::{self, Story, one_line};
use crate::{Channel, MessageRef, Next, Notification, NotificationKind, Refused, Reply, Spec};

pub(super) const KIND: Kind = Kind::of::<IncidentIoSpec>(
    "incident_io",
    "incident.io: an alert an incident, by an HTTP alert source",
    "source: 01GW2G3V0S59R238FAHPDS1R66\ntoken: example-0000\n",
);

/// Settings of an alert source of the type HTTP.
///
/// incident.io knows `firing` and `resolved`; who has acknowledged stands in the metadata (`target`, `kind`,
/// `severity`, `incident`, `probes`, `reason`, `acknowledged_by`, `people`), for the source to make attributes of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct IncidentIoSpec {
    /// Id of the alert source: the last part of the address that the source shows.
    source: String,
    /// Token that the source shows.
    #[schemars(with = "String", extend("format" = "secret"))]
    token: SecretString,
    /// Address of the API, for a stand-in.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    api_url: Option<Url>,
}

struct IncidentIo {
    token: SecretString,
    auth: HeaderValue,
    url: String,
}

impl Spec for IncidentIoSpec {
    type Channel = IncidentIo;

    fn build(self) -> Result<IncidentIo, Vec<Refused>> {
        let mut problems = Vec::new();
        let source = self.source.trim();
        if source.is_empty() || !source.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            let hint = "the last part of the source's address, such as 01GW2G3V0S59R238FAHPDS1R66";
            problems.push(Refused::new("source", "not the id of an alert source", hint));
        }
        let base = request::base(self.api_url, "https://api.incident.io").map_err(|r| problems.push(r)).ok();
        let auth = request::bearer("token", &self.token).map_err(|r| problems.push(r)).ok();
        match (base, auth) {
            (Some(base), Some(auth)) if problems.is_empty() => {
                let url = format!("{base}/v2/alert_events/http/{source}");
                Ok(IncidentIo { token: self.token, auth, url })
            }
            _ => Err(problems),
        }
    }
}

impl Channel for IncidentIo {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        match replies.last() {
            Some(reply) => Next::Done(request::answered(reply)),
            None => {
                let headers = vec![request::JSON, (AUTHORIZATION, self.auth.clone())];
                request::json(Method::POST, &self.url, headers, &event(n))
            }
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.token]
    }
}

/// Events with the same key are one alert (docs.incident.io/api-reference/alert-events-v2/createhttp). No limits of
/// length are given there.
fn event(n: &Notification) -> Value {
    let story = Story::of(n);
    let facts = &n.facts;
    let status = if n.kind == NotificationKind::Resolved { "resolved" } else { "firing" };
    json!({
        "title": format!("{} {}", story.mark, story.title),
        "description": markdown::body(&story),
        "deduplication_key": text::key(&n.incident.0, 255),
        "status": status,
        "source_url": story.link,
        "metadata": {
            "target": one_line(&facts.target, 200),
            "kind": n.kind.as_str(),
            "severity": n.severity.as_str(),
            "incident": text::key(&n.incident.0, 255),
            "probes": facts.failing.iter().take(10).map(|f| one_line(&f.probe, 80)).collect::<Vec<_>>(),
            "reason": facts.failing.first().and_then(|f| f.reason.as_deref()).map(|r| one_line(r, 80)),
            "acknowledged_by": facts.ack.as_ref().map(|a| one_line(&a.by, 80)),
            "people": facts.people.iter().take(10).map(|p| one_line(p, 80)).collect::<Vec<_>>(),
        },
    })
}

#[cfg(test)]
mod tests;
