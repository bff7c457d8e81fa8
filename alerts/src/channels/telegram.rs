//! Telegram: by a bot; the first message is kept up to date, with a picture where it fits, the news answers it.
//!
//! A picture takes at most 1,024 characters beside it, so a longer first message goes without; what was sent with a
//! picture is cut to that when rewritten. The reply tells all.

mod answer;
mod message;

use http::Method;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use self::message::Message;
use crate::channel::{Kind, follow};
use crate::request::{self, Part};
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec, picture};

pub(super) const KIND: Kind = Kind::of::<TelegramSpec>(
    "telegram",
    "Telegram: by a bot; one message an incident that is kept up to date, with the news as answers to it",
    "bot_token: '110000000:AAexample-token-of-the-bot'\nchat_id: -1001234567890\n",
);

/// Settings of a Telegram chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TelegramSpec {
    /// Token of the bot, from @BotFather. The bot must be a member of the chat.
    #[schemars(with = "String", extend("format" = "secret"))]
    bot_token: SecretString,
    /// Id of the chat (groups have negative ones), or the `@name` of a public channel.
    chat_id: ChatId,
    /// Id of a topic (`message_thread_id`), where the group has topics.
    #[serde(default)]
    topic: Option<i64>,
    /// Address of the API, for a server of one's own or a stand-in; `https://api.telegram.org` by default.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    api_url: Option<Url>,
}

/// A chat as written.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
enum ChatId {
    Number(i64),
    Name(String),
}

impl ChatId {
    fn checked(self) -> Result<Value, Refused> {
        match self {
            Self::Number(id) => Ok(json!(id)),
            Self::Name(name) => match name.trim().parse::<i64>() {
                Ok(id) => Ok(json!(id)),
                Err(_) if name.trim().strip_prefix('@').is_some_and(|n| !n.is_empty()) => {
                    Ok(json!(name.trim()))
                }
                Err(_) => {
                    let what = "neither a number nor the @name of a channel";
                    Err(Refused::new("chat_id", what, "such as -1001234567890 or @our_alerts"))
                }
            },
        }
    }
}

struct Telegram {
    token: SecretString,
    chat: Value,
    topic: Option<i64>,
    api: String,
}

impl Spec for TelegramSpec {
    type Channel = Telegram;

    fn build(self) -> Result<Telegram, Vec<Refused>> {
        let mut problems = Vec::new();
        let token = self.bot_token.expose_secret();
        let sign = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let whole = token
            .split_once(':')
            .is_some_and(|(id, key)| id.parse::<u64>().is_ok() && key.len() > 3 && key.bytes().all(sign));
        if !whole {
            problems.push(Refused::new(
                "bot_token",
                "not the token of a bot",
                "<number>:<letters>, from @BotFather",
            ));
        }
        let chat = self.chat_id.checked().map_err(|p| problems.push(p)).ok();
        let api = self.api_url.map_or_else(|| "https://api.telegram.org".to_owned(), |u| u.to_string());
        if !api.starts_with("http") {
            problems.push(Refused::new("api_url", "not an http address", "such as https://api.telegram.org"));
        }
        match chat {
            Some(chat) if problems.is_empty() => {
                let api = api.trim_end_matches('/').to_owned();
                Ok(Telegram { token: self.bot_token, chat, topic: self.topic, api })
            }
            _ => Err(problems),
        }
    }
}

/// The first message: its chat, its id, and whether it is a picture with words.
struct Root {
    chat: Value,
    id: i64,
    picture: bool,
}

fn root(thread: &MessageRef) -> Option<Root> {
    let mut parts = thread.0.split('/');
    let (chat, id) = (parts.next()?.parse::<i64>().ok()?, parts.next()?.parse().ok()?);
    Some(Root { chat: json!(chat), id, picture: parts.next() == Some("picture") })
}

impl Channel for Telegram {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        // A group that becomes a supergroup gets another id, which Telegram tells once: all over again, there.
        let at = replies.iter().rposition(|r| answer::moved_to(r).is_some());
        let moved = at.and_then(|at| answer::moved_to(replies.get(at)?));
        let replies = at.and_then(|at| replies.get(at + 1..)).unwrap_or(replies);
        // Some groups take no pictures: the same step again, in words.
        let pictures = !replies.iter().any(answer::no_pictures);
        let replies: Vec<_> = replies.iter().filter(|r| !answer::no_pictures(r)).cloned().collect();
        let chat = moved.map_or_else(|| self.chat.clone(), |id| json!(id));
        let root = thread.and_then(|t| Some((root(t)?, t))).filter(|_| moved.is_none());
        let next = follow(
            root.as_ref().map(|(r, t)| (r, *t)),
            &replies,
            answer::read,
            |root| self.rewrite(n, root, pictures),
            |root| self.tell(n, &chat, root, pictures),
        );
        match next {
            Next::Done(receipt) => Next::Done(answer::remarked(receipt, moved)),
            send @ Next::Send(_) => send,
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.token]
    }
}

impl Telegram {
    fn rewrite(&self, n: &Notification, root: &Root, pictures: bool) -> Next {
        let mut fields = vec![("chat_id", root.chat.clone()), ("message_id", json!(root.id))];
        let caption = message::caption(n);
        let png = picture::shown_first(n).filter(|_| pictures && root.picture).and_then(|s| s.png());
        match (root.picture, png) {
            (true, Some(png)) => {
                let media = json!({"type": "photo", "media": "attach://photo", "caption": caption, "parse_mode": "HTML"});
                fields.push(("media", media));
                self.with_picture("editMessageMedia", fields, png)
            }
            (true, None) => {
                fields.extend([("caption", json!(caption)), ("parse_mode", json!("HTML"))]);
                self.call("editMessageCaption", fields)
            }
            (false, _) => {
                fields.extend(message::text(n));
                self.call("editMessageText", fields)
            }
        }
    }

    /// A picture with words where they fit beside it, which only a first message has; else words.
    fn tell(&self, n: &Notification, chat: &Value, root: Option<&Root>, pictures: bool) -> Next {
        let mut fields = vec![("chat_id", chat.clone())];
        fields.extend(self.topic.map(|t| ("message_thread_id", json!(t))));
        if let Some(root) = root {
            fields.push((
                "reply_parameters",
                json!({"message_id": root.id, "allow_sending_without_reply": true}),
            ));
        }
        match message::of(n, pictures && root.is_none()) {
            Message::Words => {
                fields.extend(message::text(n));
                self.call("sendMessage", fields)
            }
            Message::Picture(png, caption) => {
                fields.extend([("caption", json!(caption)), ("parse_mode", json!("HTML"))]);
                self.with_picture("sendPhoto", fields, png)
            }
        }
    }

    fn with_picture(&self, method: &str, fields: Vec<(&str, Value)>, png: Vec<u8>) -> Next {
        let spelled = |v: Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let mut parts: Vec<_> =
            fields.into_iter().map(|(name, value)| Part::Field(name, spelled(value))).collect();
        parts.push(Part::Png("photo", "hours.png", png));
        request::multipart(Method::POST, &self.method(method), Vec::new(), &parts)
    }

    fn call(&self, method: &str, fields: Vec<(&str, Value)>) -> Next {
        let body: serde_json::Map<_, _> = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        request::json(Method::POST, &self.method(method), vec![request::JSON], &body)
    }

    fn method(&self, name: &str) -> String {
        format!("{}/bot{}/{name}", self.api, self.token.expose_secret())
    }
}

#[cfg(test)]
mod tests;
