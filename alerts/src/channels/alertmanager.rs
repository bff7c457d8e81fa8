//! Prometheus' Alertmanager: one alert an incident, kept alive by what follows and ended by its end.
//!
//! Alertmanager forgets an alert that nobody sends again within its `resolve_timeout`, unless the alert says when it
//! ends. We send only when there is something to tell, so `endsAt` lies far ahead: beyond the longest pause between
//! two reminders (a day, for tickets) and beyond the end of an acknowledgement, which holds them back. Every
//! reminder, update and acknowledgement moves it on; the end of the incident sets it to when that was.

mod alert;
mod members;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::channel::Kind;
use crate::request;
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec};

pub(super) const KIND: Kind = Kind::of::<AlertmanagerSpec>(
    "alertmanager",
    "Prometheus' Alertmanager: an alert an incident, with target, severity and incident as labels",
    "urls: [https://alertmanager.example.org]\nusername: launchwatch\npassword: not-a-real-one\nlabels:\n  team: hub\n",
);

/// Members of a cluster: with its step limit, all are asked within the courier's eight steps.
const MEMBERS: usize = 6;
/// How long one member may take.
const STEP: Duration = Duration::from_secs(10);
/// Labels that we set ourselves.
const OURS: [&str; 4] = ["alertname", "target", "severity", "incident"];

/// Settings of an Alertmanager.
///
/// The alert is named `LaunchwatchIncident` (a test: `LaunchwatchTest`, over after five minutes) and has the labels
/// `target`, `severity` (`page`, `ticket`) and `incident`, with `summary`, `description`, `kind`, `link` and
/// `acknowledged_by` as annotations. It says itself when it ends, `keep_hours` ahead, and every reminder moves that on;
/// so an alert whose launchwatch is gone for good ends by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AlertmanagerSpec {
    /// Addresses of all members of the cluster, at most 6: each must be told, none tells the others.
    #[schemars(with = "Vec<String>")]
    urls: Vec<Url>,
    /// User name, where they want one.
    #[serde(default)]
    username: Option<String>,
    /// Password of that user.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    password: Option<SecretString>,
    /// Bearer token, instead of a user.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    token: Option<SecretString>,
    /// Further labels, for its routes.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Hours after which an alert ends that nobody speaks of any more; longer than the longest pause between reminders.
    #[serde(default = "two_days")]
    #[schemars(extend("default" = 48))]
    keep_hours: u16,
}

fn two_days() -> u16 {
    48
}

struct Alertmanager {
    members: Vec<String>,
    auth: Option<HeaderValue>,
    /// Also as the header shows them.
    secrets: Vec<SecretString>,
    labels: BTreeMap<String, String>,
    keep: Duration,
}

impl Spec for AlertmanagerSpec {
    type Channel = Alertmanager;

    fn build(self) -> Result<Alertmanager, Vec<Refused>> {
        let mut problems = Vec::new();
        if self.urls.is_empty() || self.urls.len() > MEMBERS {
            problems.push(Refused::new("urls", format!("needs 1 to {MEMBERS} addresses"), ""));
        }
        let mut members = Vec::new();
        for (at, url) in self.urls.iter().enumerate() {
            let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none();
            if !plain || !url.username().is_empty() || url.password().is_some() {
                let hint = "such as https://alertmanager.example.org; a user goes into `username`";
                problems.push(Refused::new(format!("urls[{at}]"), "not a plain http address", hint));
            }
            let address = url.as_str().trim_end_matches('/').to_owned();
            if !members.contains(&address) {
                members.push(address);
            }
        }
        for name in self.labels.keys() {
            let mut bytes = name.bytes();
            let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
            if !first || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                let hint = "letters, digits and underscores";
                problems.push(Refused::new(format!("labels.{name}"), "not the name of a label", hint));
            } else if OURS.contains(&name.as_str()) {
                problems.push(Refused::new(format!("labels.{name}"), "launchwatch sets this one", ""));
            }
        }
        if self.keep_hours == 0 {
            problems.push(Refused::new("keep_hours", "the alert would end at once", "such as 48"));
        }
        let login = login(self.username.as_deref(), self.password.as_ref(), self.token.as_ref());
        let login = login.map_err(|r| problems.push(r)).ok().flatten();
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Alertmanager {
            members,
            secrets: login.iter().map(|(_, s)| s.clone()).chain(self.password).chain(self.token).collect(),
            auth: login.map(|(auth, _)| auth),
            labels: self.labels,
            keep: Duration::from_secs(u64::from(self.keep_hours) * 3600),
        })
    }
}

/// The header, and what it shows of the secret.
fn login(
    username: Option<&str>,
    password: Option<&SecretString>,
    token: Option<&SecretString>,
) -> Result<Option<(HeaderValue, SecretString)>, Refused> {
    match (username, password, token) {
        (None, None, None) => Ok(None),
        (None, None, Some(token)) => Ok(Some((request::bearer("token", token)?, token.clone()))),
        (Some(user), Some(password), None) if !user.contains(':') => {
            let both = format!("{user}:{}", password.expose_secret());
            let basic = SecretString::from(BASE64_STANDARD.encode(both));
            Ok(Some((request::authorization("password", "Basic", &basic)?, basic)))
        }
        (Some(_), Some(_), None) => Err(Refused::new("username", "has a colon in it", "")),
        (Some(_), None, None) => Err(Refused::new("password", "missing beside username", "env: or file:")),
        (None, Some(_), None) => Err(Refused::new("username", "missing beside password", "")),
        (_, _, Some(_)) => Err(Refused::new("token", "stands beside a user", "either a token or a user")),
    }
}

impl Channel for Alertmanager {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        match members::next(&self.members, replies) {
            Ok(member) => {
                let mut headers = vec![request::JSON];
                headers.extend(self.auth.clone().map(|auth| (AUTHORIZATION, auth)));
                let url = format!("{member}/api/v2/alerts");
                request::json(Method::POST, &url, headers, &alert::of(n, &self.labels, self.keep))
            }
            Err(receipt) => Next::Done(receipt),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        self.secrets.iter().collect()
    }

    fn time_limit(&self) -> Duration {
        STEP * u32::try_from(self.members.len()).unwrap_or(1) + STEP
    }

    /// A member that is gone must not keep the others from being told.
    fn step_limit(&self) -> Option<Duration> {
        (self.members.len() > 1).then_some(STEP)
    }
}

#[cfg(test)]
mod tests;
