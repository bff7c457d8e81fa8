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
use crate::{Channel, Hearing, MessageRef, Next, Notification, NotificationKind, Refused, Reply, Spec};

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
    /// App-level token (`xapp-…`, scope `connections:write`) of an app with Socket Mode: with it, messages have buttons
    /// to acknowledge and to silence. Needs `bot_token`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    app_token: Option<SecretString>,
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
    /// How clicks are heard, where messages have buttons.
    ears: Option<Hearing>,
}

impl Spec for SlackSpec {
    type Channel = Slack;

    fn build(self) -> Result<Slack, Vec<Refused>> {
        let ears = ears(self.app_token, self.webhook_url.is_some(), self.api_url.as_ref())?;
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
        Ok(Slack { door, ears })
    }
}

fn bot(token: SecretString, channel: &str, api: Option<Url>) -> Result<Door, Vec<Refused>> {
    let mut problems = Vec::new();
    if channel.trim().is_empty() {
        problems.push(Refused::new("channel", "empty", "the id of the channel, such as C0123456789"));
    }
    let auth = request::bearer("bot_token", &token).map_err(|r| problems.push(r)).ok();
    let api = root_of_api(api.as_ref());
    let method = |name: &str| format!("{api}/{name}");
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

fn root_of_api(api: Option<&Url>) -> String {
    api.map_or("https://slack.com/api", Url::as_str).trim_end_matches('/').to_owned()
}

fn ears(
    token: Option<SecretString>,
    webhook: bool,
    api: Option<&Url>,
) -> Result<Option<Hearing>, Vec<Refused>> {
    let Some(app_token) = token else { return Ok(None) };
    let problem = if webhook {
        Some(("goes with bot_token, not with webhook_url", "clicks are answered by the bot"))
    } else if !app_token.expose_secret().starts_with("xapp-") {
        Some(("not an app-level token", "made under Basic Information, App-Level Tokens; begins with xapp-"))
    } else {
        request::bearer("app_token", &app_token).map_err(|r| vec![r])?;
        None
    };
    match problem {
        Some((what, hint)) => Err(vec![Refused::new("app_token", what, hint)]),
        None => Ok(Some(Hearing::SlackSocket { api: root_of_api(api), app_token })),
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
        let mut secrets = match &self.door {
            Door::Bot { token, .. } => vec![token],
            Door::Webhook { url } => vec![url],
        };
        if let Some(Hearing::SlackSocket { app_token, .. }) = &self.ears {
            secrets.push(app_token);
        }
        secrets
    }

    fn ears(&self) -> Option<Hearing> {
        self.ears.clone()
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
            None => self.post(&story, self.button(n), None, true),
            Some(Answer::Malformed(_)) if replies.len() == 1 => self.post(&story, None, None, false),
            Some(answer) => Next::Done(answer.receipt(None)),
        }
    }

    /// The first message is rewritten in place (which may be repeated at will), then the thread is told.
    fn following(&self, n: &Notification, replies: &[Reply], root: &Root) -> Next {
        let story = Story::of(n);
        let (update, told) = match replies {
            [] => return self.update(&story, self.button(n), root),
            [update, told @ ..] => (answer::read(update), told),
        };
        if let Answer::Later { .. } = update {
            return Next::Done(update.receipt(None));
        }
        match told.first().map(answer::read) {
            None => {
                let broadcast = n.kind == NotificationKind::Resolved;
                self.post(&story, self.button(n), Some((root, broadcast)), true)
            }
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
                let body = SlackApiPostWebhookMessageRequest::new(blocks::content(&Story::of(n), None, true));
                send(url.expose_secret(), None, &body)
            }
            Some(reply) => Next::Done(request::answered(reply)),
        }
    }

    /// The incident that the buttons of a message are about, if it has any: nobody need answer what is over.
    fn button<'a>(&self, n: &'a Notification) -> Option<&'a str> {
        use NotificationKind::{Opened, Reminder, Update};
        let asks = matches!(n.kind, Opened | Update | Reminder) && self.ears.is_some();
        asks.then_some(n.incident.0.as_str())
    }

    /// A message, in the thread of `root` (and beside it too, if that says so).
    fn post(
        &self,
        story: &Story,
        button: Option<&str>,
        root: Option<(&Root, bool)>,
        with_blocks: bool,
    ) -> Next {
        let Door::Bot { auth, channel, post, .. } = &self.door else {
            return request::refused("no bot_token");
        };
        let channel = root.map_or(channel, |(r, _)| &r.channel).clone();
        let content = blocks::content(story, button, with_blocks);
        let body = SlackApiChatPostMessageRequest::new(channel, content)
            .opt_thread_ts(root.map(|(r, _)| r.ts.clone()))
            // Whoever does not follow the thread must still see the end of the trouble.
            .opt_reply_broadcast(root.and_then(|(_, broadcast)| broadcast.then_some(true)))
            .with_unfurl_links(false)
            .with_unfurl_media(false);
        send(post, Some(auth), &body)
    }

    fn update(&self, story: &Story, button: Option<&str>, root: &Root) -> Next {
        let Door::Bot { auth, update, .. } = &self.door else {
            return request::refused("no bot_token");
        };
        let content = blocks::content(story, button, true);
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
