//! Calls to the network whose stages show in the run while they last, and the verdict over a call that failed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION, USER_AGENT};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

use crate::net::watch::Watch;
use crate::net::{Chain, Connected, NetFault, Request, Response, Timing};
use crate::{Cx, NetError, Outcome, Reason, Stage};

/// Sends a request: stages `resolve`, `connect`, `tls` and `first_byte` as far as they occur.
pub(crate) async fn send(cx: &mut Cx, request: Request) -> Result<Response, NetError> {
    let net = cx.net();
    timed(cx, Stage::FirstByte, net.send(request), |r| r.timing).await
}

/// A question with our name on it, and a token where there is one.
///
/// # Errors
/// The address or the token cannot be sent: a fault of ours.
pub(crate) fn question(
    cx: &Cx,
    url: &Url,
    accept: &'static str,
    token: Option<&SecretString>,
) -> Result<Request, NetError> {
    let local = |what: &dyn std::fmt::Display| {
        NetError::new(NetFault::Local, format!("cannot ask for {url}: {what}"))
    };
    let mut request = http::Request::get(url.as_str())
        .header(ACCEPT, accept)
        .header(USER_AGENT, cx.user_agent())
        .body(Bytes::new())
        .map_err(|e| local(&e))?;
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| local(&"the token holds characters that no header may hold"))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

/// Asks for the certificates: stages `resolve`, `connect`, `tls`.
pub(crate) async fn certificate(cx: &mut Cx, host: &str, port: u16) -> Result<Chain, NetError> {
    let net = cx.net();
    timed(cx, Stage::Tls, net.certificate(host, port), |c| c.timing).await
}

/// Connects: stages `resolve`, `connect`.
pub(crate) async fn connect(cx: &mut Cx, host: &str, port: u16) -> Result<Connected, NetError> {
    let net = cx.net();
    timed(cx, Stage::Connect, net.connect(host, port), |c| c.timing).await
}

/// Ends a run over a call that failed: what is wrong on our side accuses nobody.
pub(crate) fn failed(cx: &mut Cx, error: &NetError) -> Outcome {
    match error.fault {
        NetFault::Local => cx.unknown(Reason::Prober, &error.detail),
        _ => cx.failed(error.reason(), &error.detail),
    }
}

/// Runs a call. What the net marks becomes a stage at once; a net that marks nothing counts as being in `likely`
/// until its answer tells more.
async fn timed<T>(
    cx: &mut Cx,
    likely: Stage,
    call: impl Future<Output = Result<T, NetError>>,
    timing: fn(&T) -> Timing,
) -> Result<T, NetError> {
    let began = Instant::now();
    let watch = Arc::new(Watch::default());
    let mut call = pin!(watch.over(call));
    let mut heard = None;
    let mut guessed = false;
    let result = poll_fn(|task| {
        let polled = call.as_mut().poll(task);
        for (stage, at) in watch.marks() {
            if heard.is_none_or(|(last, when)| stage > last || at > when) {
                if std::mem::take(&mut guessed) {
                    cx.forget_stage();
                }
                cx.stage_at(stage, at);
                heard = Some((stage, at));
            }
        }
        if heard.is_none() && !guessed && polled.is_pending() {
            cx.stage_at(likely, began);
            guessed = true;
        }
        polled
    })
    .await;
    if heard.is_none() {
        if guessed {
            cx.forget_stage();
        }
        match &result {
            Ok(answer) => adopt(cx, began, likely, timing(answer)),
            Err(error) => cx.stage_at(at_fault(error, likely), began),
        }
    }
    result
}

/// The stages of a call that was timed as a whole; the last one stays open.
fn adopt(cx: &mut Cx, began: Instant, likely: Stage, timing: Timing) {
    let steps = [
        (Stage::Resolve, timing.resolve),
        (Stage::Connect, timing.connect),
        (Stage::Tls, timing.tls),
        (Stage::FirstByte, timing.first_byte),
    ];
    let mut at = began;
    for (stage, took) in steps {
        if let Some(took) = took {
            cx.stage_at(stage, at);
            at += took;
        }
    }
    if at == began && cx.current_stage().is_none() {
        cx.stage_at(likely, began);
    }
}

fn at_fault(error: &NetError, likely: Stage) -> Stage {
    match error.fault {
        NetFault::Dns => Stage::Resolve,
        NetFault::Connect | NetFault::Local => Stage::Connect,
        NetFault::Tls => Stage::Tls,
        NetFault::Cut | NetFault::Garbled | NetFault::TooLarge => likely,
    }
}
