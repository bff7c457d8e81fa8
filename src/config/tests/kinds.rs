//! Kinds with settings of every shape, so that the tests need none of the real ones.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use launchwatch_alerts as alerts;
use launchwatch_alerts::{Channel, MessageRef, Next, Notification, Receipt, Reply};
use launchwatch_probes::{Cadence, Cx, Kind, Outcome, Probe, Refused, Spec, Stage};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::config::Registries;

pub(super) const REGISTRIES: Registries = Registries {
    probes: &[
        Kind::of::<Web>(
            "web",
            "Asks for a page.",
            &[Stage::Connect, Stage::Body],
            Cadence { every: Duration::from_secs(15), deadline: Duration::from_secs(10) },
            "path: health\n",
        ),
        Kind::of::<Start>(
            "start-server",
            "Starts a server.",
            &[Stage::Launch],
            Cadence { every: Duration::from_secs(120), deadline: Duration::from_secs(120) },
            "spec: gh/a/b/c\n",
        )
        .measuring(&["pods_count", "certificate_left_seconds"])
        .launching(),
    ],
    channels: &[
        alerts::Kind::of::<Chat>("chat", "Writes to a chat room.", "webhook_url: env:CHAT_WEBHOOK\n"),
        alerts::Kind::of::<Mail>("mail", "Writes a letter.", "to: [me@example.org]\n"),
    ],
};

/// A page must answer.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct Web {
    /// Path of the page.
    #[serde(default)]
    path: String,
    /// Token that is sent along.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    token: Option<SecretString>,
    /// Headers that are sent along.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// What must come back.
    #[serde(default)]
    expect: Expect,
    /// How it is asked.
    #[serde(default)]
    mode: Mode,
}

/// What must come back.
#[derive(Default, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct Expect {
    /// Accepted statuses.
    #[serde(default)]
    status: Vec<u16>,
    /// Conditions on parts of the body.
    #[serde(default)]
    parts: Vec<Part>,
}

/// A condition on a part.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only read")]
struct Part {
    /// Where it is.
    path: String,
    /// Whether it must be there.
    #[serde(default)]
    exists: bool,
}

/// How it is asked.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// With patience.
    #[default]
    Patient,
    /// Without.
    Hasty,
}

/// A server must start.
#[derive(Deserialize, JsonSchema)]
struct Start {
    /// What to launch.
    spec: String,
    /// How often.
    #[serde(default)]
    tries: u8,
}

/// A room to write to.
#[derive(Deserialize, JsonSchema)]
struct Chat {
    /// Address of the room.
    #[schemars(with = "String", extend("format" = "secret"))]
    webhook_url: SecretString,
    /// Name of the room.
    room: Option<String>,
}

/// People to write to.
#[derive(Deserialize, JsonSchema)]
struct Mail {
    /// Their addresses.
    to: Vec<String>,
}

pub(super) struct Nothing;

#[async_trait]
impl Probe for Nothing {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        cx.passed()
    }
}

impl Channel for Nothing {
    fn compose(&self, _: &Notification, _: &[Reply], _: Option<&MessageRef>) -> Next {
        Next::Done(Receipt::Delivered(None))
    }
}

impl Spec for Web {
    type Probe = Nothing;

    fn build(self, _: &Url) -> Result<Nothing, Vec<Refused>> {
        let mut refused = Vec::new();
        if self.path.starts_with('/') {
            refused.push(Refused::new("path", "a path begins without a slash", "leave the slash off"));
        }
        for (at, status) in self.expect.status.iter().enumerate() {
            if !(100..600).contains(status) {
                refused.push(Refused::new(
                    format!("expect.status[{at}]"),
                    format!("{status} is no status"),
                    "such as 200",
                ));
            }
        }
        if refused.is_empty() { Ok(Nothing) } else { Err(refused) }
    }
}

impl Spec for Start {
    type Probe = Nothing;

    fn build(self, _: &Url) -> Result<Nothing, Vec<Refused>> {
        let parts = self.spec.split('/').count();
        if parts == 4 && self.tries < 10 {
            return Ok(Nothing);
        }
        Err(vec![Refused::new("spec", "a spec has four parts", "such as `gh/owner/repository/commit`")])
    }
}

impl alerts::Spec for Chat {
    type Channel = Nothing;

    fn build(self) -> Result<Nothing, Vec<alerts::Refused>> {
        let url = self.webhook_url.expose_secret();
        if !url.starts_with("https://") {
            // A kind that is careless with its secret: the loader must not repeat it.
            return Err(vec![alerts::Refused::new("webhook_url", format!("{url} is not an address"), "")]);
        }
        match self.room.as_deref() {
            Some("") => Err(vec![alerts::Refused::new("room", "the room has no name", "")]),
            _ => Ok(Nothing),
        }
    }
}

impl alerts::Spec for Mail {
    type Channel = Nothing;

    fn build(self) -> Result<Nothing, Vec<alerts::Refused>> {
        if self.to.is_empty() {
            return Err(vec![alerts::Refused::new("to", "nobody would get the letter", "")]);
        }
        Ok(Nothing)
    }
}
