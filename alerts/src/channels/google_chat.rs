//! Google Chat: by a webhook; a thread an incident.
//!
//! A webhook can neither rewrite its messages nor send files, so there is no update in place and no picture; the last
//! hours are told in words.

use http::Method;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::channel::{Answer, Kind, follow, hinted, judged, not_theirs};
use crate::text::{Markup, Story, bare_address, one_line, unfenced, unlinked};
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec, picture, request};

pub(super) const KIND: Kind = Kind::of::<GoogleChatSpec>(
    "google_chat",
    "Google Chat: by a webhook of a space; a thread an incident",
    "webhook_url: https://chat.googleapis.com/v1/spaces/AAAAexample/messages?key=example-key&token=example-token\n",
);

/// Bytes of a text: 4,096 characters are shown, and a message may have 32,000 bytes in all
/// (developers.google.com/workspace/chat, `spaces.messages.create`).
const MOST: usize = 4000;

/// Settings of a Google Chat space.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GoogleChatSpec {
    /// Address of the webhook: the space's menu, "Apps & integrations", "Webhooks".
    #[schemars(with = "String", extend("format" = "secret"))]
    webhook_url: SecretString,
}

struct GoogleChat {
    /// The address, and the key and the token in it.
    secrets: Vec<SecretString>,
    url: Url,
}

impl Spec for GoogleChatSpec {
    type Channel = GoogleChat;

    fn build(self) -> Result<GoogleChat, Vec<Refused>> {
        request::checked_url("webhook_url", &self.webhook_url).map_err(|r| vec![r])?;
        let refused = |what: &str| {
            let hint = "https://chat.googleapis.com/v1/spaces/<space>/messages?key=<key>&token=<token>";
            vec![Refused::new("webhook_url", what, hint)]
        };
        let url = Url::parse(self.webhook_url.expose_secret()).map_err(|_| refused("not an http address"))?;
        let value = |name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
        let (Some(key), Some(token)) = (value("key"), value("token")) else {
            return Err(refused("has no key or no token in it"));
        };
        let secrets = vec![url.to_string().into(), key.into(), token.into()];
        Ok(GoogleChat { secrets, url })
    }
}

impl Channel for GoogleChat {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        follow::<()>(
            None,
            replies,
            read,
            |()| request::refused("a webhook rewrites nothing"),
            |_| {
                let mut url = self.url.clone();
                url.query_pairs_mut()
                    .append_pair("messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
                    // The same message a second time is the first one.
                    .append_pair("requestId", &one_line(&n.id.0, 200));
                let key = one_line(&n.incident.0, 200);
                let body = json!({"text": words(n), "thread": {"threadKey": format!("launchwatch {key}")}});
                request::json(Method::POST, url.as_str(), vec![request::JSON], &body)
            },
        )
    }

    fn secrets(&self) -> Vec<&SecretString> {
        self.secrets.iter().collect()
    }
}

const GOOGLE: Markup = Markup {
    escaped,
    code: unfenced,
    strong: ("*", "*"),
    item: "• ",
    fence: ("```\n", "\n```"),
    link: |url, words| format!("<{}|{words}>", bare_address(url)),
};

/// There is no escape: what starts markup becomes a look-alike, `<` gets an invisible joint.
fn escaped(text: &str) -> String {
    let (mut out, mut in_word) = (String::with_capacity(text.len()), false);
    let text = unlinked(text);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let word_follows = chars.peek().is_some_and(|n| n.is_alphanumeric());
        match c {
            '*' => out.push('\u{2217}'),
            '`' => out.push('\u{2cb}'),
            '~' => out.push('\u{223c}'),
            '_' if !(in_word && word_follows) => out.push('\u{2cd}'),
            '<' => out.push_str("<\u{2060}"),
            c => out.push(c),
        }
        in_word = c.is_alphanumeric();
    }
    out
}

fn words(n: &Notification) -> String {
    let story = Story::of(n);
    let words = picture::shown_first(n).map(|s| escaped(&s.words()));
    GOOGLE.whole(&story, words, MOST)
}

#[derive(Deserialize)]
struct Sent {
    name: String,
    #[serde(default)]
    thread: Option<Thread>,
}

#[derive(Deserialize)]
struct Thread {
    name: String,
}

#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    error: Fault,
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    message: String,
    #[serde(default)]
    status: String,
}

/// The thread is what later messages would have to name.
fn read(reply: &Reply) -> Answer {
    let Reply::Http { status, headers, body } = reply else {
        return Answer::Not(request::wrong_reply());
    };
    if (200..300).contains(status) {
        return match serde_json::from_slice::<Sent>(body) {
            Ok(sent) => Answer::Taken(Some(MessageRef(sent.thread.map_or(sent.name, |t| t.name)))),
            Err(_) => not_theirs(*status, "Google Chat"),
        };
    }
    let fault = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let said = match fault.status.as_str() {
        "" => String::from_utf8_lossy(body).into_owned(),
        name => format!("{} {}", one_line(name, 60), one_line(&fault.message, 200)),
    };
    let hint = match status {
        401 | 403 => {
            "the webhook's key or token is not valid (any more), or the organisation forbids webhooks"
        }
        404 => "the space or its webhook was deleted: make a new one",
        _ => "",
    };
    Answer::Not(hinted(judged(*status, headers, &said, None), hint))
}

#[cfg(test)]
mod tests;
