//! One question to a chat's service, with a limit of time and size, answered with JSON.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use launchwatch_alerts::text::one_line;
use launchwatch_probes::Net;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

/// Most bytes of an answer.
const MOST: usize = 4 << 20;

/// A request with a bearer token that `Debug` does not show.
pub(super) fn request(
    method: http::Method,
    url: &str,
    token: &SecretString,
    body: Option<&Value>,
) -> Result<http::Request<Bytes>, String> {
    let bytes = body.map(|b| Bytes::from(b.to_string())).unwrap_or_default();
    let mut request = http::Request::builder()
        .method(method)
        .uri(url)
        .header(http::header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header(http::header::USER_AGENT, concat!("launchwatch/", env!("CARGO_PKG_VERSION")))
        .body(bytes)
        .map_err(|_| "the address is not a valid one".to_owned())?;
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
        .map_err(|_| "the token has characters that no token has".to_owned())?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(request)
}

/// The answer of a request that went well.
pub(super) async fn ask(
    net: &dyn Net,
    request: http::Request<Bytes>,
    limit: Duration,
) -> Result<Value, String> {
    let what = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let exchange = async {
        let answer = net.send(request).await.map_err(|e| e.to_string())?;
        let status = answer.status;
        let bytes = answer.read(MOST).await.map_err(|e| e.to_string())?;
        read(status, &bytes)
    };
    let answer = tokio::time::timeout(limit, exchange).await;
    let late = || Err(format!("no answer within {} s", limit.as_secs()));
    answer.unwrap_or_else(|_| late()).map_err(|why| format!("{what}: {why}"))
}

fn read(status: StatusCode, bytes: &[u8]) -> Result<Value, String> {
    let value = serde_json::from_slice::<Value>(bytes);
    match value {
        Ok(value) if status.is_success() => Ok(value),
        Ok(value) => {
            let word = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
            Err(one_line(&format!("HTTP {status} {} {}", word("errcode"), word("error")), 200))
        }
        Err(_) => Err(format!("HTTP {status}, and the answer is not JSON")),
    }
}
