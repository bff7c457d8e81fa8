//! What a channel is: it composes envelopes and reads replies. It never sends, sleeps or retries.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemars::{JsonSchema, Schema, schema_for};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Notification;

/// What a service calls a message that it took (Slack's `ts`, Matrix' event id, a Message-ID): the first one of an
/// incident is the root of its thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageRef(pub String);

/// How a mail connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum SmtpTls {
    /// Plain connection, upgraded by STARTTLS, refused if the server has none (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// No protection: only for a relay on the same machine.
    None,
}

/// The mail relay a letter goes to.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// Host name, also the name the certificate must show.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: SmtpTls,
    /// User and password, where the relay wants them.
    pub login: Option<(String, SecretString)>,
    /// The name to greet the relay with; the machine's own name where `None`.
    pub hello: Option<String>,
}

/// A mail, ready to be handed to a relay.
#[derive(Clone)]
pub struct Letter {
    /// The relay.
    pub smtp: Smtp,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients; the reply tells about each.
    pub to: Vec<String>,
    /// The message with its headers (RFC 5322).
    pub message: Vec<u8>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Letter({} to {} by {}, {} bytes)",
            self.from,
            self.to.len(),
            self.smtp.host,
            self.message.len()
        )
    }
}

/// What is handed to the post. Its `Debug` shows neither path, query, headers nor body: each may hold a secret.
#[derive(Clone)]
pub enum Envelope {
    /// An HTTP request.
    Http(http::Request<Bytes>),
    /// A mail.
    Mail(Letter),
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(r) => {
                let (method, host) = (r.method(), r.uri().host().unwrap_or_default());
                write!(f, "Http({method} {host}, {} bytes)", r.body().len())
            }
            Self::Mail(letter) => write!(f, "Mail({letter:?})"),
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An HTTP answer; the body is cut at 64 KiB.
    Http {
        /// Status.
        status: u16,
        /// Headers.
        headers: http::HeaderMap,
        /// Body.
        body: Bytes,
    },
    /// What the relay said for each recipient, in the order of the letter: code and text.
    Mail(Vec<(String, u16, String)>),
}

/// Recipients of a mail whose fate is known (taken, or refused for good) while others still wait: code and text of
/// each. Kept beside the delivery, so that the next attempt tells only the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settled(pub Vec<(String, u16, String)>);

/// Nothing came back: the connection could not be made or broke. Says at which step, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {detail}")]
pub struct Undelivered {
    /// The step that failed: `resolve`, `connect`, `tls`, `send`, `answer`; for mail also `greeting`, `starttls`,
    /// `login`, `mail from`, `rcpt`, `data`.
    pub step: &'static str,
    /// In words.
    pub detail: String,
}

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Taken by the service.
    Delivered(Option<MessageRef>),
    /// Taken by the service, but something beside it went wrong for good: one of several recipients does not
    /// exist, the first message of the thread could not be rewritten. Nothing is owed any more.
    Remarked {
        /// As in `Delivered`.
        message: Option<MessageRef>,
        /// What went wrong, in words.
        remark: String,
    },
    /// Not now; `after` is what the service asked for.
    Retry {
        /// Not before this long.
        after: Option<Duration>,
        /// Why, in words.
        why: String,
    },
    /// Some recipients have it, the others not now: to be tried again with `settled` handed to
    /// [`crate::courier::deliver_rest`], so that nobody is told twice.
    Partly {
        /// Not before this long, where the service asked for it.
        after: Option<Duration>,
        /// Why, in words.
        why: String,
        /// Who is settled.
        settled: Settled,
    },
    /// Never: wrong credentials, no such room, … The channel is broken until somebody mends it.
    Refused {
        /// Why, in words.
        why: String,
    },
}

/// What a channel wants done next.
#[derive(Debug)]
pub enum Next {
    /// Hand this to the post and come back with the reply.
    Send(Box<Envelope>),
    /// That is all.
    Done(Receipt),
}

/// Writes letters for one service. Pure: the same notification, replies and thread give the same bytes.
pub trait Channel: Send + Sync {
    /// The next envelope, given the replies to those before it; or what came of it all.
    /// `thread` is the reference of the incident's first message in this channel. Steps must be safe to repeat from
    /// the first, since a crash between two of them does so.
    fn compose(&self, notification: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next;

    /// The secrets of this channel, so that the courier can blot them out of what a service says.
    fn secrets(&self) -> Vec<&SecretString> {
        Vec::new()
    }

    /// Longest time one delivery may take, all steps together.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(20)
    }
}

/// The door through which envelopes leave.
#[async_trait]
pub trait Post: Send + Sync {
    /// Delivers one envelope and waits for the reply.
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered>;
}

impl Receipt {
    /// What is to be known beside the outcome: why not, or the remark. `None` when all is well.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Delivered(_) => None,
            Self::Remarked { remark: why, .. }
            | Self::Retry { why, .. }
            | Self::Partly { why, .. }
            | Self::Refused { why } => Some(why),
        }
    }

    /// The same outcome with its words changed.
    pub(crate) fn reworded(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Delivered(message) => Self::Delivered(message),
            Self::Remarked { message, remark } => Self::Remarked { message, remark: change(&remark) },
            Self::Retry { after, why } => Self::Retry { after, why: change(&why) },
            Self::Partly { after, why, settled } => {
                let settled =
                    settled.0.into_iter().map(|(to, code, said)| (to, code, change(&said))).collect();
                Self::Partly { after, why: change(&why), settled: Settled(settled) }
            }
            Self::Refused { why } => Self::Refused { why: change(&why) },
        }
    }

    /// Reads an HTTP status as most services mean it: 2xx taken, 408, 429 and 5xx later (with `Retry-After`), the
    /// rest never.
    pub fn by_status(status: u16, headers: &http::HeaderMap, said: &str) -> Self {
        let why = || format!("HTTP {status} {}", crate::text::one_line(said, 300)).trim_end().to_owned();
        match status {
            200..=299 => Self::Delivered(None),
            408 | 425 | 429 | 500..=599 => Self::Retry { after: retry_after(headers), why: why() },
            _ => Self::Refused { why: why() },
        }
    }
}

/// `Retry-After` in seconds. (A date is not understood: the backoff then decides.)
pub(crate) fn retry_after(headers: &http::HeaderMap) -> Option<Duration> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// A setting that cannot be used: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Dotted path inside the channel's settings; empty for the channel as a whole.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// How to mend it; may be empty.
    pub hint: String,
}

impl Refused {
    /// A refusal of one setting.
    pub fn new(path: impl Into<String>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into(), hint: hint.into() }
    }
}

/// The settings of a channel as written by the operator. Field names and docs are the manual.
pub trait Spec: DeserializeOwned + JsonSchema {
    /// What the settings make.
    type Channel: Channel + 'static;

    /// Checks the settings and makes the channel.
    ///
    /// # Errors
    /// All that is wrong, at once.
    fn build(self) -> Result<Self::Channel, Vec<Refused>>;
}

/// A row of the registry.
pub struct Kind {
    /// The name users write as `type`.
    pub name: &'static str,
    /// One sentence for the reference.
    pub summary: &'static str,
    /// Settings that work, as YAML without `type` and `name`.
    pub example: &'static str,
    build: fn(Value) -> Result<Box<dyn Channel>, Vec<Refused>>,
    schema: fn() -> Schema,
}

impl Kind {
    /// A row for the channel whose settings are `S`.
    pub const fn of<S: Spec>(name: &'static str, summary: &'static str, example: &'static str) -> Self {
        Self { name, summary, example, build: build::<S>, schema: || schema_for!(S) }
    }

    /// Makes a channel from settings.
    ///
    /// # Errors
    /// All that is wrong, at once where possible.
    pub fn build(&self, settings: Value) -> Result<Box<dyn Channel>, Vec<Refused>> {
        (self.build)(settings)
    }

    /// JSON Schema of the settings.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }
}

fn build<S: Spec>(settings: Value) -> Result<Box<dyn Channel>, Vec<Refused>> {
    let spec: S = serde_path_to_error::deserialize(settings).map_err(|e| {
        let path = e.path().to_string();
        vec![Refused::new(
            if path == "." { String::new() } else { path },
            without_value(&e.inner().to_string()),
            "",
        )]
    })?;
    spec.build().map(|c| Box::new(c) as Box<dyn Channel>)
}

/// The words of a decoding error without the value that was found: it may be a secret in the wrong place.
fn without_value(words: &str) -> String {
    let found = words.strip_prefix("invalid type: ").or_else(|| words.strip_prefix("invalid value: "));
    match found.and_then(|f| f.rsplit_once(", expected ")) {
        Some((found, expected)) => {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
            format!("expected {expected}, found {kind}")
        }
        // Others quote it.
        None => words.split('"').step_by(2).collect::<Vec<_>>().join("\"…\""),
    }
}
