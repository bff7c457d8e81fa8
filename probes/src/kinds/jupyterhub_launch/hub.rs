//! The calls of the Hub's API that a launch makes, and what their answers mean.

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::cleanup::segment;
use crate::hub::{Answer, Door, Trouble, prove, tidy};
use crate::{Reason, Verdict};

/// Longest wait for one answer: a bare Hub holds the answer to a start for ten seconds.
const ANSWER: Duration = Duration::from_secs(30);
/// The server's token outlives the longest run.
const TOKEN_LIVES: u64 = 3600;

/// What came of asking for a user.
pub(super) enum UserIs {
    Made,
    There,
    /// We may not make users.
    Untouched,
}

/// One user's corner of the API.
pub(super) struct Corner {
    pub(super) door: Door,
    pub(super) api: String,
    pub(super) user: String,
    pub(super) server: String,
}

impl Corner {
    fn user_url(&self) -> String {
        format!("{}users/{}", self.api, segment(&self.user))
    }

    fn server_url(&self) -> String {
        if self.server.is_empty() {
            format!("{}/server", self.user_url())
        } else {
            format!("{}/servers/{}", self.user_url(), segment(&self.server))
        }
    }

    /// Where the progress of the start is told.
    pub(super) fn progress_url(&self) -> String {
        format!("{}/progress", self.server_url())
    }

    async fn ask(
        &self,
        what: &str,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Trouble> {
        self.door.ask(method, url, body, ANSWER).await.map_err(|e| Trouble::unanswered(what, &e))
    }

    /// Makes the user, or finds it.
    pub(super) async fn make_user(&self) -> Result<UserIs, Trouble> {
        let what = "creating the user";
        let answer = self.ask(what, Method::POST, &self.user_url(), None).await?;
        match answer.status {
            200..=299 => Ok(UserIs::Made),
            409 => Ok(UserIs::There),
            403 => Ok(UserIs::Untouched),
            _ => Err(refusal(what, "admin:users", &answer)),
        }
    }

    /// A token for the server of this user; `None` if we may not make one.
    pub(super) async fn token(&self) -> Result<Option<SecretString>, Trouble> {
        let url = format!("{}/tokens", self.user_url());
        let scope = format!("access:servers!server={}/{}", self.user, self.server);
        let narrow = json!({"note": "launchwatch", "expires_in": TOKEN_LIVES, "scopes": [scope]});
        let wide = json!({"note": "launchwatch", "expires_in": TOKEN_LIVES});
        for body in [narrow, wide] {
            let answer = self.ask("making a token for the server", Method::POST, &url, Some(&body)).await?;
            if answer.ok() {
                let token = answer.json().get("token").and_then(Value::as_str).map(SecretString::from);
                return Ok(token);
            }
            // An old Hub, or a narrow user, does not know the scope: 400. A missing right is the same for both.
            if answer.status != 400 {
                break;
            }
        }
        Ok(None)
    }

    /// Asks for the server.
    pub(super) async fn start(&self, options: &Value) -> Result<(), Trouble> {
        let what = "starting the server";
        let answer = self.ask(what, Method::POST, &self.server_url(), Some(options)).await?;
        let message = tidy(&answer.message());
        match answer.status {
            200..=299 => Ok(()),
            400 if message.contains("already running") || message.contains("is pending") => {
                let text = format!(
                    "{message}: left over from an earlier run, or not the probe's own; it is stopped now"
                );
                Err(Trouble::unknown(Reason::Prober, text))
            }
            404 => Err(Trouble::unknown(Reason::NotFound, format!("there is no user {}", self.user))),
            429 if message.to_lowercase().contains("limit exceeded") => {
                Err(Trouble::unknown(Reason::Quota, message))
            }
            // The Hub throttles: as many servers are starting as it lets start at once.
            429 if answer.says_when_to_retry() || !message.is_empty() => {
                Err(Trouble::failed(Reason::NoCapacity, format!("the Hub takes no more starts: {message}")))
            }
            429 => Err(Trouble::unknown(
                Reason::RateLimited,
                "something before the Hub refused: too many requests",
            )),
            400 => Err(match prove(&message) {
                Some(proof) if proof.verdict() == Verdict::Unknown => Trouble::unknown(proof.reason, message),
                _ => {
                    Trouble::unknown(Reason::Prober, format!("the Hub does not accept the start: {message}"))
                }
            }),
            500 => {
                let reason = prove(&message).filter(|p| p.reason != Reason::HubUnavailable).map(|p| p.reason);
                let text = format!("{what} was answered 500: {message}");
                Err(Trouble::failed(reason.unwrap_or(Reason::SpawnFailed), text))
            }
            _ => Err(refusal(what, "servers (JupyterHub 6: start:servers)", &answer)),
        }
    }

    /// Whether the server is ready, and where, by the Hub's own record.
    pub(super) async fn ready_at(&self) -> Option<String> {
        let answer = self.ask("the user's record", Method::GET, &self.user_url(), None).await.ok()?;
        let record = answer.json();
        let server = record.pointer("/servers")?.get(&self.server)?;
        let ready = server.get("ready").and_then(Value::as_bool).unwrap_or(false);
        server.get("url").and_then(Value::as_str).filter(|_| ready).map(str::to_owned)
    }
}

/// A call that was not accepted.
fn refusal(what: &str, scopes: &str, answer: &Answer) -> Trouble {
    let (status, message) = (answer.status, tidy(&answer.message()));
    match status {
        401 => Trouble::unknown(Reason::ProbeAuth, format!("{what}: the Hub does not know the token")),
        403 => Trouble::unknown(Reason::ProbeAuth, missing(what, scopes)),
        429 => Trouble::unknown(Reason::RateLimited, format!("{what}: too many requests")),
        500..=599 => {
            Trouble::failed(Reason::HubUnavailable, format!("{what} was answered {status} {message}"))
        }
        _ => Trouble::failed(Reason::HttpStatus, format!("{what} was answered {status} {message}")),
    }
}

/// Says which right is missing.
pub(super) fn missing(what: &str, scopes: &str) -> String {
    format!("{what}: the Hub refuses; the token is unknown or its role lacks the scope {scopes}")
}
