//! Discord: by a webhook; the first message is kept up to date, with a picture, and the news follows below it.
//!
//! A webhook cannot answer a message, so in a text channel the news is a message of its own; in a forum channel
//! (`forum: true`) an incident is a post, and the news goes into it.

mod answer;
mod message;

use http::Method;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::channel::{Kind, follow};
use crate::request::{self, Part};
use crate::text::Story;
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec};

pub(super) const KIND: Kind = Kind::of::<DiscordSpec>(
    "discord",
    "Discord: by a webhook; one message an incident that is kept up to date, with a picture of the last hours",
    "webhook_url: https://discord.com/api/webhooks/1100000000000000000/example-token-of-a-webhook\n",
);

/// Settings of a Discord channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DiscordSpec {
    /// Address of the webhook: channel settings, Integrations, Webhooks, "Copy Webhook URL".
    #[schemars(with = "String", extend("format" = "secret"))]
    webhook_url: SecretString,
    /// Id of a thread of the channel, to write there.
    #[serde(default)]
    thread_id: Option<String>,
    /// Whether the channel is a forum: every incident becomes a post of its own.
    #[serde(default)]
    forum: bool,
}

struct Discord {
    url: SecretString,
    token: SecretString,
    thread: Option<String>,
    forum: bool,
}

impl Spec for DiscordSpec {
    type Channel = Discord;

    fn build(self) -> Result<Discord, Vec<Refused>> {
        let mut problems = Vec::new();
        let hint = "https://discord.com/api/webhooks/<number>/<token>";
        let url = self.webhook_url.expose_secret().trim().trim_end_matches('/').to_owned();
        let parsed = Url::parse(&url).ok().filter(|u| u.query().is_none() && u.fragment().is_none());
        let token = parsed.and_then(|u| u.path_segments()?.skip(1).last().map(str::to_owned));
        if token.as_deref().unwrap_or_default().is_empty() {
            problems.push(Refused::new("webhook_url", "not the address of a Discord webhook", hint));
        } else if let Err(problem) = request::checked_url("webhook_url", &self.webhook_url) {
            problems.push(problem);
        }
        let thread = self.thread_id.map(|t| t.trim().to_owned());
        if thread.as_ref().is_some_and(|t| t.is_empty() || !t.bytes().all(|b| b.is_ascii_digit())) {
            problems.push(Refused::new("thread_id", "not an id", "the digits of \"Copy Thread ID\""));
        }
        if thread.is_some() && self.forum {
            problems.push(Refused::new(
                "forum",
                "every incident would be a thread, but thread_id names one",
                "",
            ));
        }
        if problems.is_empty() {
            let (url, token) = (url.into(), token.unwrap_or_default().into());
            Ok(Discord { url, token, thread, forum: self.forum })
        } else {
            Err(problems)
        }
    }
}

/// Where the first message is: the channel (in a forum: the post) and its id.
struct Root {
    place: String,
    id: String,
}

fn root(thread: &MessageRef) -> Option<Root> {
    let digits = |t: &str| (!t.is_empty() && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.to_owned());
    let (place, id) = thread.0.split_once('/')?;
    Some(Root { place: digits(place)?, id: digits(id)? })
}

impl Channel for Discord {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        let root = thread.and_then(|t| Some((root(t)?, t)));
        let (body, picture) = message::of(n);
        follow(
            root.as_ref().map(|(r, t)| (r, *t)),
            replies,
            answer::read,
            |root| {
                let place = self.place(Some(root)).map(|p| format!("?thread_id={p}")).unwrap_or_default();
                let url = format!("{}/messages/{}{place}", self.url.expose_secret(), root.id);
                send(Method::PATCH, &url, &body, picture.clone())
            },
            |root| {
                let place = self.place(root).map(|p| format!("&thread_id={p}")).unwrap_or_default();
                let mut body = body.clone();
                if root.is_none() && self.forum {
                    body = request::with(body, "thread_name", message::post_name(&Story::of(n)));
                }
                let url = format!("{}?wait=true{place}", self.url.expose_secret());
                send(Method::POST, &url, &body, picture.clone())
            },
        )
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.url, &self.token]
    }
}

impl Discord {
    fn place(&self, root: Option<&Root>) -> Option<String> {
        match root {
            Some(root) if self.forum => Some(root.place.clone()),
            _ => self.thread.clone(),
        }
    }
}

fn send(method: Method, url: &str, body: &Value, picture: Option<Vec<u8>>) -> Next {
    match picture {
        None => request::json(method, url, vec![request::JSON], body),
        Some(png) => {
            let parts =
                [Part::Field("payload_json", body.to_string()), Part::Png("files[0]", message::PICTURE, png)];
            request::multipart(method, url, Vec::new(), &parts)
        }
    }
}

#[cfg(test)]
mod tests;
