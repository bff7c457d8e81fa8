//! The other end of Slack's Socket Mode: hands out clicks through a websocket, and keeps what was acknowledged.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use serde_json::{Value, json};

/// How often it looks whether somebody clicked.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Value>,
    acked: Vec<String>,
    opened: usize,
    clicked: usize,
}

/// Clicks of people.
#[derive(Clone, Default)]
pub(crate) struct Clicks(Arc<Mutex<Inner>>);

impl Clicks {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody clicks a button; gives the id of the envelope.
    pub(crate) fn click(&self, user: &str, action: &str, value: &str, response_url: &str) -> String {
        let mut inner = self.inner();
        inner.clicked += 1;
        let id = format!("envelope-{}", inner.clicked);
        inner.waiting.push_back(json!({
            "envelope_id": id, "type": "interactive", "accepts_response_payload": false,
            "payload": {
                "type": "block_actions", "response_url": response_url,
                "user": {"id": "U0123456789", "username": user, "name": user, "team_id": "T0123456789"},
                "channel": {"id": "C0123456789", "name": "ops"},
                "actions": [{
                    "type": "button", "action_id": action, "block_id": "b1", "value": value,
                    "action_ts": "1700000000.000100", "text": {"type": "plain_text", "text": "…", "emoji": true},
                }],
            },
        }));
        id
    }

    /// Slack asks to come again through another door, as it does every few hours.
    pub(crate) fn disconnect(&self) {
        self.inner().waiting.push_back(json!({
            "type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "applink-1"},
        }));
    }

    /// Envelopes that were acknowledged.
    pub(crate) fn acked(&self) -> Vec<String> {
        self.inner().acked.clone()
    }

    /// Sockets that were opened so far.
    pub(crate) fn opened(&self) -> usize {
        self.inner().opened
    }

    /// Talks until the other side goes.
    pub(crate) async fn talk(self, mut socket: WebSocket) {
        self.inner().opened += 1;
        let hello =
            json!({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0123456789"}});
        if socket.send(Message::text(hello.to_string())).await.is_err() {
            return;
        }
        loop {
            let next = self.inner().waiting.pop_front();
            if let Some(frame) = next
                && socket.send(Message::text(frame.to_string())).await.is_err()
            {
                return;
            }
            match tokio::time::timeout(LOOK, socket.recv()).await {
                Err(_) => {}
                Ok(Some(Ok(Message::Text(text)))) => {
                    let told: Value = serde_json::from_str(&text).unwrap_or_default();
                    let id = told["envelope_id"].as_str().unwrap_or_default().to_owned();
                    self.inner().acked.push(id);
                }
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
                Ok(Some(Ok(_))) => {}
            }
        }
    }
}
