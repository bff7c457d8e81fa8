//! What Slack's answers mean. Slack says most of its errors with status 200.

use serde::Deserialize;
use slack_morphism::prelude::{SlackChannelId, SlackTs};
use std::time::Duration;

use crate::text::one_line;
use crate::{MessageRef, Receipt, Reply};

/// An answer of the Web API, judged.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Done; the reference of the message.
    Taken(Option<MessageRef>),
    /// Try again.
    Later { after: Option<Duration>, why: String },
    /// Slack cannot read the blocks: it may read plain text.
    Malformed(String),
    /// The message that was to be answered is gone.
    NoThread(String),
    /// Never.
    Never(String),
}

/// The fields we need of `chat.postMessage` and `chat.update`. The library's response types insist on the whole
/// message as well; that an ornament of it is new must not cost us the thread.
#[derive(Deserialize)]
struct Body {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    needed: Option<String>,
    #[serde(default)]
    channel: Option<SlackChannelId>,
    #[serde(default)]
    ts: Option<SlackTs>,
}

/// Reads one reply.
pub(super) fn read(reply: &Reply) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Never("a mail reply to an HTTP request".into());
    };
    if !(200..300).contains(status) {
        return match Receipt::by_status(*status, headers, &String::from_utf8_lossy(body)) {
            Receipt::Retry { after, why } => Answer::Later { after, why },
            other => Answer::Never(other.why().unwrap_or_default().to_owned()),
        };
    }
    match serde_json::from_slice::<Body>(body) {
        Ok(Body { ok: true, channel, ts, .. }) => {
            Answer::Taken(channel.zip(ts).map(|(c, ts)| MessageRef(format!("{}:{}", c.0, ts.0))))
        }
        Ok(Body { error, needed, .. }) => {
            by_error(&error.unwrap_or_default(), needed.as_deref(), crate::channel::retry_after(headers))
        }
        Err(_) => Answer::Later { after: None, why: format!("HTTP {status}, but the answer is not Slack's") },
    }
}

fn by_error(error: &str, needed: Option<&str>, after: Option<Duration>) -> Answer {
    let name = one_line(error, 100);
    let why = |hint: &str| match hint {
        "" => format!("slack says {name}"),
        hint => format!("slack says {name}: {hint}"),
    };
    match error {
        "ratelimited"
        | "rate_limited"
        | "message_limit_exceeded"
        | "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "request_timeout"
        | "team_added_to_org" => Answer::Later { after, why: why("") },
        "invalid_blocks" | "invalid_blocks_format" | "msg_blocks_too_long" | "msg_too_long" => {
            Answer::Malformed(why(""))
        }
        "thread_not_found" | "message_not_found" | "cannot_reply_to_message" => Answer::NoThread(why("")),
        "channel_not_found" => Answer::Never(why("wrong id, or a private channel without the bot")),
        "not_in_channel" => Answer::Never(why("invite the bot into the channel")),
        "is_archived" => Answer::Never(why("the channel is archived")),
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            Answer::Never(why("the bot token is not valid (any more)"))
        }
        "missing_scope" => {
            Answer::Never(why(&format!("needs {}", one_line(needed.unwrap_or("chat:write"), 80))))
        }
        _ => Answer::Never(why("")),
    }
}

impl Answer {
    /// What a judged answer comes to, `beside` what went wrong in an earlier step.
    pub(super) fn receipt(self, beside: Option<String>) -> Receipt {
        match (self, beside) {
            (Self::Taken(message), None) => Receipt::Delivered(message),
            (Self::Taken(message), Some(remark)) => Receipt::Remarked { message, remark },
            (Self::Later { after, why }, _) => Receipt::Retry { after, why },
            (Self::Malformed(why) | Self::NoThread(why) | Self::Never(why), _) => Receipt::Refused { why },
        }
    }

    /// Why not; `None` when taken.
    pub(super) fn why(self) -> Option<String> {
        match self {
            Self::Taken(_) => None,
            Self::Later { why, .. } | Self::Malformed(why) | Self::NoThread(why) | Self::Never(why) => {
                Some(why)
            }
        }
    }
}
