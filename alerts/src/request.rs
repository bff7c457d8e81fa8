//! What the channels that speak HTTP have in common: requests, and settings that go into them.

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{Envelope, Next, Receipt, Refused, Reply};

/// A request with a JSON body.
pub(crate) fn json(
    method: Method,
    url: &str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: &impl Serialize,
) -> Next {
    match serde_json::to_vec(body) {
        Ok(body) => bytes(method, url, headers, body.into()),
        Err(_) => refused("the message cannot be written as JSON"),
    }
}

/// A request with any body.
pub(crate) fn bytes(method: Method, url: &str, headers: Vec<(HeaderName, HeaderValue)>, body: Bytes) -> Next {
    let Ok(mut request) = http::Request::builder().method(method).uri(url).body(body) else {
        return refused("the address is not a valid one");
    };
    request.headers_mut().extend(headers);
    Next::Send(Box::new(Envelope::Http(request)))
}

/// The end of a delivery that can never succeed.
pub(crate) fn refused(why: &str) -> Next {
    Next::Done(Receipt::Refused { why: why.to_owned() })
}

/// Reads the reply of a service that is told with one request, by its status.
pub(crate) fn answered(reply: &Reply) -> Receipt {
    match reply {
        Reply::Http { status, headers, body } => {
            Receipt::by_status(*status, headers, &String::from_utf8_lossy(body))
        }
        Reply::Lost(lost) => Receipt::Retry { after: None, why: lost.to_string() },
        Reply::Mail(_) | Reply::Command { .. } => wrong_reply(),
    }
}

/// What a channel makes of a reply of the other trade, which only a faulty post can give.
pub(crate) fn wrong_reply() -> Receipt {
    Receipt::Refused { why: "the reply does not belong to the request".into() }
}

/// A text of the settings that is a secret: in a list or map, where a field cannot say so of each.
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("format" = "secret"))]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct SecretText(String);

/// Where a service keeps its customers' data: each region has addresses of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Region {
    /// United States.
    #[default]
    Us,
    /// European Union.
    Eu,
}

/// The address of a service: that of the settings, which must be an http one, or its usual one. Without a slash at
/// the end.
pub(crate) fn base(api_url: Option<Url>, usual: &str) -> Result<String, Refused> {
    match api_url {
        None => Ok(usual.to_owned()),
        Some(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => {
            Ok(url.as_str().trim_end_matches('/').to_owned())
        }
        Some(_) => Err(Refused::new("api_url", "not an http address", "such as https://api.example.org")),
    }
}

/// The `Content-Type` of JSON.
pub(crate) fn json_type() -> (HeaderName, HeaderValue) {
    (CONTENT_TYPE, HeaderValue::from_static("application/json"))
}

/// A header whose value is a secret, never shown by `Debug`: `scheme` and a token of the settings at `path`.
pub(crate) fn authorization(path: &str, scheme: &str, token: &SecretString) -> Result<HeaderValue, Refused> {
    let token = token.expose_secret();
    if token.is_empty() || token.contains(char::is_whitespace) {
        return Err(Refused::new(path, "empty, or with blanks or line ends in it", "the bare token"));
    }
    let mut value = HeaderValue::from_str(&format!("{scheme} {token}"))
        .map_err(|_| Refused::new(path, "has characters that no token has", "the bare token"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header, unless its value has characters that a header cannot carry.
pub(crate) fn header(name: &'static str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
}

/// The `Authorization` of a token, never shown by `Debug`.
pub(crate) fn bearer(path: &str, token: &SecretString) -> Result<HeaderValue, Refused> {
    authorization(path, "Bearer", token)
}

/// Refuses what is not an http address, without repeating it.
pub(crate) fn checked_url(path: &str, url: &SecretString) -> Result<(), Refused> {
    let good = Url::parse(url.expose_secret())
        .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
        && http::Uri::try_from(url.expose_secret()).is_ok();
    good.then_some(())
        .ok_or_else(|| Refused::new(path, "not an http address", "such as https://hooks.example.org/x"))
}
