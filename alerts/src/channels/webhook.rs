//! Webhook: the notification as JSON to any address, signed on wish.
//!
//! The body is one object:
//! `version` (1), `id` (the same for every attempt: drop what you have seen), `incident`, `kind` (`opened`, `update`,
//! `reminder`, `acknowledged`, `resolved`, `test`), `severity` (`page`, `ticket`), `at` (RFC 3339), `title` (one line), `text` (plain text) and
//! `facts` (`target`, `since`, `until`, `failing`, `working`, `strips`, `link`, `instead_of`). With a `body` it is
//! whatever that template makes.
//!
//! With a `secret`, `X-Launchwatch-Signature` is `sha256=` and the hex HMAC-SHA256 of
//! `X-Launchwatch-Timestamp`, a dot and the body. The timestamp (Unix seconds) is when the notification became owed,
//! so that every attempt has the same bytes; a late delivery has an old timestamp.

mod body;

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use self::body::OwnBody;
use crate::channel::Kind;
use crate::{Channel, MessageRef, Next, Notification, Refused, Reply, Spec, payload, request};

pub(super) const KIND: Kind = Kind::of::<WebhookSpec>(
    "webhook",
    "Webhook: the notification as JSON to any address, with an HMAC signature on wish",
    "url: https://hooks.example.org/launchwatch\nsecret: shared-with-the-receiver\nheaders:\n  X-Team: the-hub-team\n",
);

/// Settings of a webhook.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebhookSpec {
    /// Address that takes it.
    #[schemars(with = "String", extend("format" = "secret"))]
    url: SecretString,
    /// Key of the signature; without it there is none.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    secret: Option<SecretString>,
    /// Further headers, as they are.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    headers: BTreeMap<String, SecretString>,
    /// Further headers whose values are secrets, such as `Authorization`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, request::SecretText>")]
    secret_headers: BTreeMap<String, SecretString>,
    /// Template (Jinja) of the body, instead of the built-in JSON. Its variables are those of `template`; in JSON
    /// write `{{ title|tojson }}`. A body that fails when it is sent is replaced by the built-in one.
    #[serde(default)]
    body: Option<String>,
    /// Type of that body; `application/json` by default, and then it must be JSON.
    #[serde(default)]
    content_type: Option<String>,
    /// How it is sent; `POST` by default.
    #[serde(default)]
    method: Verb,
}

/// How a body is sent.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    #[default]
    Post,
    Put,
    Patch,
}

struct Webhook {
    url: SecretString,
    method: Method,
    body: Option<OwnBody>,
    secret: Option<SecretString>,
    headers: Vec<(HeaderName, HeaderValue)>,
    header_secrets: Vec<SecretString>,
}

impl Spec for WebhookSpec {
    type Channel = Webhook;

    fn build(self) -> Result<Webhook, Vec<Refused>> {
        let mut problems = Vec::new();
        if let Err(problem) = request::checked_url("url", &self.url) {
            problems.push(problem);
        }
        let mut headers = Vec::new();
        for (key, name, value) in all_headers(&self.headers, &self.secret_headers) {
            let parsed =
                HeaderName::try_from(name).ok().zip(HeaderValue::from_str(value.expose_secret()).ok());
            match parsed {
                Some((name, mut value)) => {
                    value.set_sensitive(true);
                    headers.push((name, value));
                }
                None => problems.push(Refused::new(format!("{key}.{name}"), "not a valid HTTP header", "")),
            }
        }
        if self.body.is_none() && self.content_type.is_some() {
            problems.push(Refused::new("content_type", "has no body that it is the type of", "add `body`"));
        }
        let body = self
            .body
            .and_then(|b| OwnBody::read(b, self.content_type.as_deref()).map_err(|r| problems.push(r)).ok());
        let method = match self.method {
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Patch => Method::PATCH,
        };
        if problems.is_empty() {
            let header_secrets =
                self.headers.into_values().chain(self.secret_headers.into_values()).collect();
            Ok(Webhook { url: self.url, method, body, secret: self.secret, headers, header_secrets })
        } else {
            Err(problems)
        }
    }
}

/// The headers of both kinds: key of the settings, name, value.
fn all_headers<'a>(
    plain: &'a BTreeMap<String, SecretString>,
    secret: &'a BTreeMap<String, SecretString>,
) -> impl Iterator<Item = (&'static str, &'a String, &'a SecretString)> {
    let plain = plain.iter().map(|(name, value)| ("headers", name, value));
    plain.chain(secret.iter().map(|(name, value)| ("secret_headers", name, value)))
}

impl Channel for Webhook {
    fn compose(&self, n: &Notification, replies: &[Reply], _thread: Option<&MessageRef>) -> Next {
        match replies.last() {
            None => self.request(n),
            Some(reply) => {
                let receipt = request::answered(reply);
                let fault = self.body.as_ref().and_then(|b| b.write(n).err());
                Next::Done(match fault {
                    Some(fault) => receipt.beside(format!("template error: body, {fault}")),
                    None => receipt,
                })
            }
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        std::iter::once(&self.url).chain(&self.secret).chain(&self.header_secrets).collect()
    }
}

impl Webhook {
    fn request(&self, n: &Notification) -> Next {
        let own = self.body.as_ref().and_then(|b| Some((b.write(n).ok()?, b.content_type.clone())));
        let json = || Some((payload::json(n)?, HeaderValue::from_static("application/json")));
        let Some((bytes, content_type)) = own.or_else(json) else {
            return request::refused("the notification cannot be written as JSON");
        };
        let timestamp = n.at.as_second();
        let mut headers = vec![
            (CONTENT_TYPE, content_type),
            (USER_AGENT, HeaderValue::from_static("launchwatch")),
            (HeaderName::from_static("x-launchwatch-timestamp"), HeaderValue::from(timestamp)),
        ];
        headers.extend(request::header("idempotency-key", &n.id.0));
        headers.extend(self.signature(timestamp, &bytes));
        headers.extend(self.headers.iter().cloned());
        request::bytes(self.method.clone(), self.url.expose_secret(), headers, bytes.into())
    }

    fn signature(&self, timestamp: i64, body: &[u8]) -> Option<(HeaderName, HeaderValue)> {
        let key = self.secret.as_ref()?.expose_secret();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).ok()?;
        mac.update(format!("{timestamp}.").as_bytes());
        mac.update(body);
        let hex: String = mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect();
        request::header("x-launchwatch-signature", &format!("sha256={hex}"))
    }
}

#[cfg(test)]
mod tests;
