//! Stops a user's server through the Hub's API and removes the user if it was made for the run.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::Paid;
use crate::hub::{Answer, AskError, Door};

/// Longest wait for one answer of the Hub.
const ANSWER: Duration = Duration::from_secs(20);
/// How often the Hub is asked whether the server has stopped.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A user of a Hub whose server must go. `door` holds the token.
pub(super) struct Debtor<'a> {
    pub(super) door: Door,
    pub(super) api: &'a str,
    pub(super) user: &'a str,
    pub(super) server: &'a str,
    pub(super) delete_user: bool,
}

/// What one round found.
enum Round {
    Done(Paid),
    Again(String),
}

impl Debtor<'_> {
    pub(super) async fn pay(&self, patience: Duration) -> Paid {
        let until = Instant::now() + patience;
        let mut last = "there was no time to ask".to_owned();
        let mut stopped = false;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            let limit = left.min(ANSWER);
            let round = if stopped { self.remove(limit).await } else { self.stop(limit).await };
            match round {
                Round::Done(Paid::Gone) if !stopped && self.delete_user => {
                    stopped = true;
                    continue;
                }
                Round::Done(paid) => return paid,
                Round::Again(why) => last = why,
            }
            tokio::time::sleep_until((Instant::now() + LOOK_EVERY).min(until)).await;
        }
        Paid::NotYet(last)
    }

    fn user_url(&self) -> String {
        format!("{}users/{}", self.api, segment(self.user))
    }

    /// Tells the server to stop and looks whether it has: telling again is harmless.
    async fn stop(&self, limit: Duration) -> Round {
        let url = if self.server.is_empty() {
            format!("{}/server", self.user_url())
        } else {
            format!("{}/servers/{}", self.user_url(), segment(self.server))
        };
        match self.door.ask(Method::DELETE, &url, None, limit).await {
            Ok(a) if a.status == 404 => Round::Done(Paid::Gone),
            // 400: there can be no such server, or (before JupyterHub 5.1) one that is still starting cannot be stopped.
            Ok(a) if a.ok() || a.status == 400 => self.look(limit).await,
            Ok(a) if matches!(a.status, 401 | 403) => refused("stop the server", "delete:servers", &a),
            Ok(a) if a.status == 500 => self.stumbled(limit).await,
            Ok(a) => Round::Again(format!("the Hub answered {} when told to stop the server", a.status)),
            Err(e) => unreachable(&e),
        }
    }

    /// A Hub (5.4, for one) trips over a user that it does not know, and answers 500 where 404 would be right.
    async fn stumbled(&self, limit: Duration) -> Round {
        match self.door.ask(Method::GET, &self.user_url(), None, limit).await {
            Ok(a) if a.status == 404 => Round::Done(Paid::Gone),
            _ => Round::Again("the Hub answered 500 when told to stop the server".into()),
        }
    }

    async fn look(&self, limit: Duration) -> Round {
        match self.door.ask(Method::GET, &self.user_url(), None, limit).await {
            Ok(a) if a.status == 404 => Round::Done(Paid::Gone),
            Ok(a) if a.ok() => match a.json().pointer("/servers").and_then(|s| s.get(self.server)) {
                Some(Value::Object(server)) if server.get("stopped") != Some(&Value::Bool(true)) => {
                    Round::Again("the Hub has not stopped the server yet".into())
                }
                _ => Round::Done(Paid::Gone),
            },
            // It was accepted; without the right to read we cannot see more.
            Ok(a) if matches!(a.status, 401 | 403) && !self.delete_user => Round::Done(Paid::Accepted),
            Ok(a) if matches!(a.status, 401 | 403) => Round::Done(Paid::Gone),
            Ok(a) => Round::Again(format!("the Hub answered {} when asked about the server", a.status)),
            Err(e) => unreachable(&e),
        }
    }

    async fn remove(&self, limit: Duration) -> Round {
        match self.door.ask(Method::DELETE, &self.user_url(), None, limit).await {
            Ok(a) if a.ok() || a.status == 404 => Round::Done(Paid::Gone),
            Ok(a) if matches!(a.status, 401 | 403) => refused("delete the user", "delete:users", &a),
            Ok(a) => Round::Again(format!("the Hub answered {} when told to delete the user", a.status)),
            Err(e) => unreachable(&e),
        }
    }
}

fn refused(what: &str, scope: &str, answer: &Answer) -> Round {
    let status = answer.status;
    Round::Done(Paid::NotYet(format!(
        "the Hub does not let us {what} (status {status}): the token needs {scope}"
    )))
}

fn unreachable(error: &AskError) -> Round {
    Round::Again(format!("the Hub cannot be asked: {error}"))
}

/// A name as one segment of a path.
pub(crate) fn segment(name: &str) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
