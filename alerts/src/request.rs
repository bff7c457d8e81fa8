//! What the channels that speak HTTP have in common: requests, and settings that go into them.

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{Envelope, Next, Receipt, Refused, Reply};

/// The header of a JSON body.
pub(crate) const JSON: (HeaderName, HeaderValue) =
    (CONTENT_TYPE, HeaderValue::from_static("application/json"));

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

/// A JSON object with one field more.
pub(crate) fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value.into());
    }
    object
}

/// A request with any body.
pub(crate) fn bytes(method: Method, url: &str, headers: Vec<(HeaderName, HeaderValue)>, body: Bytes) -> Next {
    let Ok(mut request) = http::Request::builder().method(method).uri(url).body(body) else {
        return refused("the address is not a valid one");
    };
    request.headers_mut().extend(headers);
    Next::Send(Box::new(Envelope::Http(request)))
}

/// A request with a form, `application/x-www-form-urlencoded`.
pub(crate) fn form(
    method: Method,
    url: &str,
    headers: Vec<(HeaderName, HeaderValue)>,
    fields: &[(&str, &str)],
) -> Next {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    bytes(method, url, [vec![(CONTENT_TYPE, kind)], headers].concat(), body.into())
}

/// A part of a form with files.
pub(crate) enum Part<'a> {
    /// A field: name and value.
    Field(&'a str, String),
    /// A picture: name of the field, name of the file, PNG.
    Png(&'a str, &'a str, Vec<u8>),
}

/// A request with a form with files, `multipart/form-data`. The same parts give the same bytes.
pub(crate) fn multipart(
    method: Method,
    url: &str,
    headers: Vec<(HeaderName, HeaderValue)>,
    parts: &[Part<'_>],
) -> Next {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(match part {
            Part::Field(_, value) => value.as_bytes(),
            Part::Png(_, _, bytes) => bytes,
        });
    }
    // A mark made of the content is not in it.
    let mark: String = hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
    let mut body = Vec::new();
    for part in parts {
        let (head, content) = match part {
            Part::Field(name, value) => (format!("name=\"{name}\""), value.as_bytes()),
            Part::Png(name, file, bytes) => {
                let head = format!("name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/png");
                (head, bytes.as_slice())
            }
        };
        body.extend(format!("--lw-{mark}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes());
        body.extend(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--lw-{mark}--\r\n").as_bytes());
    let Ok(kind) = HeaderValue::from_str(&format!("multipart/form-data; boundary=lw-{mark}")) else {
        return refused("the form cannot be written");
    };
    bytes(method, url, [vec![(CONTENT_TYPE, kind)], headers].concat(), body.into())
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
