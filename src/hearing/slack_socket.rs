//! Slack's Socket Mode: clicks on the buttons of our messages come through a websocket that we opened.

use std::time::Duration;

use async_trait::async_trait;
use futures::{SinkExt, StreamExt};
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::text::one_line;
use launchwatch_alerts::{Command, Hearing, Incident, IncidentId, IncidentState, Selector, Silence};
use launchwatch_probes::net::Socket;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::ask::{ask, request};
use super::{Desk, Ear, Unheard};

/// Longest wait for a single answer.
const LIMIT: Duration = Duration::from_secs(20);
/// After this silence we ask whether Slack is still there; after twice as long it is gone.
const QUIET: Duration = Duration::from_secs(45);
/// How long the button silences.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An app's stream of clicks.
pub(super) struct SlackSocket {
    api: String,
    token: SecretString,
}

/// What a frame asks for.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    /// Slack wants us to come again through another door.
    Leave,
}

impl SlackSocket {
    pub(super) fn new(api: String, token: SecretString) -> Self {
        Self { api, token }
    }

    async fn open(&self, desk: &Desk) -> Result<Socket, String> {
        let net = desk.edges.net.as_ref();
        let url = format!("{}/apps.connections.open", self.api);
        let answer = ask(net, request(http::Method::POST, &url, &self.token, None)?, LIMIT).await?;
        let ok = answer.get("ok").and_then(Value::as_bool).unwrap_or_default();
        let Some(url) = answer.get("url").and_then(Value::as_str).filter(|_| ok) else {
            let error = answer.get("error").and_then(Value::as_str).unwrap_or("no address");
            let hint = match error {
                "invalid_auth" | "not_authed" => " (the app token is not valid any more)",
                "missing_scope" => " (the app token needs connections:write)",
                "socket_mode_not_enabled" | "not_allowed_token_type" => {
                    " (switch Socket Mode on for the app)"
                }
                _ => "",
            };
            return Err(format!("apps.connections.open: slack says {error}{hint}"));
        };
        let request = http::Request::get(url).body(bytes::Bytes::new());
        let request = request.map_err(|_| "slack names an address that is none".to_owned())?;
        let socket = tokio::time::timeout(LIMIT, net.websocket(request)).await;
        let socket = socket.map_err(|_| "the websocket did not open in time".to_owned())?;
        socket.map_err(|e| format!("the websocket did not open: {e}"))
    }

    async fn take(&self, desk: &Desk, socket: &mut Socket, text: &str) -> Result<Next, String> {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return Ok(Next::GoOn) };
        match frame.get("type").and_then(Value::as_str) {
            Some("hello") => tracing::info!("hearing clicks in Slack"),
            Some("disconnect") => return Ok(Next::Leave),
            Some(kind) => {
                let taken = match kind {
                    "interactive" => self.clicked(desk, frame.get("payload").unwrap_or(&Value::Null)).await,
                    _ => Ok(()),
                };
                // Not acknowledged, it comes again; Slack shows the person that it did not go through.
                if let (Ok(()), Some(id)) = (taken, frame.get("envelope_id").and_then(Value::as_str)) {
                    let told = Message::text(json!({ "envelope_id": id }).to_string());
                    socket.send(told).await.map_err(|e| format!("the websocket broke: {e}"))?;
                }
            }
            None => {}
        }
        Ok(Next::GoOn)
    }

    /// Does what the buttons say. `Err` if it should come again.
    async fn clicked(&self, desk: &Desk, payload: &Value) -> Result<(), Unheard> {
        if payload.get("type").and_then(Value::as_str) != Some("block_actions") {
            return Ok(());
        }
        let user = |key: &str| payload.get("user")?.get(key)?.as_str().filter(|n| !n.is_empty());
        let by = user("username").or_else(|| user("name")).or_else(|| user("id")).unwrap_or("somebody");
        let by = one_line(by, 80);
        for action in payload.get("actions").and_then(Value::as_array).into_iter().flatten() {
            let word = |key: &str| action.get(key).and_then(Value::as_str).unwrap_or_default();
            let incident = IncidentId(word("value").to_owned());
            let done = match word("action_id") {
                Hearing::ACKNOWLEDGE => {
                    let command = Command::Acknowledge { incident, by: by.clone(), seconds: None };
                    // The channel itself tells everybody.
                    desk.obey(command).await.map(|()| None)
                }
                Hearing::SILENCE_HOUR => silence(desk, incident, &by).await.map(Some),
                _ => continue,
            };
            let (words, to) = match done {
                Ok(None) => continue,
                Ok(Some(words)) => (words, "in_channel"),
                Err(Unheard::Again) => return Err(Unheard::Again),
                Err(Unheard::No(why)) => (format!("Not done: {why}."), "ephemeral"),
            };
            self.reply(desk, payload, &words, to).await;
        }
        Ok(())
    }

    /// Tells the person, or the channel, what came of a click. That it could not be told changes nothing.
    async fn reply(&self, desk: &Desk, payload: &Value, words: &str, to: &str) {
        let Some(url) = payload.get("response_url").and_then(Value::as_str) else { return };
        let host = |url: &str| url::Url::parse(url).ok().map(|u| u.origin());
        if !url.starts_with("https://") && host(url) != host(&self.api) {
            return;
        }
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = json!({ "text": words, "response_type": to, "replace_original": false });
        let request = http::Request::post(url).header(http::header::CONTENT_TYPE, "application/json");
        let Ok(request) = request.body(body.to_string().into()) else { return };
        let sent = tokio::time::timeout(LIMIT, desk.edges.net.send(request)).await;
        if !sent.is_ok_and(|answer| answer.is_ok_and(|a| a.status.is_success())) {
            tracing::debug!("slack does not take our answer to a click");
        }
    }
}

/// Silences what an incident is about for an hour, or until it is over. Says so.
async fn silence(desk: &Desk, id: IncidentId, by: &str) -> Result<String, Unheard> {
    let unreadable = |e: crate::store::Error| {
        tracing::error!(error = %e, "cannot read what a click was about");
        Unheard::Again
    };
    let open = desk.store.incident(&id).await.map_err(unreadable)?;
    let Some(incident) = open.filter(|i| i.state == IncidentState::Open) else {
        return Err(Unheard::No(format!("the incident {} is over", one_line(&id.0, 100))));
    };
    let now = desk.edges.clock.now();
    let (targets, hour) = (named(&incident), whole_seconds(now + HOUR));
    // The same click can come twice.
    let before = desk.store.silences(500).await.map_err(unreadable)?;
    let same = |s: &&Silence| s.ended.is_none() && s.with.as_ref() == Some(&id) && s.until > now;
    if let Some(there) = before.iter().find(same) {
        return Ok(format!("{targets}: silent until {} already, by {}", clock(there.until), there.by));
    }
    let silence = Silence {
        id: format!("silence-{}", desk.edges.dice.word(6)),
        of: Selector { targets: incident.targets.into_iter().collect(), ..Selector::default() },
        by: by.to_owned(),
        reason: "asked for in Slack".into(),
        from: now,
        until: hour,
        with: Some(id),
        maintenance: false,
        warned: false,
        ended: None,
        hid: 0,
    };
    desk.obey(Command::Silence { silence }).await?;
    Ok(format!("{targets}: silent until {} or its end, by {by}", clock(hour)))
}

fn named(incident: &Incident) -> String {
    match incident.targets.len() {
        0..=3 => incident.targets.iter().cloned().collect::<Vec<_>>().join(", "),
        n => format!("{n} targets"),
    }
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M UTC").to_string()
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

#[async_trait]
impl Ear for SlackSocket {
    async fn listen(&mut self, desk: &Desk) -> Result<(), String> {
        let mut socket = self.open(desk).await?;
        let mut asked = false;
        loop {
            let frame = match tokio::time::timeout(QUIET, socket.next()).await {
                Err(_) if asked => return Err("slack has fallen silent".into()),
                Err(_) => {
                    asked = true;
                    let sent = socket.send(Message::Ping(bytes::Bytes::new())).await;
                    sent.map_err(|e| format!("the websocket broke: {e}"))?;
                    continue;
                }
                Ok(frame) => frame,
            };
            asked = false;
            match frame {
                Some(Ok(Message::Text(text))) => {
                    if self.take(desk, &mut socket, &text).await? == Next::Leave {
                        let _ = socket.close(None).await;
                        return Ok(());
                    }
                }
                Some(Ok(Message::Close(_))) | None => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(e)) => return Err(format!("the websocket broke: {e}")),
            }
        }
    }
}

#[cfg(test)]
mod tests;
