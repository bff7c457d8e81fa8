//! Runs code in a kernel over its websocket and returns what it printed.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::{Door, Trouble, tidy};
use crate::Reason;
use crate::net::{NetFault, Socket};

/// Characters of output that are kept: what was expected is short.
const MOST_OUTPUT: usize = 64 * 1024;
/// A question is asked again when nothing of its answer has come for this long, or nothing more of an answer that is
/// nearly whole: between a kernel that is just starting and its server the question can be lost, and so can either of
/// the two ways on which the answer comes. While the code runs nothing is asked, and only the last question counts.
const SILENCE: Duration = Duration::from_secs(10);
/// How often the question is asked at the most.
const MOST_QUESTIONS: u32 = 3;
/// Longest single wait once nothing is to be asked any more; the caller owns the limit of it all.
const PATIENCE_OF_ONE_READ: Duration = Duration::from_secs(1);
/// Frames that are read before it is called a flood.
const MOST_FRAMES: u32 = 10_000;

/// Executes `code` and returns its standard output. The caller owns the limit.
pub(super) async fn execute(
    door: &Door,
    channels: &str,
    session: &str,
    code: &str,
) -> Result<String, Trouble> {
    let broken = |what: &dyn std::fmt::Display| {
        Trouble::failed(Reason::KernelFailed, format!("the websocket to the kernel: {what}"))
    };
    let mut request = door.request(Method::GET, channels, None).map_err(|e| broken(&e))?;
    request.headers_mut().remove(http::header::ACCEPT);
    let mut socket = door.net().websocket(request).await.map_err(|e| {
        if e.fault == NetFault::Local { Trouble::unknown(Reason::Prober, e.to_string()) } else { broken(&e) }
    })?;
    let mut asked = 0;
    let (mut ours, mut reply, mut again) = (String::new(), Reply::default(), Instant::now());
    for _ in 0..MOST_FRAMES {
        if !reply.runs() && asked < MOST_QUESTIONS && Instant::now() >= again {
            asked += 1;
            (ours, reply, again) =
                (format!("{session}-execute-{asked}"), Reply::default(), Instant::now() + SILENCE);
            let question = question(&ours, session, code).to_string();
            socket.send(Message::text(question)).await.map_err(|e| broken(&e))?;
        }
        let next = next_text(&mut socket);
        let text = match tokio::time::timeout_at(again.max(Instant::now() + PATIENCE_OF_ONE_READ), next).await
        {
            Ok(text) => text?,
            Err(_) => continue,
        };
        let Some(message) = text.and_then(|t| serde_json::from_str::<Value>(&t).ok()) else { continue };
        let halves = reply.halves();
        if reply.take(&message, &ours)? {
            let _ = socket.close(None).await;
            return Ok(reply.output);
        }
        if reply.halves() > halves {
            again = Instant::now() + SILENCE;
        }
    }
    Err(Trouble::failed(Reason::Garbled, "the kernel sends more messages than any answer needs"))
}

/// The next text frame; `None` for frames that say nothing to us.
async fn next_text(socket: &mut Socket) -> Result<Option<String>, Trouble> {
    match socket.next().await {
        Some(Ok(Message::Text(text))) => Ok(Some(text.to_string())),
        Some(Ok(Message::Close(_))) | None => {
            Err(Trouble::failed(Reason::KernelFailed, "the kernel's websocket was closed before the reply"))
        }
        Some(Ok(_)) => Ok(None),
        Some(Err(e)) => Err(Trouble::failed(
            Reason::KernelFailed,
            format!("the kernel's websocket broke before the reply: {e}"),
        )),
    }
}

fn question(id: &str, session: &str, code: &str) -> Value {
    json!({
        "channel": "shell",
        "header": {
            "msg_id": id, "username": "launchwatch", "session": session, "date": "1970-01-01T00:00:00Z",
            "msg_type": "execute_request", "version": "5.3",
        },
        "parent_header": {},
        "metadata": {},
        "content": {
            "code": code, "silent": false, "store_history": false, "user_expressions": {},
            "allow_stdin": false, "stop_on_error": true,
        },
        "buffers": [],
    })
}

/// What has come of the answer: the reply (shell), the output and the idle state (iopub) come in any order.
#[derive(Default)]
struct Reply {
    heard: bool,
    output: String,
    replied: bool,
    idle: bool,
}

impl Reply {
    /// Whether the code is being run: something has come, and neither end of it.
    fn runs(&self) -> bool {
        self.heard && self.halves() == 0
    }

    /// How many of the two ends have come.
    fn halves(&self) -> u8 {
        u8::from(self.replied) + u8::from(self.idle)
    }

    /// Takes a message; true when the answer is whole.
    fn take(&mut self, message: &Value, ours: &str) -> Result<bool, Trouble> {
        let at = |path: &str| message.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let state = at("/content/execution_state");
        if at("/header/msg_type") == "status" && matches!(state, "dead" | "restarting") {
            return Err(Trouble::failed(Reason::KernelFailed, format!("the kernel is {state}")));
        }
        if at("/parent_header/msg_id") != ours {
            return Ok(false);
        }
        self.heard = true;
        match at("/header/msg_type") {
            "stream" if at("/content/name") == "stdout" && self.output.len() < MOST_OUTPUT => {
                self.output.push_str(at("/content/text"));
            }
            "execute_reply" if at("/content/status") == "ok" => self.replied = true,
            "execute_reply" => {
                let what = tidy(&format!("{}: {}", at("/content/ename"), at("/content/evalue")));
                return Err(Trouble::failed(
                    Reason::WrongOutput,
                    format!("the code ended in an error: {what}"),
                ));
            }
            "status" if state == "idle" => self.idle = true,
            _ => {}
        }
        Ok(self.replied && self.idle)
    }
}
