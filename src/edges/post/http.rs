//! Envelopes by HTTP: one client, no redirects, short answers, and errors that never show an address.

use std::error::Error as _;

use bytes::{Bytes, BytesMut};
use launchwatch_alerts::{Reply, Undelivered};
use reqwest::redirect::Policy;

use super::trust::Trust;
use super::{CONNECT, Error};

/// Longest answer that is read; channels need a line or two.
const MOST_BODY: usize = 64 * 1024;

pub(super) fn client(trust: &Trust, ignore_proxies: bool) -> Result<reqwest::Client, Error> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured((*trust.config()).clone())
        // A redirected POST would lose its body or reach somebody it was not meant for.
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(concat!("launchwatch/", env!("CARGO_PKG_VERSION")));
    let builder = if ignore_proxies { builder.no_proxy() } else { builder };
    builder.build().map_err(Error::Client)
}

pub(super) async fn deliver(
    client: &reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<Reply, Undelivered> {
    let request = reqwest::Request::try_from(request).map_err(|e| undelivered("send", e))?;
    let mut answer = client.execute(request).await.map_err(|e| undelivered(step(&e), e))?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| undelivered("answer", e))? {
        let room = MOST_BODY.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= MOST_BODY {
            break;
        }
    }
    Ok(Reply::Http { status, headers, body: body.freeze() })
}

/// The step at which there was no answer. The library tells some of it only in words.
fn step(error: &reqwest::Error) -> &'static str {
    if !error.is_connect() {
        return "send";
    }
    let words = chain(error).to_lowercase();
    if words.contains("dns error") || words.contains("failed to lookup address") {
        "resolve"
    } else if words.contains("certificate") || words.contains("tls") || words.contains("handshake") {
        "tls"
    } else {
        "connect"
    }
}

/// The address may hold a token, so it is taken out.
fn undelivered(step: &'static str, error: reqwest::Error) -> Undelivered {
    Undelivered { step, detail: chain(&error.without_url()) }
}

fn chain(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}
