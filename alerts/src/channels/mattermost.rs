//! Mattermost: by a bot (one message an incident, kept up to date, the news in its thread) or by an incoming webhook.
//!
//! The bot uploads a picture of the last hours first. It is an ornament: without it the message goes all the same.
//! A webhook takes no files.

mod answer;
mod message;

use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::channel::{Kind, follow};
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec, picture, request};

pub(super) const KIND: Kind = Kind::of::<MattermostSpec>(
    "mattermost",
    "Mattermost: one message an incident that is kept up to date, with the news in its thread",
    "server: https://mattermost.example.org\nbot_token: example0token0of0the0bot00\n\
     channel: 4yxzqkqp3tbw5k7s1d6n8r2m9h\n",
);

/// Settings of a Mattermost channel: either `server`, `bot_token` and `channel`, or `webhook_url`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MattermostSpec {
    /// Address of the server, such as `https://mattermost.example.org`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    server: Option<Url>,
    /// Access token of a bot that is a member of the channel. Needed for threads, updates in place and pictures.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    bot_token: Option<SecretString>,
    /// Id of the channel: 26 letters and digits, from "View Info".
    #[serde(default)]
    channel: Option<String>,
    /// Address of an incoming webhook: every notification becomes a message of its own.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    webhook_url: Option<SecretString>,
}

struct Bot {
    server: Url,
    token: SecretString,
    auth: HeaderValue,
    channel: String,
}

/// How messages get in.
enum Mattermost {
    Bot(Bot),
    /// The address, and the key in it.
    Webhook(SecretString, SecretString),
}

impl Spec for MattermostSpec {
    type Channel = Mattermost;

    fn build(self) -> Result<Mattermost, Vec<Refused>> {
        match (self.server, self.bot_token, self.channel, self.webhook_url) {
            (Some(server), Some(token), Some(channel), None) => bot(server, token, &channel),
            (None, None, None, Some(url)) => {
                request::checked_url("webhook_url", &url).map_err(|r| vec![r])?;
                let key = url.expose_secret().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                let key = key.to_owned().into();
                Ok(Mattermost::Webhook(url, key))
            }
            _ => {
                let what = "needs either server, bot_token and channel, or webhook_url alone";
                Err(vec![Refused::new("", what, "a bot_token gives threads and updates in place")])
            }
        }
    }
}

fn bot(server: Url, token: SecretString, channel: &str) -> Result<Mattermost, Vec<Refused>> {
    let mut problems = Vec::new();
    if !matches!(server.scheme(), "http" | "https") {
        problems.push(Refused::new(
            "server",
            "not an http address",
            "such as https://mattermost.example.org",
        ));
    }
    let channel = channel.trim().to_owned();
    if channel.len() != 26 || !channel.bytes().all(|b| b.is_ascii_alphanumeric()) {
        problems.push(Refused::new(
            "channel",
            "not an id",
            "26 letters and digits, from \"View Info\" of the channel",
        ));
    }
    match request::bearer("bot_token", &token) {
        Ok(auth) if problems.is_empty() => Ok(Mattermost::Bot(Bot { server, token, auth, channel })),
        Ok(_) => Err(problems),
        Err(problem) => {
            problems.push(problem);
            Err(problems)
        }
    }
}

/// The id of the first message.
struct Root(String);

fn root(thread: &MessageRef) -> Option<Root> {
    let id = thread.0.as_str();
    (!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| Root(id.to_owned()))
}

impl Channel for Mattermost {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        match (self, replies.last()) {
            (Self::Bot(bot), _) => bot.compose(n, replies, thread),
            (Self::Webhook(url, _), None) => {
                let body = json!({"text": message::of(n)});
                request::json(Method::POST, url.expose_secret(), vec![request::JSON], &body)
            }
            (Self::Webhook(..), Some(reply)) => Next::Done(answer::of_webhook(reply)),
        }
    }

    fn is_ornament(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> bool {
        matches!(self, Self::Bot(_)) && replies.is_empty() && picture::shown_first(n).is_some()
    }

    fn secrets(&self) -> Vec<&SecretString> {
        match self {
            Self::Bot(bot) => vec![&bot.token],
            Self::Webhook(url, key) => vec![url, key],
        }
    }
}

impl Bot {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        let (file, replies) = match (picture::shown_first(n), replies.split_first()) {
            (Some(shown), None) => return self.upload(shown.png().unwrap_or_default()),
            (Some(_), Some((first, rest))) => (answer::uploaded(first), rest),
            (None, _) => (None, replies),
        };
        let root = thread.and_then(|t| Some((root(t)?, t)));
        follow(
            root.as_ref().map(|(r, t)| (r, *t)),
            replies,
            answer::read,
            |root| self.call(Method::PUT, &["posts", &root.0, "patch"], &json!({"message": message::of(n)})),
            |root| {
                let mut body = json!({"channel_id": self.channel, "message": message::of(n)});
                if let Some(map) = body.as_object_mut() {
                    map.extend(root.map(|r| ("root_id".to_owned(), json!(r.0))));
                    map.extend(file.as_ref().map(|f| ("file_ids".to_owned(), json!([f]))));
                }
                self.call(Method::POST, &["posts"], &body)
            },
        )
    }

    fn upload(&self, png: Vec<u8>) -> Next {
        let Some(mut url) = self.url(&["files"]) else {
            return request::refused("server is not an http address");
        };
        url.query_pairs_mut().append_pair("channel_id", &self.channel).append_pair("filename", "hours.png");
        let headers =
            vec![(CONTENT_TYPE, HeaderValue::from_static("image/png")), (AUTHORIZATION, self.auth.clone())];
        request::bytes(Method::POST, url.as_str(), headers, png.into())
    }

    fn call(&self, method: Method, path: &[&str], body: &serde_json::Value) -> Next {
        match self.url(path) {
            Some(url) => {
                let headers = vec![request::JSON, (AUTHORIZATION, self.auth.clone())];
                request::json(method, url.as_str(), headers, body)
            }
            None => request::refused("server is not an http address"),
        }
    }

    fn url(&self, path: &[&str]) -> Option<Url> {
        let mut url = self.server.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(["api", "v4"]).extend(path);
        Some(url)
    }
}

#[cfg(test)]
mod tests;
