//! What a channel is: it composes envelopes and reads replies. It never sends, sleeps or retries.

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
}

/// A mail, ready to be handed to a relay.
#[derive(Debug, Clone)]
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

/// What is handed to the post.
#[derive(Debug, Clone)]
pub enum Envelope {
    /// An HTTP request.
    Http(http::Request<Bytes>),
    /// A mail.
    Mail(Letter),
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

/// Nothing came back: the connection could not be made or broke. Says at which step, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {detail}")]
pub struct Undelivered {
    /// The step that failed: `resolve`, `connect`, `tls`, `starttls`, `login`, `send`, `answer`, `time limit`.
    pub step: &'static str,
    /// In words.
    pub detail: String,
}

/// What a delivery came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// Taken by the service.
    Delivered(Option<MessageRef>),
    /// Not now; `after` is what the service asked for.
    Retry {
        /// Not before this long.
        after: Option<Duration>,
        /// Why, in words.
        why: String,
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
    /// Reads an HTTP status as most services mean it: 2xx taken, 408, 429 and 5xx later (with `Retry-After`), the
    /// rest never.
    pub fn by_status(status: u16, headers: &http::HeaderMap, said: &str) -> Self {
        let why =
            || format!("HTTP {status} {}", said.chars().take(300).collect::<String>()).trim_end().to_owned();
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
        vec![Refused::new(if path == "." { String::new() } else { path }, e.inner().to_string(), "")]
    })?;
    spec.build().map(|c| Box::new(c) as Box<dyn Channel>)
}
