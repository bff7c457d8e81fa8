//! (test) A kernel behind a websocket, in memory.

use std::sync::Mutex;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::NetError;
use crate::net::{Duplex, NetFault, Socket};

/// What the kernel does with code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    Prints(&'static str),
    Raises,
    Dies,
    /// Takes the code and says nothing.
    Silent,
    /// The first question never reaches it.
    LosesTheFirst,
    /// Of the first answer, nothing comes of what was printed and that it is done.
    LosesOutput,
    /// Of the first answer, the reply itself does not come.
    LosesReply,
    /// The handshake never completes.
    NoHandshake,
    /// The proxy does not let websockets through.
    Refused,
    Closes,
}

impl Kernel {
    pub(super) async fn open(self, tasks: &Mutex<JoinSet<()>>) -> Result<Socket, NetError> {
        match self {
            Self::NoHandshake => return std::future::pending().await,
            Self::Refused => return Err(NetError::new(NetFault::Garbled, "answered 400 to the handshake")),
            _ => {}
        }
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tasks.lock().unwrap().spawn(async move {
            let theirs: Box<dyn Duplex> = Box::new(theirs);
            let mut socket = WebSocketStream::from_raw_socket(theirs, Role::Server, None).await;
            let (mut lost, mut half) = (self != Self::LosesTheFirst, true);
            while let Some(Ok(message)) = socket.next().await {
                let Ok(text) = message.to_text() else { continue };
                let Ok(question) = serde_json::from_str::<Value>(text) else { continue };
                if !std::mem::replace(&mut lost, true) {
                    continue;
                }
                let mut answers = self.answers(&question["header"]);
                if std::mem::take(&mut half) {
                    let is_reply = |a: &Value| a["header"]["msg_type"] == "execute_reply";
                    answers.retain(|a| match self {
                        Self::LosesOutput => is_reply(a),
                        Self::LosesReply => !is_reply(a),
                        _ => true,
                    });
                }
                for answer in answers {
                    if socket.send(Message::text(answer.to_string())).await.is_err() {
                        return;
                    }
                }
                if self == Self::Closes {
                    let _ = socket.close(None).await;
                }
            }
        });
        let ours: Box<dyn Duplex> = Box::new(ours);
        Ok(WebSocketStream::from_raw_socket(ours, Role::Client, None).await)
    }

    fn answers(self, parent: &Value) -> Vec<Value> {
        let message = |kind: &str, content: Value| {
            json!({"channel": "iopub", "header": {"msg_type": kind, "msg_id": "theirs"}, "parent_header": parent,
                   "metadata": {}, "content": content})
        };
        let idle = message("status", json!({"execution_state": "idle"}));
        let busy = message("status", json!({"execution_state": "busy"}));
        // Somebody else's output must not be taken for ours.
        let stranger = json!({"channel": "iopub", "header": {"msg_type": "stream"}, "parent_header": {"msg_id": "x"},
                              "content": {"name": "stdout", "text": "99"}});
        match self {
            Self::LosesTheFirst | Self::LosesOutput | Self::LosesReply => Self::Prints("42").answers(parent),
            Self::Prints(text) => vec![
                stranger,
                busy,
                message("execute_reply", json!({"status": "ok", "execution_count": 1})),
                message("stream", json!({"name": "stdout", "text": text})),
                message("stream", json!({"name": "stdout", "text": "\n"})),
                idle,
            ],
            Self::Raises => {
                vec![
                    busy,
                    message("execute_reply", json!({"status": "error", "ename": "NameError", "evalue": "x"})),
                ]
            }
            Self::Dies => {
                vec![json!({"channel": "iopub", "header": {"msg_type": "status"}, "parent_header": {},
                                      "content": {"execution_state": "dead"}})]
            }
            Self::Silent | Self::NoHandshake | Self::Refused | Self::Closes => Vec::new(),
        }
    }
}
