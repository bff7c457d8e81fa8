//! Slack: by a bot (one message an incident, kept up to date, details in its thread) or by an incoming webhook.

mod answer;
mod blocks;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use slack_morphism::prelude::{
    SlackApiChatPostMessageRequest, SlackApiChatUpdateRequest, SlackApiPostWebhookMessageRequest,
    SlackChannelId, SlackTs,
};
use url::Url;

use self::answer::Answer;
use crate::channel::Kind;
use crate::request;
use crate::text::Story;
use crate::{Channel, MessageRef, Next, Notification, NotificationKind, Refused, Reply, Spec};

pub(super) const KIND: Kind = Kind::of::<SlackSpec>(
    "slack",
    "Slack: one message an incident that is kept up to date, with the details in its thread",
    "bot_token: xoxb-0000-example\nchannel: C0123456789\n",
);

/// Settings of a Slack channel: either `bot_token` and `channel`, or `webhook_url`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SlackSpec {
    /// Token of a bot with the scope `chat:write`, a member of the channel. Needed for threads and updates in place.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    bot_token: Option<SecretString>,
    /// Id of the channel (`C…`, from "View channel details"), or its name with `#`.
    #[serde(default)]
    channel: Option<String>,
    /// Address of an incoming webhook: every notification becomes a message of its own.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    webhook_url: Option<SecretString>,
    /// Address of the API, for a stand-in; Slack's own by default.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    api_url: Option<Url>,
}

/// How messages get in.
enum Door {
    Bot { token: SecretString, auth: HeaderValue, channel: SlackChannelId, post: String, update: String },
    Webhook { url: SecretString },
}

struct Slack {
    door: Door,
}

impl Spec for SlackSpec {
    type Channel = Slack;

    fn build(self) -> Result<Slack, Vec<Refused>> {
        let door = match (self.bot_token, self.channel, self.webhook_url) {
            (Some(token), Some(channel), None) => bot(token, &channel, self.api_url)?,
            (None, None, Some(url)) => {
                request::checked_url("webhook_url", &url).map_err(|r| vec![r])?;
                Door::Webhook { url }
            }
            (Some(_), None, None) => {
                return Err(vec![Refused::new(
                    "channel",
                    "missing",
                    "the id of the channel, such as C0123456789",
                )]);
            }
            _ => {
                let what = "needs either bot_token and channel, or webhook_url alone";
                return Err(vec![Refused::new("", what, "a bot_token gives threads and updates in place")]);
            }
        };
        Ok(Slack { door })
    }
}

fn bot(token: SecretString, channel: &str, api: Option<Url>) -> Result<Door, Vec<Refused>> {
    let mut problems = Vec::new();
    if channel.trim().is_empty() {
        problems.push(Refused::new("channel", "empty", "the id of the channel, such as C0123456789"));
    }
    let auth = request::bearer("bot_token", &token).map_err(|r| problems.push(r)).ok();
    let api = api.map_or_else(|| "https://slack.com/api".to_owned(), |u| u.to_string());
    let method = |name: &str| format!("{}/{name}", api.trim_end_matches('/'));
    match auth {
        Some(auth) if problems.is_empty() => Ok(Door::Bot {
            token,
            auth,
            channel: SlackChannelId(channel.trim().to_owned()),
            post: method("chat.postMessage"),
            update: method("chat.update"),
        }),
        _ => Err(problems),
    }
}

impl Channel for Slack {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        match (&self.door, thread.and_then(root)) {
            (Door::Webhook { .. }, _) => self.by_webhook(n, replies),
            (Door::Bot { .. }, None) => self.first(n, replies),
            (Door::Bot { .. }, Some(root)) => self.following(n, replies, &root),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        match &self.door {
            Door::Bot { token, .. } => vec![token],
            Door::Webhook { url } => vec![url],
        }
    }
}

/// Channel id and timestamp of a message: what Slack wants to hear for an update.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    channel: SlackChannelId,
    ts: SlackTs,
}

fn root(thread: &MessageRef) -> Option<Root> {
    let (channel, ts) = thread.0.split_once(':')?;
    Some(Root { channel: SlackChannelId(channel.to_owned()), ts: SlackTs(ts.to_owned()) })
}

impl Slack {
    /// A message of its own; once more without blocks if Slack does not like them.
    fn first(&self, n: &Notification, replies: &[Reply]) -> Next {
        let story = Story::of(n);
        match replies.last().map(answer::read) {
            None => self.post(&story, None, false, true),
            Some(Answer::Malformed(_)) if replies.len() == 1 => self.post(&story, None, false, false),
            Some(answer) => Next::Done(answer.receipt(None)),
        }
    }

    /// The first message is rewritten in place (which may be repeated at will), then the thread is told.
    fn following(&self, n: &Notification, replies: &[Reply], root: &Root) -> Next {
        let story = Story::of(n);
        let (update, told) = match replies {
            [] => return self.update(&story, root),
            [update, told @ ..] => (answer::read(update), told),
        };
        if let Answer::Later { .. } = update {
            return Next::Done(update.receipt(None));
        }
        match told.first().map(answer::read) {
            None => self.post(&story, Some(root), n.kind == NotificationKind::Resolved, true),
            // The first message was deleted: start anew rather than say nothing.
            Some(Answer::NoThread(_)) => self.first(n, told.get(1..).unwrap_or_default()),
            Some(answer) => Next::Done(answer.receipt(update.why())),
        }
    }

    fn by_webhook(&self, n: &Notification, replies: &[Reply]) -> Next {
        let Door::Webhook { url } = &self.door else {
            return request::refused("no webhook_url");
        };
        match replies.last() {
            None => {
                let body = SlackApiPostWebhookMessageRequest::new(blocks::content(&Story::of(n), true));
                send(url.expose_secret(), None, &body)
            }
            Some(reply) => Next::Done(request::answered(reply)),
        }
    }

    fn post(&self, story: &Story, root: Option<&Root>, broadcast: bool, with_blocks: bool) -> Next {
        let Door::Bot { auth, channel, post, .. } = &self.door else {
            return request::refused("no bot_token");
        };
        let channel = root.map_or(channel, |r| &r.channel).clone();
        let content = blocks::content(story, with_blocks);
        let body = SlackApiChatPostMessageRequest::new(channel, content)
            .opt_thread_ts(root.map(|r| r.ts.clone()))
            // Whoever does not follow the thread must still see the end of the trouble.
            .opt_reply_broadcast(broadcast.then_some(true))
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        send(post, Some(auth), &body)
    }

    fn update(&self, story: &Story, root: &Root) -> Next {
        let Door::Bot { auth, update, .. } = &self.door else {
            return request::refused("no bot_token");
        };
        let content = blocks::content(story, true);
        let body = SlackApiChatUpdateRequest::new(root.channel.clone(), content, root.ts.clone());
        send(update, Some(auth), &body)
    }
}

fn send(url: &str, auth: Option<&HeaderValue>, body: &impl serde::Serialize) -> Next {
    let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))];
    headers.extend(auth.map(|a| (AUTHORIZATION, a.clone())));
    request::json(http::Method::POST, url, headers, body)
}

#[cfg(test)]
mod tests;
