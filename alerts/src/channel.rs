//! What a channel is: it composes envelopes and reads replies. It never sends, sleeps or retries.

mod follow;
mod hearing;
mod kind;
mod receipt;
mod templates;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub(crate) use self::follow::{Answer, follow, hinted, judged, not_theirs};
pub use self::hearing::Hearing;
pub use self::kind::{Kind, Refused, Spec};
pub(crate) use self::receipt::retry_after;
pub use self::receipt::{Receipt, Settled};
pub use self::templates::Templates;
use crate::Notification;
use crate::channels::Relay;

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

/// A program to be run. Nothing of our own environment is handed on but `PATH`.
#[derive(Clone)]
pub struct Order {
    /// Program (a path, or a name that `PATH` knows) and arguments; no shell reads them.
    pub argv: Vec<String>,
    /// Its variables besides `PATH`.
    pub env: Vec<(String, String)>,
    /// What it reads.
    pub stdin: Bytes,
    /// Longest it may run; then it is killed, with all that it started.
    pub time_limit: Duration,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.argv.first().map_or("nothing", String::as_str);
        write!(f, "Order({program}, {} arguments)", self.argv.len().saturating_sub(1))
    }
}

/// What is handed to the post. Its `Debug` shows neither path, query, headers nor body: each may hold a secret.
#[derive(Clone)]
pub enum Envelope {
    /// An HTTP request.
    Http(http::Request<Bytes>),
    /// A mail.
    Mail(Letter),
    /// A program to be run.
    Command(Order),
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(r) => {
                let (method, host) = (r.method(), r.uri().host().unwrap_or_default());
                write!(f, "Http({method} {host}, {} bytes)", r.body().len())
            }
            Self::Mail(letter) => write!(f, "Mail({letter:?})"),
            Self::Command(order) => write!(f, "Command({order:?})"),
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
    /// How a program ended.
    Command {
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// The end of what it said, at most 4 KiB: its errors, or else its output.
        said: String,
    },
    /// Nothing came back in this step: only for ornaments, and for channels that have a [`Channel::step_limit`].
    Lost(Undelivered),
}

/// Nothing came back: the connection could not be made or broke. Says at which step, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {detail}")]
pub struct Undelivered {
    /// The step that failed: `resolve`, `connect`, `tls`, `send`, `answer`; for mail also `greeting`, `starttls`,
    /// `login`, `mail from`, `rcpt`, `data`; for a program `start`, `run`.
    pub step: &'static str,
    /// In words.
    pub detail: String,
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

    /// Whether a wait that the service asks for holds for everything sent to it, as a rate limit does, and not only
    /// for the one message.
    fn waits_for_all(&self) -> bool {
        true
    }

    /// The relay and the sender of this channel, where it is one of mails: others may write by it too.
    fn relay(&self) -> Option<Relay> {
        None
    }

    /// How people can answer in this channel, if it can be listened to.
    fn ears(&self) -> Option<Hearing> {
        None
    }

    /// Whether the envelope that `compose` gives for these replies is an ornament, such as the upload of a picture:
    /// it gets little time, and if nothing comes back the channel hears [`Reply::Lost`], so that no ornament can hold
    /// up a message.
    fn is_ornament(&self, _: &Notification, _replies: &[Reply], _thread: Option<&MessageRef>) -> bool {
        false
    }

    /// Longest time one delivery may take, all steps together.
    fn time_limit(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// Longest time one step may take, for a channel that goes on when a step fails because the others are told
    /// elsewhere (several addresses): it then hears of the failure as [`Reply::Lost`]. With `None` the first failure
    /// ends the delivery.
    fn step_limit(&self) -> Option<Duration> {
        None
    }
}

/// The door through which envelopes leave.
#[async_trait]
pub trait Post: Send + Sync {
    /// Delivers one envelope and waits for the reply.
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered>;
}
