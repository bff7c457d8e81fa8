//! Opsgenie and Jira Service Management: one alert an incident, under the incident's id as alias.

use std::collections::BTreeMap;

use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::channel::Kind;
use crate::request::{self, Region};
use crate::text::{self, Story, at_most, one_line};
use crate::{
    Channel, MessageRef, Next, Notification, NotificationKind, Receipt, Refused, Reply, Severity, Spec,
};

pub(super) const KIND: Kind = Kind::of::<OpsgenieSpec>(
    "opsgenie",
    "Opsgenie (or Jira Service Management): an alert an incident, acknowledged and closed with it",
    "api_key: 00000000-0000-0000-0000-000000000000\n",
);

/// Limits in characters, as the page "Alert API" of Opsgenie's documentation (docs.opsgenie.com/docs/alert-api) lists
/// them. They are kept in bytes, which are never fewer.
const MESSAGE: usize = 130;
const ALIAS: usize = 512;
const DESCRIPTION: usize = 15_000;
const ENTITY: usize = 512;
const NOTE: usize = 25_000;
const TAG: usize = 50;

/// Settings of an Opsgenie integration of the type "API".
///
/// Pages have priority P1, tickets P3, tests P5; a test stays open there until somebody closes it. Trouble that came
/// and went while Opsgenie could not be reached is not told there.
/// Jira Service Management takes the same requests: `api_url: https://api.atlassian.com/jsm/ops/integration`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OpsgenieSpec {
    /// Key of the integration.
    #[schemars(with = "String", extend("format" = "secret"))]
    api_key: SecretString,
    /// Region of the account; `us` by default.
    #[serde(default)]
    region: Region,
    /// Names of the teams that are told, if the integration does not say so.
    #[serde(default)]
    teams: Vec<String>,
    /// Tags of the alert; at most 20.
    #[serde(default)]
    tags: Vec<String>,
    /// Address of the API instead of that of the region.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    api_url: Option<Url>,
}

struct Opsgenie {
    key: SecretString,
    auth: HeaderValue,
    alerts: String,
    teams: Vec<String>,
    tags: Vec<String>,
}

impl Spec for OpsgenieSpec {
    type Channel = Opsgenie;

    fn build(self) -> Result<Opsgenie, Vec<Refused>> {
        let mut problems = Vec::new();
        if self.teams.len() > 50 {
            problems.push(Refused::new("teams", "more than 50", "Opsgenie takes 50 responders"));
        }
        if self.tags.len() > 20 || self.tags.iter().any(|t| t.len() > TAG) {
            problems.push(Refused::new("tags", "too many or too long", "20 tags of 50 characters"));
        }
        let usual = match self.region {
            Region::Us => "https://api.opsgenie.com",
            Region::Eu => "https://api.eu.opsgenie.com",
        };
        let base = request::base(self.api_url, usual).map_err(|r| problems.push(r)).ok();
        let auth = request::authorization("api_key", "GenieKey", &self.api_key);
        let auth = auth.map_err(|r| problems.push(r)).ok();
        match (base, auth) {
            (Some(base), Some(auth)) if problems.is_empty() => {
                let alerts = format!("{base}/v2/alerts");
                Ok(Opsgenie { key: self.api_key, auth, alerts, teams: self.teams, tags: self.tags })
            }
            _ => Err(problems),
        }
    }
}

impl Channel for Opsgenie {
    /// An alert with a known alias is not opened twice, so every telling of lasting trouble begins with opening it:
    /// the first one may have been lost, or somebody may have closed it.
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        let known = matches!(n.kind, NotificationKind::Update | NotificationKind::Reminder);
        match (replies, n.kind) {
            ([], NotificationKind::Acknowledged) => self.act(n, "acknowledge"),
            ([], NotificationKind::Resolved) => self.act(n, "close"),
            ([], _) => self.post(&self.alerts, &self.alert(n)),
            ([opened], _) if known => match request::answered(opened) {
                Receipt::Delivered(_) => self.act(n, "notes"),
                other => Next::Done(other),
            },
            ([.., last], _) => Next::Done(request::answered(last)),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.key]
    }
}

fn alias(n: &Notification) -> String {
    text::key(&n.incident.0, ALIAS)
}

impl Opsgenie {
    fn alert(&self, n: &Notification) -> Value {
        let story = Story::of(n);
        let priority = match (n.kind, n.severity) {
            (NotificationKind::Test, _) => "P5",
            (_, Severity::Page) => "P1",
            (_, Severity::Ticket) => "P3",
        };
        let mut details = BTreeMap::from([
            ("incident", alias(n)),
            ("kind", n.kind.as_str().to_owned()),
            ("severity", n.severity.as_str().to_owned()),
        ]);
        details.extend(story.link.as_ref().map(|l| ("link", l.as_str().to_owned())));
        let mut alert = json!({
            "message": one_line(&story.title, MESSAGE),
            "alias": alias(n),
            "description": at_most(&text::plain(n), DESCRIPTION),
            "entity": one_line(&n.facts.target, ENTITY),
            "source": "launchwatch",
            "priority": priority,
            "tags": self.tags,
            "details": details,
        });
        if let (false, Some(map)) = (self.teams.is_empty(), alert.as_object_mut()) {
            let teams = self.teams.iter().map(|name| json!({"name": name, "type": "team"}));
            map.insert("responders".into(), teams.collect());
        }
        alert
    }

    /// Something done to the alert of the incident. One that is not there is taken and forgotten.
    fn act(&self, n: &Notification, action: &str) -> Next {
        // Every sign of an alias has one meaning in a path, but the slash.
        let alias = alias(n).replace('/', "%2F");
        let url = format!("{}/{alias}/{action}?identifierType=alias", self.alerts);
        let user = n.facts.ack.as_ref().filter(|_| action == "acknowledge").map(|a| one_line(&a.by, 100));
        let body = json!({
            "user": user.filter(|u| !u.is_empty()).unwrap_or_else(|| "launchwatch".to_owned()),
            "source": "launchwatch",
            "note": at_most(&text::plain(n), NOTE),
        });
        self.post(&url, &body)
    }

    fn post(&self, url: &str, body: &Value) -> Next {
        let headers = vec![request::JSON, (AUTHORIZATION, self.auth.clone())];
        request::json(Method::POST, url, headers, body)
    }
}

#[cfg(test)]
mod tests;
