//! Zulip: a topic an incident; its first message is kept up to date, the news follows, with a picture of the hours.
//!
//! The picture is uploaded first. It is an ornament: without it the message goes all the same.

mod answer;
mod message;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use http::header::{AUTHORIZATION, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::channel::{Kind, follow};
use crate::request::{self, Part};
use crate::text::one_line;
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec, picture};

pub(super) const KIND: Kind = Kind::of::<ZulipSpec>(
    "zulip",
    "Zulip: a topic an incident, with a picture of the last hours; the first message is kept up to date",
    "site: https://example.zulipchat.com\nemail: launchwatch-bot@example.zulipchat.com\n\
     api_key: example-key-of-the-bot\nchannel: ops\n",
);

/// Characters of a topic (zulip.com/api/send-message: `max_topic_length`, 60).
const TOPIC: usize = 60;

/// Settings of a Zulip channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ZulipSpec {
    /// Address of the organisation, such as `https://example.zulipchat.com`.
    #[schemars(with = "String", extend("format" = "uri"))]
    site: Url,
    /// Address of the bot, as Zulip shows it beside its key.
    email: String,
    /// Key of the bot.
    #[schemars(with = "String", extend("format" = "secret"))]
    api_key: SecretString,
    /// Name of the channel (stream); the bot must be subscribed where it is private.
    channel: String,
    /// Topic for everything; without it each incident has a topic of its own, named after it. The first message is
    /// rewritten as long as the organisation lets messages be edited.
    #[serde(default)]
    topic: Option<String>,
}

struct Zulip {
    site: Url,
    key: SecretString,
    /// As it goes over the wire: shows the key to whoever can undo base64.
    login: SecretString,
    auth: HeaderValue,
    channel: String,
    topic: Option<String>,
}

impl Spec for ZulipSpec {
    type Channel = Zulip;

    fn build(self) -> Result<Zulip, Vec<Refused>> {
        let mut problems = Vec::new();
        if !matches!(self.site.scheme(), "http" | "https") {
            problems.push(Refused::new(
                "site",
                "not an http address",
                "such as https://example.zulipchat.com",
            ));
        }
        let email = self.email.trim();
        if !email.contains('@') || email.contains([':', ' ']) {
            problems.push(Refused::new(
                "email",
                "not the address of a bot",
                "name-bot@example.zulipchat.com",
            ));
        }
        if let Err(problem) = request::bearer("api_key", &self.api_key) {
            problems.push(problem);
        }
        if self.channel.trim().is_empty() {
            problems.push(Refused::new("channel", "empty", "the name of the channel"));
        }
        let topic = self.topic.map(|t| t.trim().to_owned());
        if topic.as_ref().is_some_and(|t| t.is_empty() || t.chars().count() > TOPIC) {
            problems.push(Refused::new("topic", "empty or longer than 60 characters", ""));
        }
        let login = STANDARD.encode(format!("{email}:{}", self.api_key.expose_secret()));
        match HeaderValue::from_str(&format!("Basic {login}")) {
            Ok(mut auth) if problems.is_empty() => {
                auth.set_sensitive(true);
                let channel = self.channel.trim().trim_start_matches('#').to_owned();
                Ok(Zulip { site: self.site, key: self.api_key, login: login.into(), auth, channel, topic })
            }
            _ => Err(problems),
        }
    }
}

/// The id of the first message.
struct Root(u64);

impl Channel for Zulip {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        let shown = picture::shown_first(n);
        let (uploaded, replies) = match (&shown, replies.split_first()) {
            (Some(shown), None) => return self.upload(shown.png().unwrap_or_default()),
            (Some(_), Some((first, rest))) => (answer::uploaded(first), rest),
            (None, _) => (None, replies),
        };
        let content = message::of(n, shown.as_ref(), uploaded.as_deref());
        let root = thread.and_then(|t| Some((Root(t.0.parse().ok()?), t)));
        let of_rewriting =
            |reply: &Reply| root.is_some() && replies.first().is_some_and(|r| std::ptr::eq(r, reply));
        follow(
            root.as_ref().map(|(r, t)| (r, *t)),
            replies,
            |reply| answer::read(reply, of_rewriting(reply)),
            |root| self.form(Method::PATCH, &["messages", &root.0.to_string()], &[("content", &content)]),
            |_| {
                let topic = self.topic.clone().unwrap_or_else(|| one_line(&n.incident.0, TOPIC));
                let topic = if topic.is_empty() { "launchwatch" } else { &topic };
                let fields =
                    [("type", "stream"), ("to", &*self.channel), ("topic", topic), ("content", &content)];
                self.form(Method::POST, &["messages"], &fields)
            },
        )
    }

    fn is_ornament(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> bool {
        replies.is_empty() && picture::shown_first(n).is_some()
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.key, &self.login]
    }
}

impl Zulip {
    fn upload(&self, png: Vec<u8>) -> Next {
        match self.url(&["user_uploads"]) {
            Some(url) => {
                let auth = vec![(AUTHORIZATION, self.auth.clone())];
                request::multipart(Method::POST, url.as_str(), auth, &[Part::Png("file", "hours.png", png)])
            }
            None => request::refused("site is not an http address"),
        }
    }

    fn form(&self, method: Method, path: &[&str], fields: &[(&str, &str)]) -> Next {
        match self.url(path) {
            Some(url) => {
                request::form(method, url.as_str(), vec![(AUTHORIZATION, self.auth.clone())], fields)
            }
            None => request::refused("site is not an http address"),
        }
    }

    fn url(&self, path: &[&str]) -> Option<Url> {
        let mut url = self.site.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(["api", "v1"]).extend(path);
        Some(url)
    }
}

#[cfg(test)]
mod tests;
