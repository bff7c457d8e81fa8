//! Channels: a kernel's websocket. Answers an execute request the way a Python kernel does.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, interval_at};

use super::answer;
use super::fault::Fault;
use super::hub::says;
use super::python;
use super::world::World;

/// Seconds between the server's pings.
const PING: f64 = 30.0;

/// Opens the websocket. A kernel that died keeps the client waiting for the handshake, as the real server does.
pub(crate) async fn open(
    world: &Arc<World>,
    name: &str,
    id: &str,
    fault: Fault,
    request: Request,
) -> Response {
    let known = world.state().server(name).is_some_and(|s| s.kernels.contains_key(id));
    if !known {
        return says(404, &json!({"message": format!("Kernel does not exist: {id}"), "reason": null}));
    }
    if fault == Fault::KernelDies {
        return answer::never().await;
    }
    world.wait(0.5).await;
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => {
            let (world, session) = (Arc::clone(world), Session::new(world, fault));
            upgrade.on_upgrade(move |socket| talk(world, session, socket))
        }
        Err(_) => says(400, &json!({"message": "Can \"Upgrade\" only to \"WebSocket\".", "reason": null})),
    }
}

struct Session {
    id: String,
    dice: super::dice::Dice,
    fault: Fault,
    executions: u32,
}

/// A message of the kernel before it has a header.
struct Said {
    wait: f64,
    kind: &'static str,
    channel: &'static str,
    content: Value,
}

impl Said {
    fn new(wait: f64, kind: &'static str, channel: &'static str, content: Value) -> Self {
        Self { wait, kind, channel, content }
    }
}

async fn talk(world: Arc<World>, mut session: Session, mut socket: WebSocket) {
    let every: Duration = world.span(PING);
    let mut ping = interval_at(Instant::now() + every, every);
    // A kernel tells of its own state on every connection, in answer to nobody: clients must look at the parent.
    let hello = session.message(&world, "status", &json!({}), "iopub", json!({"execution_state": "idle"}));
    if socket.send(hello).await.is_err() {
        return;
    }
    loop {
        let incoming = tokio::select! {
            biased;
            incoming = socket.recv() => incoming,
            _ = ping.tick() => {
                if socket.send(Message::Ping(bytes::Bytes::from_static(b"standin"))).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let Some(Ok(message)) = incoming else { return };
        let Message::Text(text) = message else { continue };
        let Ok(request) = serde_json::from_str::<Value>(&text) else { continue };
        for (wait, message) in session.answers(&world, &request) {
            world.wait(wait).await;
            if socket.send(message).await.is_err() {
                return;
            }
        }
    }
}

impl Session {
    fn new(world: &World, fault: Fault) -> Self {
        let mut dice = world.dice();
        Self { id: dice.uuid(), dice, fault, executions: 0 }
    }

    /// What the kernel says to one request, each after a wait in seconds.
    fn answers(&mut self, world: &World, request: &Value) -> Vec<(f64, Message)> {
        let header = request.get("header").cloned().unwrap_or(Value::Null);
        let kind = header.get("msg_type").and_then(Value::as_str).unwrap_or_default();
        let mut all = vec![Said::new(0.0, "status", "iopub", json!({"execution_state": "busy"}))];
        match kind {
            "execute_request" => {
                let code = request.pointer("/content/code").and_then(Value::as_str).unwrap_or_default();
                if self.fault != Fault::KernelHangs {
                    all.extend(self.execute(code));
                }
            }
            "kernel_info_request" => {
                let reply = json!({"status": "ok", "protocol_version": "5.3", "implementation": "ipython"});
                all.push(Said::new(0.0, "kernel_info_reply", "shell", reply));
            }
            _ => {}
        }
        if kind != "execute_request" || self.fault != Fault::KernelHangs {
            all.push(Said::new(0.0, "status", "iopub", json!({"execution_state": "idle"})));
        }
        all.into_iter()
            .map(|said| (said.wait, self.message(world, said.kind, &header, said.channel, said.content)))
            .collect()
    }

    /// Between busy and idle.
    fn execute(&mut self, code: &str) -> Vec<Said> {
        self.executions += 1;
        let count = self.executions;
        let input = json!({"code": code, "execution_count": count});
        let mut all = vec![Said::new(0.0, "execute_input", "iopub", input)];
        match python::run(code) {
            Ok(text) => {
                let text = if self.fault == Fault::WrongOutput { "tilt\n".to_owned() } else { text };
                if !text.is_empty() {
                    all.push(Said::new(0.1, "stream", "iopub", json!({"name": "stdout", "text": text})));
                }
                let reply =
                    json!({"status": "ok", "execution_count": count, "user_expressions": {}, "payload": []});
                all.push(Said::new(0.0, "execute_reply", "shell", reply));
            }
            Err(what) => {
                let error = json!({"ename": "SyntaxError", "evalue": what, "traceback": []});
                let reply = json!({
                    "status": "error", "execution_count": count,
                    "ename": "SyntaxError", "evalue": what, "traceback": [],
                });
                all.push(Said::new(0.1, "error", "iopub", error));
                all.push(Said::new(0.0, "execute_reply", "shell", reply));
            }
        }
        all
    }

    fn message(
        &mut self,
        world: &World,
        kind: &str,
        parent: &Value,
        channel: &str,
        content: Value,
    ) -> Message {
        let header = json!({
            "msg_id": self.dice.uuid(),
            "msg_type": kind,
            "username": "jovyan",
            "session": self.id,
            "date": world.now().to_string(),
            "version": "5.3",
        });
        let body = json!({
            "header": header,
            "msg_id": header.get("msg_id"),
            "msg_type": kind,
            "parent_header": parent,
            "metadata": {},
            "content": content,
            "buffers": [],
            "channel": channel,
        });
        Message::Text(body.to_string().into())
    }
}
