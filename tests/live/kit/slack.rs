//! A stand-in for Slack on loopback: its Web API as far as messages go, Socket Mode, and incoming webhooks; keeps all
//! it was told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Value, json};

use super::chat::listen;
use super::socket::Clicks;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// `chat.postMessage`, `chat.update`, `apps.connections.open`, `respond` or `webhook`.
    pub(crate) method: String,
    /// The body.
    pub(crate) body: Value,
    /// What was answered: `ok`, or Slack's name of the error.
    pub(crate) answer: String,
}

#[derive(Default)]
struct Room {
    token: String,
    calls: Vec<Call>,
    /// What every message reads now, by timestamp.
    messages: BTreeMap<String, Value>,
    posted: u32,
    refusals: u32,
    retry_after: u32,
    clicks: Clicks,
}

/// The stand-in.
#[derive(Clone)]
pub(crate) struct Slack {
    room: Arc<Mutex<Room>>,
    /// Its address, to be used as `api_url`.
    pub(crate) url: String,
}

impl Slack {
    /// Starts it; only `token` is let in.
    pub(crate) async fn start(token: &str) -> Self {
        let room = Arc::new(Mutex::new(Room { token: token.to_owned(), ..Room::default() }));
        let router = Router::new()
            .route("/api/{method}", post(api))
            .route("/services/{*hook}", post(webhook))
            .route("/link/", any(link))
            .route("/respond", post(respond))
            .with_state(Arc::clone(&room));
        let root = listen(router).await;
        Self { room, url: format!("{root}api/") }
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything it was asked so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.room().calls.clone()
    }

    /// The messages as they read now, the oldest first.
    pub(crate) fn messages(&self) -> Vec<Value> {
        self.room().messages.values().cloned().collect()
    }

    /// Answers the next `count` calls with 429 and `Retry-After`.
    pub(crate) fn refuse(&self, count: u32, retry_after: u32) {
        let mut room = self.room();
        (room.refusals, room.retry_after) = (count, retry_after);
    }

    /// Clicks on the buttons of its messages.
    pub(crate) fn clicks(&self) -> Clicks {
        self.room().clicks.clone()
    }

    /// Where an app may answer a click.
    pub(crate) fn response_url(&self) -> String {
        format!("{}respond", self.url.trim_end_matches("api/"))
    }

    /// Address of an incoming webhook.
    pub(crate) fn webhook(&self) -> String {
        format!("{}services/T000/B000/an-incoming-webhook-secret", self.url.trim_end_matches("api/"))
    }
}

type Shared = State<Arc<Mutex<Room>>>;

async fn api(State(room): Shared, Path(method): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let mut room = room.lock().unwrap_or_else(PoisonError::into_inner);
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let header = |name: &str| headers.get(name).and_then(|a| a.to_str().ok()).unwrap_or_default().to_owned();
    let auth = header("authorization");
    if method == "apps.connections.open" {
        let good = auth.starts_with("Bearer xapp-");
        let answer = if good { "ok" } else { "invalid_auth" };
        room.calls.push(Call { method, body, answer: answer.to_owned() });
        let url = format!("ws://{}/link/?ticket=a-ticket&app_id=A0123456789", header("host"));
        let said = if good { json!({"ok": true, "url": url}) } else { json!({"ok": false, "error": answer}) };
        return axum::Json(said).into_response();
    }
    let answer = if room.refusals > 0 {
        Err("ratelimited")
    } else if auth != format!("Bearer {}", room.token) {
        Err("invalid_auth")
    } else {
        room.take(&method, &body)
    };
    let word = answer.as_ref().map_or_else(|e| (*e).to_owned(), |_| "ok".to_owned());
    room.calls.push(Call { method, body, answer: word });
    match answer {
        Ok(ts) => axum::Json(json!({"ok": true, "channel": "C0123456789", "ts": ts})).into_response(),
        Err("ratelimited") => {
            room.refusals -= 1;
            let after = [("retry-after", room.retry_after.to_string())];
            (StatusCode::TOO_MANY_REQUESTS, after, axum::Json(json!({"ok": false, "error": "ratelimited"})))
                .into_response()
        }
        Err(error) => axum::Json(json!({"ok": false, "error": error})).into_response(),
    }
}

impl Room {
    /// Does what the real one does with a message; gives its timestamp.
    fn take(&mut self, method: &str, body: &Value) -> Result<String, &'static str> {
        if body["channel"] != "C0123456789" {
            return Err("channel_not_found");
        }
        let known = |ts: &Value| ts.as_str().is_some_and(|ts| self.messages.contains_key(ts));
        match method {
            "chat.postMessage" if !body["thread_ts"].is_null() && !known(&body["thread_ts"]) => {
                Err("thread_not_found")
            }
            "chat.postMessage" => {
                self.posted += 1;
                let ts = format!("1700000000.{:06}", self.posted);
                self.messages.insert(ts.clone(), body.clone());
                Ok(ts)
            }
            "chat.update" if !known(&body["ts"]) => Err("message_not_found"),
            "chat.update" => {
                let ts = body["ts"].as_str().unwrap_or_default().to_owned();
                self.messages.insert(ts.clone(), body.clone());
                Ok(ts)
            }
            _ => Err("unknown_method"),
        }
    }
}

async fn link(State(room): Shared, upgrade: WebSocketUpgrade) -> Response {
    let clicks = room.lock().unwrap_or_else(PoisonError::into_inner).clicks.clone();
    upgrade.on_upgrade(move |socket| clicks.talk(socket))
}

async fn respond(State(room): Shared, body: Bytes) -> &'static str {
    let mut room = room.lock().unwrap_or_else(PoisonError::into_inner);
    let body = serde_json::from_slice(&body).unwrap_or_default();
    room.calls.push(Call { method: "respond".into(), body, answer: "ok".into() });
    "ok"
}

async fn webhook(State(room): Shared, body: Bytes) -> &'static str {
    let mut room = room.lock().unwrap_or_else(PoisonError::into_inner);
    let body = serde_json::from_slice(&body).unwrap_or_default();
    room.calls.push(Call { method: "webhook".into(), body, answer: "ok".into() });
    "ok"
}
