//! `http`: a page answers as it should, and fast enough.

mod body;
mod expect;
mod follow;
mod json;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use self::expect::{Expect, ExpectSpec};
use self::follow::{Answer, Page};
use crate::{Cadence, Cx, Kind, Outcome, Probe, Reason, Refused, Spec, Stage, exchange, target};

pub(super) const KIND: Kind = Kind::of::<HttpSpec>(
    "http",
    "Asks for a page and looks at status, headers, body and speed.",
    &[Stage::Resolve, Stage::Connect, Stage::Tls, Stage::FirstByte, Stage::Body],
    Cadence { every: Duration::from_secs(15), deadline: Duration::from_secs(10) },
    "path: hub/api/
headers:
  accept: application/json
expect:
  status: [200]
  json:
    - path: version
      exists: true
slow_after: 2s
",
)
.measuring(&["http_status", "body_bytes"]);

/// A page must answer with an accepted status; further conditions may be set on headers, body and JSON.
#[derive(Deserialize, JsonSchema)]
pub(super) struct HttpSpec {
    /// Absolute URL of the page; default: the target's URL. Give either this or `path`.
    #[serde(default)]
    url: Option<String>,
    /// Path of the page under the target's URL, with a query if needed (`health?full=1`).
    #[serde(default)]
    path: Option<String>,
    /// Request method.
    #[serde(default = "get")]
    method: String,
    /// Headers of the request.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Headers of the request whose values are secrets, such as `authorization`. Not sent to other hosts on redirects.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, SecretText>")]
    secret_headers: BTreeMap<String, SecretString>,
    /// Body of the request.
    #[serde(default)]
    body: Option<String>,
    /// Redirects followed at most; 0 takes the redirect itself as the answer.
    #[serde(default = "ten")]
    follow_redirects: u8,
    /// Bytes of the body read at most. A longer body fails only when a condition needs all of it.
    #[serde(default = "one_mebibyte")]
    max_body: usize,
    /// What the answer must be.
    #[serde(default)]
    expect: ExpectSpec,
    /// Degraded (`slow`) when the whole takes longer than this, such as `2s` or `1500ms`.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    #[schemars(with = "Option<String>")]
    slow_after: Option<Duration>,
}

/// Tells the config layer that a value may be a reference to a secret.
#[derive(JsonSchema)]
#[schemars(inline, extend("format" = "secret"))]
#[expect(dead_code, reason = "only its schema is used")]
struct SecretText(String);

fn get() -> String {
    "GET".to_owned()
}

fn ten() -> u8 {
    10
}

fn one_mebibyte() -> usize {
    1 << 20
}

impl Spec for HttpSpec {
    type Probe = Http;

    fn build(self, target: &Url) -> Result<Http, Vec<Refused>> {
        let mut refused = Vec::new();
        let url = page(self.url.as_deref(), self.path.as_deref(), target).map_err(|r| refused.push(r)).ok();
        let method = self.method.to_uppercase().parse::<Method>();
        if method.is_err() {
            let hint = "write GET, HEAD or POST";
            refused.push(Refused::new("method", format!("{:?} is not a method", self.method), hint));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            add(&mut headers, "headers", name, value, false).unwrap_or_else(|r| refused.push(r));
        }
        let mut secrets = HeaderMap::new();
        for (name, value) in &self.secret_headers {
            add(&mut secrets, "secret_headers", name, value.expose_secret(), true)
                .unwrap_or_else(|r| refused.push(r));
        }
        let expect = self.expect.build().map_err(|more| refused.extend(more)).ok();
        match (url, method, expect) {
            (Some(url), Ok(method), Some(expect)) if refused.is_empty() => Ok(Http {
                page: Page { url, method, headers, secrets, body: self.body.unwrap_or_default().into() },
                follow: self.follow_redirects,
                max_body: self.max_body,
                expect,
                slow_after: self.slow_after,
            }),
            _ => Err(refused),
        }
    }
}

fn page(url: Option<&str>, path: Option<&str>, target: &Url) -> Result<Url, Refused> {
    let wrong = |at: &str, what: String| Refused::new(at, what, "write https://host/path, or use path");
    let url = match (url, path) {
        (Some(_), Some(_)) => {
            return Err(Refused::new("path", "both url and path are given", "leave one of them out"));
        }
        (Some(url), None) => Url::parse(url).map_err(|e| wrong("url", format!("{url:?}: {e}")))?,
        (None, Some(path)) => {
            target::under(target, path).map_err(|e| wrong("path", format!("{path:?}: {e}")))?
        }
        (None, None) => target.clone(),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("url", format!("{}: cannot be asked over HTTP", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let hint = "put the credentials into secret_headers (authorization: Basic …)";
        return Err(Refused::new("url", "holds a user or password", hint));
    }
    Ok(url)
}

fn add(to: &mut HeaderMap, at: &str, name: &str, value: &str, secret: bool) -> Result<(), Refused> {
    let path = format!("{at}.{name}");
    let key = HeaderName::try_from(name)
        .map_err(|_| Refused::new(&path, format!("{name:?} is not a header name"), ""))?;
    let mut content = HeaderValue::try_from(value)
        .map_err(|_| Refused::new(&path, "the value cannot be sent in a header", "is there a line break?"))?;
    content.set_sensitive(secret);
    to.insert(key, content);
    Ok(())
}

pub(super) struct Http {
    page: Page,
    follow: u8,
    max_body: usize,
    expect: Expect,
    slow_after: Option<Duration>,
}

#[async_trait]
impl Probe for Http {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        self.page.hide_secrets(cx);
        let answer = match follow::fetch(cx, &self.page, self.follow, &self.expect).await {
            Ok(answer) => answer,
            Err(outcome) => return *outcome,
        };
        cx.stage(Stage::Body);
        let Answer { status, headers, body } = answer;
        cx.measure("http_status", f64::from(status.as_u16()));
        let accepted = self.expect.accepts(status, self.follow == 0);
        // The start of an unwelcome answer is evidence, so it is kept as well.
        let keep = if accepted && !self.expect.needs_body() { 0 } else { self.max_body };
        let read = match body::read(body, self.max_body, keep).await {
            Ok(read) => read,
            Err(error) => return exchange::failed(cx, &error),
        };
        cx.measure("body_bytes", read.seen as f64);
        if !accepted {
            return self.refusal(cx, status, &headers, &read.kept);
        }
        if read.cut && self.expect.needs_body() {
            let limit = self.max_body;
            return cx.failed(Reason::TooLarge, format!("the body is larger than max_body ({limit} bytes)"));
        }
        let wrong = self.expect.unmet(&headers, &read.kept);
        if !wrong.is_empty() {
            wrong.iter().for_each(|w| cx.line(w));
            return cx.failed(Reason::Condition, wrong.join("; "));
        }
        match self.slow_after {
            Some(limit) if cx.elapsed() > limit => {
                let took = cx.elapsed().as_secs_f64();
                cx.degraded(Reason::Slow, format!("took {took:.2} s, longer than {} s", limit.as_secs_f64()))
            }
            _ => cx.passed(),
        }
    }
}

impl Http {
    /// A status that is not accepted. What the target refuses to us alone is not held against it.
    fn refusal(&self, cx: &mut Cx, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Outcome {
        if let Some(line) = String::from_utf8_lossy(body).lines().find(|l| !l.trim().is_empty()) {
            cx.line(line);
        }
        let url = &self.page.url;
        let told = format!("{url} answered {status}");
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = headers.get(http::header::RETRY_AFTER).and_then(|v| v.to_str().ok());
                let wait = wait.map_or_else(String::new, |w| format!("; it asks to wait for {w}"));
                cx.unknown(Reason::RateLimited, format!("{told}{wait}"))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !self.page.secrets.is_empty() => {
                cx.unknown(Reason::ProbeAuth, format!("{told}: our credentials are not accepted"))
            }
            _ => cx.failed(Reason::HttpStatus, told),
        }
    }
}

#[cfg(test)]
mod tests;
