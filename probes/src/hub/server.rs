//! A Jupyter server as a user meets it: ask with its token, start a kernel, run code, and give the server back.

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde_json::json;
use tokio::time::Instant;

use super::{AskError, Door, Trouble, kernel};
use crate::{CleanUp, Cx, Launch, Paid, Reason, Stage, cleanup};

/// Longest wait for one answer of a server that was announced as ready.
const ANSWER: Duration = Duration::from_secs(20);
/// A route may be a moment younger than the announcement.
const TRIES: u32 = 3;
/// Longest wait for a kernel to start and answer.
const KERNEL: Duration = Duration::from_secs(60);
/// Time kept for giving the server back.
const KEPT: Duration = Duration::from_secs(5);
/// Longest watch over a server that was told to stop.
const GONE_WITHIN: Duration = Duration::from_secs(90);
/// The same when the run has failed already: its verdict must not wait for a target that is down.
const HURRY: Duration = Duration::from_secs(10);
/// A watch shorter than this (the deadline came near) proves nothing about the target.
const WATCHED_ENOUGH: Duration = Duration::from_secs(30);

/// What to do with a server.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    /// Code for the kernel.
    pub(crate) code: String,
    /// What it must print, blanks at both ends aside.
    pub(crate) expect: String,
}

/// Uses the server at `url` (trailing slash) with its token. Leaves the stage in which it ended open.
pub(crate) async fn use_server(
    cx: &mut Cx,
    url: &str,
    token: SecretString,
    errand: &Errand,
) -> Result<(), Trouble> {
    let door = Door::new(cx.net(), cx.user_agent()).with_token(token);
    cx.stage(Stage::Server);
    greet(cx, &door, url).await.map_err(|t| t.here(cx))?;
    cx.stage(Stage::Kernel);
    run_code(cx, &door, url, errand).await.map_err(|t| t.here(cx))
}

/// `api` answers anybody; `api/status` only those with the token.
async fn greet(cx: &mut Cx, door: &Door, url: &str) -> Result<(), Trouble> {
    let mut tries = 0;
    loop {
        tries += 1;
        let answer = door.ask(Method::GET, &format!("{url}api/status"), None, limit(cx, ANSWER)).await;
        let said = match answer {
            Ok(answer) if answer.status == 200 && answer.json().is_object() => return Ok(()),
            Ok(answer) if answer.status == 200 => "a page instead of its status".to_owned(),
            Ok(answer) => match answer.location() {
                Some(to) => format!("{} to {}", answer.status, path_of(to)),
                None => answer.status.to_string(),
            },
            Err(AskError::Net(e)) if e.fault == crate::net::NetFault::Local => {
                return Err(Trouble::unanswered("the server's status", &AskError::Net(e)));
            }
            Err(e) => e.to_string(),
        };
        cx.line(&format!("api/status of the server: {said}"));
        if tries == TRIES || cx.remaining() < KEPT * 2 {
            let text = format!("the server was announced as ready but answered {said}");
            return Err(Trouble::failed(Reason::ServerUnusable, text));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn run_code(cx: &mut Cx, door: &Door, url: &str, errand: &Errand) -> Result<(), Trouble> {
    let asked = Instant::now();
    let answer =
        door.ask(Method::POST, &format!("{url}api/kernels"), Some(&json!({})), limit(cx, KERNEL)).await;
    let answer = answer.map_err(|e| match &e {
        AskError::Silent(_) => Trouble::failed(Reason::KernelFailed, format!("starting a kernel: {e}")),
        _ => Trouble::unanswered("starting a kernel", &e),
    })?;
    if !answer.ok() {
        let reason = match answer.status {
            300..=499 | 502..=504 => Reason::ServerUnusable,
            _ => Reason::KernelFailed,
        };
        return Err(Trouble::failed(reason, format!("starting a kernel was answered {}", answer.status)));
    }
    let id = answer.json().get("id").and_then(|v| v.as_str()).map(str::to_owned).unwrap_or_default();
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return Err(Trouble::failed(Reason::Garbled, "a kernel was started but its id was not told"));
    }
    let session = cx.nonce().to_owned();
    let channels = format!("{url}api/kernels/{id}/channels?session_id={session}");
    let left = limit(cx, KERNEL).saturating_sub(asked.elapsed());
    let run = kernel::execute(door, &channels, &session, &errand.code);
    let output = match tokio::time::timeout(left, run).await {
        Ok(output) => output?,
        Err(_) => {
            let text = format!("the kernel did not answer within {:.0} s", asked.elapsed().as_secs_f64());
            return Err(Trouble::failed(Reason::KernelFailed, text));
        }
    };
    cx.measure("kernel_result_seconds", asked.elapsed().as_secs_f64());
    if output.trim() != errand.expect.trim() {
        cx.line(&format!("the kernel printed: {output}"));
        let text =
            format!("the kernel printed `{}`, not `{}`", super::tidy(&output), super::tidy(&errand.expect));
        return Err(Trouble::failed(Reason::WrongOutput, text));
    }
    Ok(())
}

/// Pays the debt of a launch within the run, as far as there is time, and sees whether it helped.
///
/// What cannot be finished before the deadline goes on after the run; what the target refuses stays in the ledger, and
/// so does what a run that `failed` does not get done at once.
pub(crate) async fn give_back(cx: &mut Cx, launch: &Launch, debt: &CleanUp, failed: bool) -> Option<Trouble> {
    cx.stage(Stage::Teardown);
    let longest = if failed { HURRY } else { GONE_WITHIN };
    let patience = cx.remaining().saturating_sub(Duration::from_secs(1)).min(longest);
    let (net, user_agent) = (cx.net(), cx.user_agent().to_owned());
    let started = Instant::now();
    match cleanup::pay(debt, &net, &user_agent, patience).await {
        Paid::Gone => settle(cx, launch).await,
        Paid::Accepted => {
            cx.fact("teardown", "accepted, but not seen gone");
            settle(cx, launch).await
        }
        Paid::NotYet(why) if failed => {
            cx.fact("teardown", &format!("left for later: {why}"));
            None
        }
        Paid::NotYet(why)
            if started.elapsed() + Duration::from_secs(1) >= patience && patience < WATCHED_ENOUGH =>
        {
            cx.fact("teardown", &format!("goes on after the run: {why}"));
            let (launch, debt) = (launch.clone(), debt.clone());
            cx.follow(Box::pin(async move {
                cleanup::pay_and_settle(&launch, &debt, &net, &user_agent, GONE_WITHIN).await;
            }));
            None
        }
        Paid::NotYet(why) => Some(Trouble::degraded(Reason::TeardownFailed, why).here(cx)),
    }
}

async fn settle(cx: &mut Cx, launch: &Launch) -> Option<Trouble> {
    if let Err(e) = launch.settled().await {
        // The server is gone; the ledger will find that out for itself when it pays again.
        cx.line(&e.to_string());
    }
    None
}

/// `most`, or less when the deadline is near.
fn limit(cx: &Cx, most: Duration) -> Duration {
    cx.remaining().saturating_sub(KEPT).max(Duration::from_secs(1)).min(most)
}

/// Where a redirect leads, without host and query: those may hold tokens.
fn path_of(location: &str) -> String {
    let path =
        location.split_once("://").map_or(location, |(_, rest)| rest.split_once('/').map_or("", |(_, p)| p));
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}
